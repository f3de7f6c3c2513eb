"""Where the disc regions of the 24 real lumbar patients lie."""

from pathlib import Path

import numpy as np
import pytest

from research.labeled.cases import read_labeled_cases
from research.labeled.discs import measure_discs
from research.labeled.label_sets import load_label_sets
from research.labeled.mapping_file import load_mapping
from research.labeled.regions import discs_from_below
from spine.anatomy.grades import Scale
from spine.preprocessing.disc import DiscSpec, disc_grid

SPEC = DiscSpec(Scale.PFIRRMANN)


@pytest.mark.slow
@pytest.mark.xdist_group("real patients")
def test_every_gradable_real_disc_lies_in_the_middle_of_its_region(
    real_data: Path, record_property
) -> None:
    mapping = load_mapping("spider-merged")
    centers, without_frame, flat = [], [], []
    for case in read_labeled_cases(real_data, mapping):
        measured = measure_discs(case, mapping)
        _, sets = load_label_sets(case, mapping)
        masks = discs_from_below(sets, mapping.class_sets.names.index("disc"))
        for disc, voxels in zip(measured.discs, masks, strict=True):
            if disc.from_below not in case.grades:
                continue
            if disc.frame is None:
                without_frame.append((case.case_id, disc.from_below))
                continue
            grid = disc_grid(disc.frame, measured.width_mm, SPEC)
            centers.append((grid.index_from_world(disc.center) + 0.5) / SPEC.shape)
            _, row, column = np.moveaxis(
                grid.index_from_world(sets.grid.world_from_index(voxels)) / SPEC.shape, -1, 0
            )
            # Turned with its endplates, a disc of a fifth of the height stays in the third.
            flat.append((np.abs(row - 0.5) < 1 / 6).mean())
            assert ((column > 0) & (column < 1)).all()

    record_property("graded real discs with a region", len(centers))
    record_property("farthest center from the middle", float(np.abs(np.array(centers) - 0.5).max()))
    record_property("least share of a disc in its middle third of height", float(min(flat)))
    assert not without_frame
    assert len(centers) >= 170
    assert (np.abs(np.array(centers) - 0.5) < 1 / 6).all()
    assert min(flat) > 0.8
