from itertools import chain

import numpy as np
import pytest

from research.cohort import read_images, read_records
from research.worlds.age import (
    NORMAL_SERIES,
    SPREAD,
    Part,
    draw_age_and_sex,
    scans,
    seeds,
)
from research.worlds.cohorts import render_age_part
from research.worlds.scanners import HELD_OUT_SCANNERS, SCANNERS

pytestmark = pytest.mark.slow


def test_parts_share_no_seed_and_have_p1_s_sizes():
    parts = [set(seeds(part)) for part in Part]

    assert len(set(chain(*parts))) == sum(len(part) for part in parts)
    assert len(seeds(Part.CALIBRATION)) == 1050
    assert len(seeds(Part.TRAINING, 850)) == 850
    with pytest.raises(ValueError, match="20000"):
        seeds(Part.TEST, 20_001)


def test_ages_and_sexes_are_those_of_table_1():
    rng = np.random.default_rng(0)
    drawn = [draw_age_and_sex(rng) for _ in range(20_000)]
    ages = np.array([age for age, _ in drawn])
    men = np.array([sex == "M" for _, sex in drawn])

    expected = np.array(NORMAL_SERIES) / np.sum(NORMAL_SERIES)
    for number, (of_men, of_women) in enumerate(expected):
        inside = (ages >= 25 + 10 * number) & (ages < 35 + 10 * number)
        assert (inside & men).mean() == pytest.approx(of_men, abs=0.01)
        assert (inside & ~men).mean() == pytest.approx(of_women, abs=0.01)
    assert np.sum(NORMAL_SERIES) == 10_611


def test_held_out_scanners_are_of_clinics_that_no_training_sees():
    seen = {
        scan.scanner for seed in seeds(Part.TRAINING, 60) for scan in scans(Part.TRAINING, seed)
    }
    unseen = {
        scan.scanner for seed in seeds(Part.OTHER_SCANNERS, 60)
        for scan in scans(Part.OTHER_SCANNERS, seed)
    }  # fmt: skip

    assert seen == set(SCANNERS)
    assert unseen == set(HELD_OUT_SCANNERS)
    assert not {one.clinic for one in SCANNERS} & {one.clinic for one in HELD_OUT_SCANNERS}


def test_a_person_scanned_twice_is_the_same_person_later():
    gaps = []
    for seed in seeds(Part.REPEATS, 40):
        first, second = scans(Part.REPEATS, seed)
        assert first.person_id == second.person_id
        assert first.name != second.name
        assert first.subject.person == second.subject.person
        assert first.noise_seed != second.noise_seed
        gaps.append(second.subject.age_years - first.subject.age_years)
    assert min(gaps) > 0
    assert np.mean(gaps) == pytest.approx(1.6, abs=0.4)


def test_other_diseases_are_there_in_everyone_and_rare_elsewhere():
    def is_diseased(person):
        return (
            any(state.wedge_fracture for state in person.vertebrae)
            or person.scoliosis_cobb != 0
            or any(disc.extrusion_mm > 0 for disc in person.discs)
        )

    part = Part.OTHER_DISEASES
    sick = [scan.subject for seed in seeds(part, 12) for scan in scans(part, seed)]
    assert all(is_diseased(person) for person in sick)
    assert all(person.person.spread == SPREAD for person in sick)


def test_a_part_is_rendered_as_a_scanner_stores_it_and_kept(tmp_path):
    render_age_part(tmp_path, Part.VALIDATION, 1)
    folder = tmp_path / "validation"
    (record,) = read_records(folder)
    volume, labels = read_images(folder, record)
    written = (folder / record.subject_id / "truth.json").stat().st_mtime_ns

    render_age_part(tmp_path, Part.VALIDATION, 1)

    (scan,) = scans(Part.VALIDATION, seeds(Part.VALIDATION)[0])
    assert (record.scanner, record.clinic) == (scan.scanner.name, scan.scanner.clinic)
    assert record.age_years == scan.subject.age_years
    assert volume.data.shape == labels.data.shape
    assert (volume.data == np.rint(volume.data)).all()
    assert (folder / record.subject_id / "truth.json").stat().st_mtime_ns == written
