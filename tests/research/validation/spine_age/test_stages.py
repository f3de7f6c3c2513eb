import pandas as pd
import pytest

from research.validation.spine_age.stages import Cost, Stages, code, digest

FRAME = pd.DataFrame({"a": [1, 2]}, index=[7, 8])


def made(calls):
    calls.append(1)
    return FRAME


def test_a_stage_runs_once_for_the_same_inputs(tmp_path):
    told, calls = [], []
    stages = Stages(tmp_path / "kept", told.append)

    first = stages.table("flags", [FRAME, 1], lambda: made(calls))
    again = stages.table("flags", [FRAME.copy(), 1], lambda: made(calls))

    assert len(calls) == 1
    pd.testing.assert_frame_equal(first, again)
    assert told[0] == "flags ..." and told[-1] == "flags: found"


@pytest.mark.parametrize(
    "inputs",
    [
        [FRAME, 2],
        [FRAME.assign(a=[1, 3]), 1],
        [FRAME.rename(columns={"a": "b"}), 1],
        [FRAME.set_axis([7, 9]), 1],
    ],
)
def test_a_stage_runs_again_when_an_input_has_changed(inputs):
    assert digest(inputs) != digest([FRAME, 1])


def test_what_was_interrupted_is_made_again(tmp_path):
    stages = Stages(tmp_path, lambda _: None)

    with pytest.raises(KeyboardInterrupt):
        stages.table("flags", [1], lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    calls = []
    stages.table("flags", [1], lambda: made(calls))

    assert calls
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".parquet"]


def test_code_of_a_room_differs_from_that_of_another():
    assert code("estimators") != code("pages")
    assert code("measurements.py") == code("measurements.py")
    with pytest.raises(FileNotFoundError):
        code("estimators", "no-such-file.py")


def test_a_found_stage_counts_with_what_it_took_when_it_was_made(tmp_path):
    stages = Stages(tmp_path, lambda _: None)
    stages.table("flags", [1], lambda: made([]))
    [kept] = tmp_path.glob("*.json")
    kept.write_text('{"seconds": 100.0, "cpu_seconds": 50.0}')

    stages.table("flags", [1], lambda: made([]))
    whole = stages.whole_since(Cost.now())

    assert 100 <= whole.seconds < 101 and 50 <= whole.cpu_seconds < 51
