"""Segmentations in OHIF lie on their structures, under the right names and colors."""

import time
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from spine.anatomy.labels import RIB_LEFT, RIB_RIGHT
from spine.findings import Segmentation
from spine.reporting.colors import LABEL_COLORS
from tests.viewer.ohif import Ohif
from tests.viewer.studies import LABELS_OF_GROUP, SentStudy

# One PACS and one viewer for all of them, also where tests run in parallel.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("viewer")]

# By the four letters that the description of a demonstration's series begins with.
LABELS = dict(zip(("Vert", "Disc", "Cord", "Ribs"), LABELS_OF_GROUP.values(), strict=True))
LPS_FROM_RAS = np.array([-1, -1, 1])


@dataclass(frozen=True)
class Slice:
    """Voxels of a slice: centers in the patient (LPS, mm), their labels, what is drawn there."""

    points: NDArray[np.float64]
    values: NDArray[np.uint8]
    drawn: NDArray[np.uint8]


@pytest.fixture(scope="module")
def segmentation(demonstration_study: SentStudy) -> Segmentation:
    segmentation = demonstration_study.findings.segmentation
    assert isinstance(segmentation, Segmentation)
    return segmentation


@pytest.fixture(scope="module")
def panels(ohif: Ohif, demonstration_study: SentStudy) -> dict[str, list]:
    """Every object laid over the images; what the panel then lists of it."""
    ohif.open(demonstration_study)
    ohif.press("panelSegmentation-btn")
    rows = {name: ohif.lay_over(name) for name in LABELS}
    ohif.show_slice(ohif.ask("viewport")["slices"] // 2)
    ohif.picture("segmentations")
    return rows


@pytest.fixture(scope="module")
def slices(ohif: Ohif, panels: dict, segmentation: Segmentation) -> list[Slice]:
    """All slices, each segment in a color that tells its name and thus its label."""
    present = np.unique(segmentation.labels.data)
    colors = [
        (series, name, color_of_label(value))
        for series, labels in LABELS.items()
        for name, value in labels.items()
        if value in present
    ]
    ohif.ask("drawSegmentsAlone", colors=colors)
    planes = [item["plane"] for item in ohif.ask("stack")]
    found = [draw(ohif, segmentation, index, plane) for index, plane in enumerate(planes)]
    ohif.picture("segmentations-by-label")
    return found


def test_panel_lists_every_segment_with_its_name_and_color(panels, segmentation):
    present = set(np.unique(segmentation.labels.data).tolist())
    for series, labels in LABELS.items():
        wanted = [(name, LABEL_COLORS[value]) for name, value in labels.items() if value in present]
        assert [name for name, _ in panels[series]] == [name for name, _ in wanted]
        colors = [np.array(color) for _, color in panels[series]]
        assert np.abs(np.array(colors) - [color for _, color in wanted]).max() <= 2


def test_every_voxel_is_drawn_where_it_lies_and_under_its_own_name(
    ohif, slices, segmentation, record_property
):
    assert [int((shown.drawn != shown.values).sum()) for shown in slices] == [0] * len(slices)
    counted = sum(np.count_nonzero(shown.values) for shown in slices)
    assert counted == np.count_nonzero(segmentation.labels.data)
    # Left and right exchanged would be seen.
    mirrored = segmentation.labels.data[::-1]
    assert (mirrored != segmentation.labels.data).sum() > counted / 10
    record_property("voxels that OHIF draws where they lie", int(counted))
    ohif.assert_no_error()


@pytest.mark.parametrize(("label", "toward_left"), [(RIB_LEFT, 1), (RIB_RIGHT, -1)])
def test_ribs_are_drawn_on_their_side_of_the_patient(slices, segmentation, label, toward_left):
    drawn = np.concatenate([shown.points[shown.drawn == label] for shown in slices])
    assert len(drawn) > 50
    # LPS: x grows toward the patient's left.
    assert (toward_left * (drawn[:, 0] - spine_center(segmentation)[0]) > 0).all()


def test_front_is_left_and_head_is_up(ohif, panels, segmentation):
    steps = np.array([[0, 0, 0], [0, -10, 0], [0, 0, 10]])
    points = (spine_center(segmentation) + steps).tolist()
    here, front, head = ohif.ask("canvasFromWorld", points=points)
    assert front[0] < here[0]
    assert head[1] < here[1]


def test_label_map_is_drawn_where_it_lies_with_names_and_colors(ohif, full_study):
    segmentation = full_study.findings.segmentation
    assert isinstance(segmentation, Segmentation)
    ohif.open(full_study)
    ohif.press("panelSegmentation-btn")
    rows = dict(ohif.lay_over("SpineMAP label map"))
    labels = {name: value for group in LABELS_OF_GROUP.values() for name, value in group.items()}
    present = {name for name, value in labels.items() if (segmentation.labels.data == value).any()}
    assert {name for name in rows if name in labels} == present
    for name in present:
        assert np.abs(np.array(rows[name]) - LABEL_COLORS[labels[name]]).max() <= 2, name
    ohif.picture("label-map")
    colors = [("SpineMAP label map", name, color_of_label(labels[name])) for name in present]
    ohif.ask("drawSegmentsAlone", colors=colors)
    planes = [item["plane"] for item in ohif.ask("stack")]
    for index in (1, 5, 9):
        shown = draw(ohif, segmentation, index, planes[index])
        assert (shown.drawn != shown.values).sum() == 0
    ohif.assert_no_error()


def color_of_label(value: int) -> tuple[int, int, int]:
    """Return a color that tells a label from every other, and from black."""
    return 40 + value, 255 - value, 5 * (value % 50)


def draw(ohif: Ohif, segmentation: Segmentation, index: int, plane: dict) -> Slice:
    """Show a slice and read it, until it agrees: what is not drawn yet can only be wrong."""
    points = centers_of_pixels(plane)
    voxels = segmentation.labels.grid.index_from_world(points * LPS_FROM_RAS)
    nearest = np.round(voxels).astype(int)
    assert np.abs(voxels - nearest).max() < 0.01
    i, j, k = nearest.T
    # Everything near a structure, and some of the rest.
    near = binary_dilation(segmentation.labels.data > 0, np.ones((1, 7, 7)))[i, j, k]
    kept = near | (np.arange(len(points)) % 10 == 0)
    points, values = points[kept], segmentation.labels.data[i, j, k][kept]
    deadline = time.monotonic() + 30
    while True:
        drawn = labels_of_colors(ohif.colors_at(index, points))
        if (drawn == values).all() or time.monotonic() > deadline:
            return Slice(points, values, drawn)


def labels_of_colors(colors: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the label that each color tells; 255 for a color that is none of ours."""
    assert not np.isnan(colors).any(), "a voxel lies outside the canvas"
    known = np.array([(0, 0, 0), *(color_of_label(value) for value in range(1, 255))])
    labels = np.where(colors.max(axis=1) == 0, 0, colors[:, 0] - 40).clip(0, 255).astype(np.uint8)
    strange = np.abs(known[np.minimum(labels, 254)] - colors).max(axis=1) > 2
    return np.where(strange, 255, labels).astype(np.uint8)


def centers_of_pixels(plane: dict) -> NDArray[np.float64]:
    """Return where the pixels of a frame lie in the patient (PS3.3 C.7.6.2.1.1), row by row."""
    rows, columns = np.mgrid[: plane["rows"], : plane["columns"]]
    along_row = columns[..., None] * plane["columnPixelSpacing"] * np.array(plane["rowCosines"])
    along_column = rows[..., None] * plane["rowPixelSpacing"] * np.array(plane["columnCosines"])
    return (np.array(plane["imagePositionPatient"]) + along_row + along_column).reshape(-1, 3)


def spine_center(segmentation: Segmentation) -> NDArray[np.float64]:
    """Return the mean of the vertebral bodies (LPS, mm)."""
    centers = [vertebra.center for vertebra in segmentation.geometry.vertebrae]
    mean: NDArray[np.float64] = np.array(centers).mean(axis=0) * LPS_FROM_RAS
    return mean
