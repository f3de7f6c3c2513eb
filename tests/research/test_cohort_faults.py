import numpy as np
import pytest

from research.cohort import IMAGE_FILE, LABELS_FILE, SubjectRecord, read_records, write_subject
from research.cohort_faults import CohortError, require_sound_cohort
from spine.imaging.volume import LabelMap, Volume

AFFINE = np.eye(4)
VOLUME = Volume(np.zeros((2, 2, 2), np.float32), AFFINE)
LABELS = LabelMap(np.zeros((2, 2, 2), np.uint8), AFFINE)


def cohort(folder, **parts):
    """Write records by part; returns what a reader finds."""
    for part, records in parts.items():
        for record in records:
            write_subject(folder / part, record, VOLUME, LABELS)
    return {part: read_records(folder / part) for part in parts}


def person(name, age=50.0, sex="F", person_id=""):
    return SubjectRecord(name, age, sex, {}, person_id=person_id)


def fault(folder, parts):
    with pytest.raises(CohortError) as caught:
        require_sound_cohort(folder, parts)
    return str(caught.value)


def test_a_sound_cohort_passes_and_a_person_may_be_scanned_twice_in_one_part(tmp_path):
    twice = [person("b-1", person_id="b"), person("b-2", person_id="b")]

    require_sound_cohort(tmp_path, cohort(tmp_path, training=[person("a")], test=twice))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (person("x", age=-1.0), "no age between 0 and 123"),
        (person("x", age=130.0), "no age between"),
        (person("x", age=float("nan")), "no age between"),
        (person("x", sex="O"), "sex is none of M, F"),
    ],
)
def test_impossible_facts_name_part_record_and_folder(tmp_path, bad, words):
    told = fault(tmp_path, cohort(tmp_path, training=[person("a"), bad]))

    assert told == f"training, record 2 (x): {told.partition(': ')[2]}"
    assert words in told


@pytest.mark.parametrize("name", [IMAGE_FILE, LABELS_FILE])
def test_missing_and_empty_images_are_told(tmp_path, name):
    parts = cohort(tmp_path, training=[person("a"), person("b")])
    (tmp_path / "training" / "a" / name).unlink()
    (tmp_path / "training" / "b" / name).write_bytes(b"")

    told = fault(tmp_path, parts)

    assert f"record 1 (a): {name} is missing or empty" in told
    assert f"record 2 (b): {name} is missing or empty" in told


def test_a_person_or_a_series_in_two_parts_is_told(tmp_path):
    parts = cohort(
        tmp_path,
        training=[person("a", person_id="p"), person("c")],
        test=[person("b", person_id="p"), person("c")],
    )

    told = fault(tmp_path, parts)

    assert "test, record 1 (b): the person is in part training, too" in told
    assert "test, record 2 (c): the series is in part training, too" in told


def test_only_the_first_faults_are_told(tmp_path):
    records = [person(f"x{number:02}", age=200.0) for number in range(25)]

    assert fault(tmp_path, cohort(tmp_path, training=records)).endswith("and 5 more")
