import numpy as np
import pytest
from numpy.testing import assert_array_equal

from research.labeled.cases import load, read_labeled_cases
from research.labeled.errors import Fault, LabeledDataError
from research.labeled.mapping_file import load_mapping
from spine.anatomy.grades import Scale
from spine.imaging import nifti
from spine.imaging.volume import LabelMap, Volume
from tests.research.labeled import written

MERGED = load_mapping("spider-merged")


def faults(call, *arguments):
    with pytest.raises(LabeledDataError) as error:
        call(*arguments)
    return error.value.fault, error.value.reason


def test_spider_gives_t2_alone_with_patients_sex_and_grades(spider):
    first, second = read_labeled_cases(spider, load_mapping("spider"))

    assert (first.case_id, first.patient_id, first.sex) == ("12_t2_SPACE", "12", "M")
    assert first.grades == {1: {Scale.PFIRRMANN: 5}}
    assert (second.case_id, second.patient_id, second.sex) == ("7_t2", "7", "F")
    assert second.grades == {
        1: {Scale.PFIRRMANN: 4, Scale.BULGING: 1},
        2: {Scale.PFIRRMANN: 2, Scale.BULGING: 0},
        # Herniated too: protruded at least.
        3: {Scale.PFIRRMANN: 3, Scale.BULGING: 2},
        4: {Scale.PFIRRMANN: 3, Scale.BULGING: 0},
    }
    assert second.age_years is None


def test_ages_are_read_by_patient(merged):
    cases = read_labeled_cases(merged, MERGED)

    assert [(c.patient_id, c.age_years, c.sex) for c in cases] == [
        ("3", 35.0, "M"),
        ("41", 59.5, "F"),
    ]


def test_tables_may_be_absent(merged):
    (merged / "subjects.csv").unlink()
    (merged / "gradings.csv").unlink()

    case = read_labeled_cases(merged, MERGED)[0]

    assert (case.sex, case.age_years, case.grades) == (None, None, {})


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("subjects.csv", "subject,age_years,sex\n3,1953,M\n", "line 2: 'age_years'"),
        ("subjects.csv", "subject,age_years,sex\n3,35,M\n41,50,7\n", "line 3: 'sex'"),
        ("subjects.csv", "subject,age,sex\n3,35,M\n", "no column 'age_years'"),
        (
            "gradings.csv",
            "Patient,IVD label,Disc herniation,Disc bulging,Pfirrman grade\n3,1,0,1,6\n",
            "line 2: 'Pfirrman grade'",
        ),
        (
            "gradings.csv",
            "Patient,IVD label,Disc herniation,Disc bulging,Pfirrman grade\n3,,0,1,5\n",
            "line 2: 'IVD label'",
        ),
    ],
)
def test_a_cell_that_cannot_be_true_is_refused_by_line_without_its_content(
    merged, file, content, message
):
    (merged / file).write_text(content)

    fault, reason = faults(read_labeled_cases, merged, MERGED)

    assert fault is Fault.TABLE_INVALID
    assert message in reason
    assert "1953" not in reason


def test_a_missing_mask_is_named(merged):
    (merged / "41_labels.nii.gz").unlink()

    assert faults(read_labeled_cases, merged, MERGED) == (Fault.LABELS_MISSING, "without mask: 41")


def test_a_missing_image_is_named(merged):
    (merged / "3_image.nii.gz").unlink()

    fault, reason = faults(read_labeled_cases, merged, MERGED)

    assert (fault, reason) == (Fault.IMAGE_MISSING, "masks without image: 3")


def test_a_folder_without_cases_is_refused(tmp_path):
    assert faults(read_labeled_cases, tmp_path, MERGED)[0] is Fault.CASES_ABSENT


def test_a_case_in_two_folders_is_refused(tmp_path, site_mapping):
    for name in ("a/7_t2.nii", "b/7_t2.nii", "a/7_seg.nii"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    mapping = site_mapping(images="**/{case}_t2.nii", labels="*/{case}_seg.nii")

    fault, reason = faults(read_labeled_cases, tmp_path, mapping)

    assert (fault, reason) == (Fault.CASE_DUPLICATE, "more than one file: 7")


def test_a_repeated_case_in_a_pattern_must_repeat(tmp_path, site_mapping):
    for name in ("s1/s1_t2.nii", "s1/s1_seg.nii", "s2/s1_t2.nii", "s2/s1_seg.nii"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    mapping = site_mapping(images="{case}/{case}_t2.nii", labels="{case}/{case}_seg.nii")

    (case,) = read_labeled_cases(tmp_path, mapping)

    assert case.image == tmp_path / "s1" / "s1_t2.nii"


def test_a_name_without_patient_is_refused(tmp_path, site_mapping):
    for name in ("x_t2.nii", "x_seg.nii"):
        (tmp_path / name).touch()
    mapping = site_mapping(images="{case}_t2.nii", labels="{case}_seg.nii", patient=r"(\d+)")

    assert faults(read_labeled_cases, tmp_path, mapping)[0] is Fault.CASE_UNNAMED


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda image: (image.data[1:], image.affine), "voxels, the mask"),
        (lambda image: (image.data, image.affine + np.eye(4)[3] * [[0.4], [0], [0], [0]]), "0.40"),
        (lambda image: (image.data[::-1], image.affine @ np.diag([1, 1.02, 1, 1])), "mm apart"),
    ],
)
def test_a_mask_on_another_grid_is_refused_by_case(merged, change, message):
    labels = nifti.read_labels(merged / "3_labels.nii.gz")
    nifti.write(LabelMap(*change(labels)), merged / "3_labels.nii.gz")
    case = read_labeled_cases(merged, MERGED)[0]

    fault, reason = faults(load, case)

    assert fault is Fault.GRIDS_DIFFER
    assert reason.startswith("case 3: ")
    assert message in reason


def test_rounding_between_two_files_is_no_other_grid(merged):
    labels = nifti.read_labels(merged / "3_labels.nii.gz")
    moved = labels.affine.copy()
    moved[:3, 3] += 0.01
    nifti.write(LabelMap(labels.data, moved), merged / "3_labels.nii.gz")

    volume, found = load(read_labeled_cases(merged, MERGED)[0])

    assert_array_equal(found.data, labels.data)
    assert_array_equal(found.affine, volume.affine)


@pytest.mark.parametrize("name", ["3_image.nii.gz", "3_labels.nii.gz"])
def test_a_damaged_file_is_named_with_its_case(merged, name):
    path = merged / name
    path.write_bytes(path.read_bytes()[:-200])

    fault, reason = faults(load, read_labeled_cases(merged, MERGED)[0])

    assert fault is Fault.UNREADABLE
    assert reason.startswith(f"case 3: {name}: ")


def test_a_damaged_mha_is_named_with_its_case(spider):
    path = spider / "masks" / "7_t2.mha"
    path.write_bytes(path.read_bytes()[:500])
    case = read_labeled_cases(spider, load_mapping("spider"))[1]

    assert faults(load, case)[0] is Fault.UNREADABLE


@pytest.mark.parametrize("value", [1.5, -1.0, 300.0, np.nan])
def test_a_mask_of_anything_but_small_integers_is_refused(merged, lumbar, value):
    data = np.zeros_like(lumbar.volume.data)
    data[0, 0, 0] = value
    written.write_nifti(Volume(data, lumbar.volume.affine), merged / "3_labels.nii.gz", "RAS")

    fault, reason = faults(load, read_labeled_cases(merged, MERGED)[0])

    assert fault is Fault.UNREADABLE
    assert "no integer from 0 to 255" in reason


def test_an_image_that_is_not_finite_is_refused(merged, lumbar):
    data = lumbar.volume.data.copy()
    data[2, 3, 4] = np.inf
    written.write_nifti(Volume(data, lumbar.volume.affine), merged / "3_image.nii.gz", "RAS")

    fault, reason = faults(load, read_labeled_cases(merged, MERGED)[0])

    assert fault is Fault.UNREADABLE
    assert "not finite" in reason
