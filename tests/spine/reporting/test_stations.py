"""Results about a volume joined from stations lie on the images that the scanner made."""

import copy
import json
import subprocess
from dataclasses import replace
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from pydicom import dcmread

from phantom.protocols import LUMBAR_T2
from phantom.stations import StationPlan, cut_stations
from phantom.write_study import SeriesToWrite, Stack, one_series, write_study
from spine.dicom.loading import LoadingSettings, load
from spine.dicom.selection import SelectionSettings, select
from spine.dicom.stations import StationSettings
from spine.errors import Code
from spine.imaging.resampling import resample_labels
from spine.reporting.identity import Identity
from spine.reporting.kinds import Kind
from spine.reporting.revision import selected_instances
from spine.reporting.sources import source_series
from spine.reporting.wording import series_description
from spine.reporting.writing import RunContext, WritingSettings, write
from tests.spine.reporting.conftest import ANALYSIS_TIME
from tests.spine.reporting.predictions import REFERENCES

pytestmark = pytest.mark.slow

SMALL = SelectionSettings(stations=StationSettings(minimum_extent_mm=100, minimum_growth=1.1))
ON_ONE_GRID = StationPlan(2, 40)
BETWEEN_PIXELS = StationPlan(2, 40, offset_pixels=0.4)
GROUPS = ("vertebrae", "discs", "canal-and-cord", "ribs")


@pytest.fixture(scope="module")
def make(with_heat, tmp_path_factory):
    """Cut the spine of boxes into stations, write and select them; findings on the joined grid."""

    def run(plan, layout=lambda parts: [one_series(part, LUMBAR_T2) for part in parts]):
        findings = with_heat
        parts = cut_stations(findings.segmentation.volume, plan, np.random.default_rng(0))
        folder = tmp_path_factory.mktemp("stations")
        write_study(layout(parts), folder)
        selection = select(load(folder, LoadingSettings()), SMALL)
        assert len(selection.stations) == plan.count
        volume = selection.volume
        labels = resample_labels(findings.segmentation.labels, volume.grid)
        segmentation = replace(findings.segmentation, volume=volume, labels=labels)
        return replace(findings, selection=selection, segmentation=segmentation)

    return run


@pytest.fixture(scope="module")
def joined(make):
    return make(ON_ONE_GRID)


@pytest.fixture(scope="module")
def as_written(tmp_path_factory):
    def run(findings):
        folder = tmp_path_factory.mktemp("out")
        context = RunContext(folder, ANALYSIS_TIME, "0.1.0", "d" * 64, demonstration=True)
        settings = WritingSettings(objects=frozenset(Kind))
        paths = write(findings, REFERENCES, context, settings).written
        return {path.stem.split("-", 1)[1]: dcmread(path) for path in paths}, folder

    return run


@pytest.fixture(scope="module")
def objects(joined, as_written):
    return as_written(joined)[0]


def one_instance(parts):
    stacks = tuple(Stack(part, LUMBAR_T2.plane) for part in parts)
    return [SeriesToWrite(stacks, LUMBAR_T2, enhanced=True, concatenated=True)]


def shown(dataset):
    """Yield label name, world position (RAS+) and value of every pixel of a SEG's frames."""
    names = {item.SegmentNumber: item.SegmentLabel for item in dataset.SegmentSequence}
    shared = dataset.SharedFunctionalGroupsSequence[0]
    cosines = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, dtype=float)
    down, across = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    rows, columns = np.indices((dataset.Rows, dataset.Columns))
    frames = dataset.PerFrameFunctionalGroupsSequence
    stored = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    for frame, pixels in zip(frames, stored, strict=True):
        corner = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        lps = (
            corner
            + columns[..., None] * across * cosines[:3]
            + rows[..., None] * down * cosines[3:]
        )
        # Shared where all frames show one segment.
        holder = frame if "SegmentIdentificationSequence" in frame else shared
        number = holder.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        yield names[number], lps * [-1, -1, 1], pixels.astype(bool)


@pytest.mark.parametrize("plan", [ON_ONE_GRID, BETWEEN_PIXELS])
@pytest.mark.parametrize("layout", [None, one_instance])
def test_every_pixel_of_a_station_has_the_label_of_its_place(make, as_written, plan, layout):
    findings = make(plan, layout) if layout else make(plan)
    labels = findings.segmentation.labels
    made, _ = as_written(findings)
    off = 0
    for station in (1, 2):
        for group in GROUPS:
            dataset = made.get(f"segmentation-{group}-station-{station}")
            for name, world, pixels in () if dataset is None else shown(dataset):
                value = label_of(name)
                index = labels.grid.index_from_world(world)
                nearest = np.clip(np.round(index), 0, np.array(labels.data.shape) - 1).astype(int)
                wanted = labels.data[tuple(np.moveaxis(nearest, -1, 0))] == value
                # Midway between voxels, and beyond them, either answer is right.
                clear = (np.abs(index - np.floor(index) - 0.5) > 0.02).all(axis=-1)
                clear &= (np.abs(index - nearest) <= 0.5).all(axis=-1)
                off += int((wanted != pixels)[clear].sum())
    assert off == 0


def label_of(name):
    from tests.spine.reporting.test_segmentation_object import SEGMENTATIONS

    return next(group[name] for group in SEGMENTATIONS.values() if name in group)


def test_no_voxel_is_lost_between_the_stations(joined, objects):
    labels = joined.segmentation.labels
    found = np.zeros(labels.data.shape, dtype=np.uint8)
    for station in (1, 2):
        for group in GROUPS:
            dataset = objects.get(f"segmentation-{group}-station-{station}")
            for name, world, pixels in () if dataset is None else shown(dataset):
                index = np.round(labels.grid.index_from_world(world[pixels])).astype(int)
                found[tuple(index.T)] = label_of(name)
    assert (found != labels.data).sum() == 0


def test_segmentation_of_a_station_refers_to_its_own_frames_alone(joined, objects):
    for number, station in enumerate(joined.selection.stations, start=1):
        own = {item.sop_instance_uid for item in station.series.instances}
        for group in GROUPS[:3]:
            dataset = objects[f"segmentation-{group}-station-{number}"]
            (referenced,) = dataset.ReferencedSeriesSequence
            assert referenced.SeriesInstanceUID == station.series.series_instance_uid
            for frame in dataset.PerFrameFunctionalGroupsSequence:
                image = frame.DerivationImageSequence[0].SourceImageSequence[0]
                assert image.ReferencedSOPInstanceUID in own


def test_frames_of_an_instance_that_holds_both_stations_are_referred_to_by_their_numbers(
    make, as_written
):
    findings = make(ON_ONE_GRID, one_instance)
    made, _ = as_written(findings)
    held = findings.selection.series.instances[0].header.PerFrameFunctionalGroupsSequence
    objects = [item for name, item in made.items() if name.startswith(("segm", "label", "heat"))]
    assert len(objects) > 6
    for dataset in objects:
        for frame in dataset.PerFrameFunctionalGroupsSequence:
            image = frame.DerivationImageSequence[0].SourceImageSequence[0]
            source = held[int(image.ReferencedFrameNumber) - 1]
            wanted = source.PlanePositionSequence[0].ImagePositionPatient
            assert frame.PlanePositionSequence[0].ImagePositionPatient == pytest.approx(wanted)


def test_every_object_has_a_series_and_a_number_of_its_own(objects):
    pictures = [name for name in objects if name.startswith("key-picture")]
    objects = {name: item for name, item in objects.items() if name not in pictures[1:]}
    assert len({item.SeriesInstanceUID for item in objects.values()}) == len(objects)
    assert len({item.SOPInstanceUID for item in objects.values()}) == len(objects)
    numbers = {name: int(item.SeriesNumber) for name, item in objects.items()}
    assert len(set(numbers.values())) == len(objects)
    assert numbers["segmentation-vertebrae-station-2"] == (
        numbers["segmentation-vertebrae-station-1"] + 20
    )
    assert all(len(item.SeriesDescription.encode()) <= 64 for item in objects.values())


def test_label_map_of_a_station_holds_what_its_segmentations_hold(objects):
    for station in (1, 2):
        name = f"station-{station}"
        binary = [objects.get(f"segmentation-{group}-{name}") for group in GROUPS]
        pixels = sum(int(item.pixel_array.sum()) for item in binary if item is not None)
        assert np.count_nonzero(objects[f"label-map-{name}"].pixel_array) == pixels > 0


def test_heat_maps_lie_on_the_frames_of_each_station(joined, objects):
    for number, station in enumerate(joined.selection.stations, start=1):
        (referenced,) = objects[f"heat-map-older-station-{number}"].ReferencedSeriesSequence
        assert referenced.SeriesInstanceUID == station.series.series_instance_uid


@pytest.mark.parametrize("demonstration", [False, True])
def test_series_of_stations_are_told_apart(demonstration):
    contents = ("vertebrae", "discs", "canal and cord", "ribs")
    words = {
        series_description(content, station, demonstration=demonstration)
        for content in contents
        for station in (None, 1, 2, 3)
    }
    assert len(words) == 16
    assert max(len(text.encode()) for text in words) <= 64


def points_of(item):
    """Return the points of a report: instance, (column, row)."""
    for child in item.get("ContentSequence") or ():
        if child.ValueType == "SCOORD":
            image = child.ContentSequence[0].ReferencedSOPSequence[0]
            yield str(image.ReferencedSOPInstanceUID), tuple(child.GraphicData)
        yield from points_of(child)


def test_discs_are_pointed_at_on_the_station_that_shows_them(joined):
    source = source_series(joined.selection)
    frames = {
        frame.sop_instance_uid: (number, frame)
        for number, station in enumerate(joined.selection.stations)
        for frame in station.frames
    }
    seen = []
    for disc in joined.segmentation.geometry.discs:
        center = np.array(disc.frame.center)
        anchor = source.anchor_at(center)
        number, frame = frames[anchor.sop_instance_uid]
        world = (frame.affine @ [anchor.column - 0.5, anchor.row - 0.5, 0, 1])[:3]
        assert np.linalg.norm(world - center) < 4.4 / 2 + 0.1
        seen.append(number)
    assert seen == sorted(seen)
    assert set(seen) == {0, 1}


def test_report_points_at_source_frames_of_both_stations(joined, objects):
    points = list(points_of(objects["structured-report"]))
    by_uid = {
        item.sop_instance_uid: station.series.series_instance_uid
        for station in joined.selection.stations
        for item in station.series.instances
    }
    assert {by_uid[uid] for uid, _ in points} == set(by_uid.values())
    for uid, (column, row) in points:
        frame = next(f for f in joined.selection.frames if f.sop_instance_uid == uid)
        assert 0 <= column <= frame.columns
        assert 0 <= row <= frame.rows


def test_results_about_no_place_stand_on_the_lowest_station(joined):
    source = source_series(joined.selection)
    lowest = joined.selection.stations[-1]
    middle = lowest.frames[len(lowest.frames) // 2]
    assert source.margin_anchor(0).sop_instance_uid == middle.sop_instance_uid


def test_report_lists_and_refers_to_every_image_of_every_station(joined, objects):
    report = objects["structured-report"]
    every = {item.sop_instance_uid for item in joined.selection.instances}
    library = next(
        item for item in report.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeValue == "111028"
    )  # fmt: skip
    groups = list(library.ContentSequence)
    assert len(groups) == 2
    listed = {
        str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
        for group in groups
        for item in group.ContentSequence
        if item.ValueType == "IMAGE"
    }
    assert listed == every
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert len(evidence) == 2


def test_results_name_every_series_and_instance_that_was_joined(joined, as_written):
    _, folder = as_written(joined)
    content = json.loads((folder / "results.json").read_text())
    schema = json.loads((files("spine.reporting") / "results.schema.json").read_text())
    jsonschema.validate(content, schema, jsonschema.Draft202012Validator)
    selection, stations = content["selection"], joined.selection.stations
    assert selection["instances"] == list(selected_instances(joined.selection))
    assert [item["series_instance_uid"] for item in selection["stations"]] == [
        station.series.series_instance_uid for station in stations
    ]
    assert [item["frames"] for item in selection["stations"]] == [9, 9]
    assert [caution["code"] for caution in selection["cautions"]] == [Code.STATIONS_JOINED]


def test_report_says_that_no_scanner_made_the_volume(objects):
    assert "joined from 2 stations" in objects["structured-report"].to_json()


def test_identity_rests_on_every_station(joined, references, run):
    upper, lower = joined.selection.stations
    fewer = replace(upper, series=replace(upper.series, instances=upper.series.instances[1:]))
    without = replace(joined.selection, stations=(fewer, lower))
    assert (
        Identity(joined, references, run).key
        != Identity(replace(joined, selection=without), references, run).key
    )


def test_same_stations_give_the_same_bytes(joined, tmp_path):
    made = []
    for name in ("a", "b"):
        run = RunContext(tmp_path / name, ANALYSIS_TIME, "0.1.0", "d" * 64, demonstration=True)
        outcome = write(copy.copy(joined), REFERENCES, run, WritingSettings())
        made.append([path.read_bytes() for path in outcome.written])
    assert made[0] == made[1]


@pytest.mark.parametrize("layout", [None, one_instance])
def test_dciodvfy_finds_no_error(make, as_written, program, layout):
    findings = make(BETWEEN_PIXELS, layout) if layout else make(BETWEEN_PIXELS)
    _, folder = as_written(findings)
    for path in sorted((folder / "dicom").iterdir()):
        if "label-map" in path.name:
            # The program does not know that class yet (tests/spine/reporting/test_objects.py).
            continue
        done = subprocess.run(
            [program("dciodvfy"), "-new", str(path)], capture_output=True, check=False
        )
        lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
        assert [line for line in lines if line.startswith("Error")] == []
