import shutil

import pytest

from bench import intake


@pytest.mark.slow
def test_every_receiver_keeps_everything_and_every_target_has_its_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for program in ("storescu", "storescp", "Orthanc"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    monkeypatch.setattr(intake, "INSTANCES", 24)
    rows = intake.bench_intake()
    targets = {row.name: row.target for row in rows if row.target is not None}
    assert targets == {
        "intake, 1 association: times as fast as Orthanc": 1.0,
        "intake, 4 associations: times as fast as Orthanc": 1.5,
    }
    assert all(row.value and row.value > 0 for row in rows)
    assert capsys.readouterr().out.count("fsync") == 3


def test_ratio_is_the_median_of_the_rounds() -> None:
    # The second round met a busy machine, the third hit ours alone.
    assert intake._times_as_fast([1.0, 4.0, 8.0], [2.0, 8.0, 2.0]) == 2.0
