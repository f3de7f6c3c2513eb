import os
from dataclasses import replace

import numpy as np
import pytest

from research.cohort import SubjectRecord, write_subject
from research.followups import FollowupsError
from research.training.discs import regions as cutting
from research.training.discs.regions import cut_regions, default_spec
from spine.anatomy.levels import DiscLevel
from tests.research.training.discs.planted import planted_rows
from tests.research.training.test_disc import column

pytestmark = pytest.mark.slow

UPPER, LOWER = planted_rows(1)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    write_subject(folder, SubjectRecord("p000", 50.0, "F", {}), *column())
    return folder


def test_every_graded_disc_is_cut_once_and_kept(written):
    spec = default_spec(swap_axes=False)
    regions = cut_regions(written, [UPPER, LOWER], spec)
    kept = (written / "regions-1.5x2x4mm.npy").stat().st_mtime_ns

    again = cut_regions(written, [UPPER, LOWER], spec)

    assert regions.inputs.shape == (2, 9, 96, 128)
    assert regions.inputs.dtype == np.float16
    assert abs(float(regions.inputs[0].astype(np.float32).mean())) < 0.05
    assert again.place == regions.place
    assert (written / "regions-1.5x2x4mm.npy").stat().st_mtime_ns == kept
    assert again.rows_of([LOWER, UPPER]).tolist() == [1, 0]


@pytest.mark.parametrize("name", ["image.nii", "labels.nii"])
def test_regions_of_an_image_that_has_changed_are_refused_until_cut_anew(tmp_path, name):
    write_subject(tmp_path, SubjectRecord("p000", 50.0, "F", {}), *column())
    spec = default_spec(swap_axes=False)
    cut_regions(tmp_path, [UPPER], spec)
    changed = tmp_path / "p000" / name
    os.utime(changed, ns=(0, changed.stat().st_mtime_ns + 1))

    with pytest.raises(ValueError, match=r"of other images: remove regions-1\.5x2x4mm\.csv"):
        cut_regions(tmp_path, [UPPER], spec)

    (tmp_path / "regions-1.5x2x4mm.csv").unlink()
    cut_regions(tmp_path, [UPPER], spec)


def test_regions_of_another_region_or_code_or_that_do_not_say_are_refused(written, monkeypatch):
    spec = default_spec(swap_axes=False)
    cut_regions(written, [UPPER, LOWER], spec)

    with pytest.raises(ValueError, match="another preprocessing"):
        cut_regions(written, [UPPER, LOWER], replace(spec, max_outside=0.4))
    with monkeypatch.context() as patch:
        patch.setattr(cutting, "code_sha256", lambda *_: "of later code")
        with pytest.raises(ValueError, match="another preprocessing"):
            cut_regions(written, [UPPER, LOWER], spec)
    (written / "regions-1.5x2x4mm.json").unlink()
    with pytest.raises(ValueError, match="another preprocessing"):
        cut_regions(written, [UPPER, LOWER], spec)
    (written / "regions-1.5x2x4mm.csv").unlink()


def test_swapped_axes_show_as_much_the_other_way_round(written):
    spec = default_spec(swap_axes=True)

    assert (spec.height_widths, spec.depth_widths, spec.shape) == (2.0, 1.5, (9, 128, 96))
    regions = cut_regions(written, [UPPER], spec)
    assert regions.inputs.shape == (1, 9, 128, 96)
    # The same millimeters a pixel: 2 w over 128 and 1.5 w over 96.
    middle = regions.inputs[0, 4, 16:112].astype(np.float32)
    plain = cut_regions(written, [UPPER], default_spec(swap_axes=False))
    both = np.corrcoef(middle.ravel(), plain.inputs[0, 4, :, 16:112].astype(np.float32).ravel())
    assert both[0, 1] > 0.99


def test_a_disc_that_the_labels_lack_is_told_or_left_out(written):
    absent = replace(LOWER, line=9, level=DiscLevel.L5_L6)
    spec = default_spec(swap_axes=False)

    with pytest.raises(FollowupsError, match=r"discs without image: rows 9$"):
        cut_regions(written, [UPPER, absent], spec)

    regions = cut_regions(written, [UPPER, absent], spec, leave_out=True)
    assert regions.known([UPPER, absent]) == [UPPER]
