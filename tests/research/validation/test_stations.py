import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from research.cohort import SubjectRecord, write_subject
from research.measurements import Data
from research.validation import stations
from research.validation.station_faults import FAULTS, fault_figures
from research.validation.stations import Case, Inputs, Outcome, figures, stations_of, validate
from spine.errors import Code, Refusal
from spine.imaging.volume import LabelMap
from spine.reporting.kinds import Kind
from tests.spine.imaging.parts import body

ROOT = Path(__file__).parents[3]
LEVELS = ("C2", "L5")
NATIVE = Outcome(0, 50.0, LEVELS)
JOINED = Outcome(2, 50.2, LEVELS)


def case(native=NATIVE, **changes):
    return Case(native, replace(JOINED, **changes), 2)


def values(cases):
    return {row.name.partition(": ")[2]: row for row in figures(cases)}


def test_shares_and_the_largest_difference_are_of_those_that_have_an_age():
    rows = values([
        case(), case(years=51.0), case(years=None, code="COVERAGE_TOO_SMALL"),
        case(native=replace(NATIVE, years=None), years=80.0),
    ])  # fmt: skip

    assert rows["spine age within 0.5 years"].value == pytest.approx(1 / 2)
    assert rows["spine age within 0.5 years"].met is False
    assert rows["largest difference of spine age"].value == pytest.approx(1.0)
    assert rows["largest difference of spine age"].met
    assert rows["refused"].value == pytest.approx(1 / 3)
    assert rows["no spine age of the whole either"].value == 1
    assert {row.data for row in rows.values()} == {Data.SYNTHETIC}


def test_one_year_and_a_half_apart_still_meets_and_more_misses():
    assert values([case(years=51.5)])["largest difference of spine age"].met
    assert not values([case(years=51.51)])["largest difference of spine age"].met


def test_levels_are_compared_wherever_stations_were_joined():
    refused = case(stations=0, years=None, levels=("L5",), code="PATIENT_MOVED")
    rows = values([case(), case(levels=("L5",)), refused])
    assert rows["other levels"].value == 1
    assert rows["other levels"].n == 2
    assert rows["refused"].value == pytest.approx(1 / 3)


def test_nothing_joined_misses_every_target():
    rows = values([case(stations=0, years=None, code="PATIENT_MOVED")])
    assert [row.met for row in rows.values() if row.target is not None] == [False] * 4


def test_the_noisy_whole_is_the_whole_with_the_noise_of_a_station():
    whole = body()
    (noisy,) = stations._volumes(whole, stations.NOISY_WHOLE, "s1")
    added = (noisy.data - whole.data)[whole.data > np.percentile(whole.data, 50)]

    assert np.array_equal(noisy.affine, whole.affine)
    assert added.std() == pytest.approx(0.01 * np.percentile(whole.data, 95), rel=0.05)


def test_stations_depend_on_the_subject_alone():
    first, again, other = (stations_of(body(), 3, name) for name in ("s1", "s1", "s2"))
    assert all(np.array_equal(a.data, b.data) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0].data, other[0].data)


@pytest.fixture
def cohort(tmp_path):
    for number in range(2):
        volume = body(seed=number)
        labels = LabelMap(np.zeros(volume.data.shape, np.uint8), volume.affine)
        record = SubjectRecord(f"s{number}", 50.0 + number, "F", {})
        write_subject(tmp_path / "cohort", record, volume, labels)
    return tmp_path / "cohort"


@pytest.fixture
def read_alike(monkeypatch):
    """A service that joins what it selects, and takes the brightness for the age."""
    asked = []

    def read(volumes, age_years, models):
        asked.append(len(volumes))
        joined = len(volumes) if len(volumes) > 1 else 0
        return Outcome(joined, age_years + len(volumes) / 10, LEVELS)

    monkeypatch.setattr(stations, "read", read)
    monkeypatch.setattr(stations.chain, "models_of", lambda _: None)
    monkeypatch.setattr(stations.chain, "fingerprint", lambda _: "m")
    return asked


def test_every_subject_is_read_once_as_a_whole_and_once_in_each_division(
    cohort, read_alike, tmp_path
):
    inputs = Inputs(cohort, tmp_path, 2, tmp_path / "outcomes")

    rows = validate(inputs, tmp_path / "build")
    again = validate(inputs, tmp_path / "build")

    assert read_alike == [1, 1, 2, 3] * 2
    assert again == rows
    written = json.loads((tmp_path / "build" / "validate-stations.json").read_text())
    assert written["command"] == "validate-stations"
    found = {row["name"]: row["value"] for row in written["results"]}
    assert found["2 stations: largest difference of spine age"] == pytest.approx(0.1)
    assert found["3 stations: largest difference of spine age"] == pytest.approx(0.2)
    assert found["3 stations: other levels"] == 0
    assert found["the whole with the noise of stations: spine age within 0.5 years"] == 1


def test_outcomes_belong_to_the_science_and_not_to_what_is_written(read_alike, monkeypatch):
    """A set, as that of the objects written, is printed in another order in every process."""
    settings, name = stations.chain.SETTINGS, stations._fingerprint(ROOT)
    written = replace(settings.writing, objects=frozenset({Kind.REPORT}))
    monkeypatch.setattr(stations.chain, "SETTINGS", replace(settings, writing=written))
    assert stations._fingerprint(ROOT) == name

    joining = replace(settings.selection.stations, maximum_stations=2)
    selection = replace(settings.selection, stations=joining)
    monkeypatch.setattr(stations.chain, "SETTINGS", replace(settings, selection=selection))
    assert stations._fingerprint(ROOT) != name


def test_every_planted_fault_is_refused_and_counted(cohort, read_alike, tmp_path):
    inputs = Inputs(cohort, tmp_path, 2, tmp_path / "outcomes")

    rows = {row.name: row for row in validate(inputs, tmp_path / "build")}

    for fault in FAULTS:
        row = rows[f"2 stations, {fault}: joined"]
        assert (row.value, row.n, row.met) == (0, 2, True)


def test_a_fault_that_passes_misses_its_target():
    codes = dict.fromkeys(FAULTS, "PATIENT_MOVED")
    passed = {**codes, "mirrored left to right": ""}
    rows = {row.name: row for row in fault_figures([codes, passed])}
    assert rows["2 stations, mirrored left to right: joined"].value == 1
    assert rows["2 stations, mirrored left to right: joined"].met is False
    assert rows["2 stations, another contrast: joined"].met


def test_cohort_of_too_few_subjects_is_told(cohort, read_alike, tmp_path):
    with pytest.raises(ValueError, match="2 subjects, not 3"):
        validate(Inputs(cohort, tmp_path, 3, tmp_path / "outcomes"))


def test_volumes_are_read_by_the_services_own_path(monkeypatch):
    """Real DICOM, real selection; only the networks are left out."""
    seen = []
    refusal = Refusal(Code.COVERAGE_TOO_SMALL, "no network", "age")
    monkeypatch.setattr(
        stations.pipeline, "segment", lambda selection, *_: seen.append(selection) or refusal
    )
    monkeypatch.setattr(stations.pipeline, "estimate_age", lambda *_: refusal)

    outcome = stations.read(stations_of(body(), 2, "s"), 61.0, None)

    assert outcome == Outcome(2, None, (), "COVERAGE_TOO_SMALL")
    assert seen[0].study.patient.age_years == pytest.approx(61.0, abs=0.01)
