import numpy as np
from PIL import Image

from research.training.discs.contact_sheets import contact_sheet, write_contact_sheets
from research.training.discs.regions import Regions
from spine.anatomy.levels import DiscLevel


def test_slices_run_to_the_right_and_discs_downwards():
    upper, lower = np.full((2, 9, 96, 128), -1.5, np.float16)
    upper[2, 10, 20] = 2.0
    lower[8, 90, 127] = 2.0

    sheet = np.asarray(contact_sheet({DiscLevel.L3_L4: upper, DiscLevel.L4_L5: lower}))

    assert sheet.shape == (2 * 98, 44 + 9 * 130)
    rows, columns = np.nonzero(sheet[:, 44:] == 255)
    assert list(zip(rows, columns, strict=True)) == [(10, 2 * 130 + 20), (98 + 90, 8 * 130 + 127)]
    assert sheet[:96, :44].max() > 100


def test_every_study_gets_one_picture_with_its_discs_from_head_to_foot(tmp_path):
    inputs = np.zeros((3, 9, 96, 128), np.float16)
    inputs[1] = 2.0
    place = {("a", DiscLevel.L5_S1): 0, ("a", DiscLevel.L1_L2): 1, ("b", DiscLevel.L2_L3): 2}

    paths = list(write_contact_sheets(Regions(inputs, place), tmp_path, None))

    assert [path.name for path in paths] == ["a.png", "b.png"]
    first = np.asarray(Image.open(paths[0]))
    assert first[50, 100] == 255
    assert first[98 + 50, 100] < 200
