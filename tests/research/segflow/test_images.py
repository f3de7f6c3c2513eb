import numpy as np
import pytest

from research.segflow.images import PIXEL_MM, in_plane_grid, list_cases, work_image
from spine.errors import Code, InputError
from spine.imaging.volume import Grid, Volume


def test_only_files_named_as_images_are_listed(tmp_path):
    for name in ("b_image.nii.gz", "a_image.nii.gz", "a_labels.nii.gz", "c.nii.gz"):
        (tmp_path / name).touch()

    assert list_cases(tmp_path) == ["a", "b"]


def test_folder_without_images_is_an_error_with_its_code(tmp_path):
    (tmp_path / "a_labels.nii.gz").touch()

    with pytest.raises(InputError) as empty:
        list_cases(tmp_path)
    with pytest.raises(InputError) as missing:
        list_cases(tmp_path / "nowhere")

    assert (empty.value.code, missing.value.code) == (Code.INPUT_EMPTY, Code.INPUT_MISSING)


@pytest.mark.parametrize(
    ("value", "code"), [(7.0, Code.CONSTANT_PIXELS), (np.nan, Code.NOT_FINITE)]
)
def test_image_without_content_is_an_error_with_its_code(value, code):
    data = np.full((3, 8, 8), value, dtype=np.float32)

    with pytest.raises(InputError) as error:
        work_image(Volume(data, np.eye(4)))

    assert error.value.code == code


def test_working_grid_covers_the_same_field_of_view():
    affine = np.array([[0.9, 0, 0, 5], [0, 0.47, 0, -20], [0, 0, 0.625, 30], [0, 0, 0, 1.0]])
    grid = Grid((15, 400, 480), affine)

    work = in_plane_grid(grid)

    assert work.spacing_mm == pytest.approx((0.9, PIXEL_MM, PIXEL_MM))
    # 400 * 0.47 / 0.94 and 480 * 0.625 / 0.94.
    assert work.shape == (15, 200, 319)
    corner, same = np.array([0, -0.5, -0.5]), np.array([0, -0.5, -0.5])
    assert work.world_from_index(corner) == pytest.approx(grid.world_from_index(same))
