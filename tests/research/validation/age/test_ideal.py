from dataclasses import replace

import pytest

from research.measurements import Data
from research.validation.age.ideal import WorldError, beside_oracle, subject_of
from research.validation.age.oracle import oracle_age
from research.validation.age.predictions import Prediction
from research.validation.age.reported import boosted_reports
from research.worlds.age import Part, scans, seeds


def said(part, seed, answer):
    """What a network says of a subject of the world: its answer to the subject."""
    return [
        Prediction(
            part,
            scan.name,
            scan.person_id,
            scan.subject.sex,
            scan.subject.age_years,
            scan.scanner.name,
            scan.scanner.clinic,
            answer(scan.subject),
        )
        for scan in scans(part, seed)
    ]


@pytest.mark.parametrize("part", [Part.TEST, Part.OTHER_DISEASES, Part.REPEATS])
def test_the_subject_behind_a_scan_is_drawn_anew(part):
    seed = seeds(part)[1]

    found = [subject_of(item) for item in said(part, seed, lambda _: 50.0)]

    assert found == [scan.subject for scan in scans(part, seed)]


def test_a_table_of_another_world_is_refused():
    item = said(Part.TEST, seeds(Part.TEST)[0], lambda _: 50.0)[0]

    for changed in (
        replace(item, age_years=item.age_years + 1),
        replace(item, sex="M" if item.sex == "F" else "F"),
        replace(item, subject_id="patient7", person_id="patient7"),
        replace(item, part=Part.REPEATS),
    ):
        with pytest.raises(WorldError, match="the world"):
            subject_of(changed)


def test_the_oracle_is_as_good_as_itself_and_targets_stand_where_they_are_set():
    parts = (Part.TEST, Part.OTHER_SCANNERS)
    table = [item for part in parts for item in said(part, seeds(part)[0], oracle_age)]

    rows = {row.name: row for row in beside_oracle(table, Data.SYNTHETIC)}

    for part, target in (("test", 1.25), ("other-scanners", 1.5)):
        ratio = rows[f"{part}: MAE, network over oracle"]
        assert ratio.value == pytest.approx(1.0)
        assert (ratio.target, ratio.better, ratio.met) == (target, "lower", True)
    nobody = rows["other-diseases: MAE, network over oracle"]
    assert (nobody.value, nobody.target, nobody.n) == (None, None, 0)


def test_boosting_learns_age_from_reports_and_a_constant_answer_is_worse():
    table = [
        item for seed in seeds(Part.TEST, 25) for item in said(Part.TEST, seed, lambda _: 30.0)
    ]

    error, fit, ratio = boosted_reports(table, Data.SYNTHETIC, subjects=150)

    assert error.value < 9
    assert fit.value > 0.4
    assert ratio.value > 1
    assert (ratio.target, ratio.better, ratio.met) == (1.0, "lower", False)
    assert "150 subjects" in error.name


def test_without_tested_scans_the_row_misses():
    (row,) = boosted_reports([], Data.SYNTHETIC)

    assert (row.value, row.met) == (None, False)
