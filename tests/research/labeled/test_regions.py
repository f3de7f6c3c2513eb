import numpy as np
import pytest

from research.labeled.regions import Counting, with_regions
from spine.imaging.volume import LabelMap

LUMBAR, ABOVE, DISC, CANAL = 1, 2, 3, 4
COUNTING = Counting(vertebra=LUMBAR, above=ABOVE, disc=DISC, canal=CANAL, number=2)
# Each vertebra 8 high and the disc on it 4, two rows of background between the posterior parts.
PITCH = 12


def column(vertebrae: int) -> np.ndarray:
    """Bodies in front of a canal, a spinous process behind each that hangs below its body."""
    data = np.zeros((10, 60, PITCH * vertebrae), dtype=np.uint8)
    data[:, 20:25] = CANAL
    for number in range(vertebrae):
        low = PITCH * number
        data[:, 30:60, low : low + 4] = DISC
        data[:, 30:60, low + 4 : low + PITCH] = LUMBAR
        data[3:7, 5:20, max(0, low - 4) : low + 6] = LUMBAR
        # The pedicle, beside the canal.
        data[:2, 15:30, low + 6 : low + 10] = LUMBAR
        data[:7, 15:20, low + 5 : low + 7] = LUMBAR
    return data


def parted(data: np.ndarray) -> np.ndarray:
    return with_regions(LabelMap(data, np.diag([2.0, 1.0, 1.0, 1.0])), COUNTING).data


def test_bodies_are_parted_at_the_disc_above_the_counted():
    found = parted(column(4))

    assert set(np.unique(found[:, 30:, : 2 * PITCH])) == {LUMBAR, DISC}
    assert set(np.unique(found[:, 30:, 2 * PITCH :])) == {ABOVE, DISC}


def test_a_process_that_hangs_below_the_disc_goes_with_its_body():
    found = parted(column(4))

    process = found[3:7, 5:15, 2 * PITCH - 4 : 2 * PITCH + 6]
    assert set(np.unique(process)) == {ABOVE}


def test_a_fragment_joined_to_no_body_is_parted_at_the_disc():
    data = column(4)
    data[8:, :3, PITCH * 3 :] = LUMBAR
    data[8:, :3, :PITCH] = LUMBAR

    found = parted(data)

    assert set(np.unique(found[8:, :3, PITCH * 3 :])) == {ABOVE}
    assert set(np.unique(found[8:, :3, :PITCH])) == {LUMBAR}


@pytest.mark.parametrize("vertebrae", [1, 2])
def test_where_all_are_counted_nothing_changes(vertebrae):
    data = column(vertebrae)

    np.testing.assert_array_equal(parted(data), data)


def test_a_speck_of_disc_is_not_counted():
    data = column(3)
    speck = np.pad(data, ((0, 0), (0, 0), (6, 0)))
    speck[0, 40, 0] = DISC

    found = parted(speck)

    np.testing.assert_array_equal(found[..., 6:], parted(data))


def test_without_canal_every_vertebra_voxel_counts_as_body():
    data = column(4)
    data[data == CANAL] = 0

    assert set(np.unique(parted(data)[:, 30:, 2 * PITCH :])) == {ABOVE, DISC}
