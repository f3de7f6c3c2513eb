"""A small oblique spine of boxes, written as a real series, and findings about it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from phantom.dicom_patient import PatientIdentity
from phantom.protocols import LUMBAR_T2
from phantom.write_study import one_series, write_study
from spine.anatomy.geometry import DiscFrame, DiscGeometry, SpineGeometry, VertebraGeometry
from spine.anatomy.grades import Progression, Scale
from spine.anatomy.labels import CORD, CSF, DISC_LABELS, RIB_LEFT, VERTEBRA_LABELS
from spine.anatomy.levels import DiscLevel, Level
from spine.dicom.study import (
    FramePlane,
    Instance,
    PatientFacts,
    Selection,
    Series,
    SeriesDecision,
    Study,
)
from spine.errors import Caution, Code, Refusal
from spine.findings import (
    AgeEstimate,
    Baseline,
    DiscAssessment,
    Evidence,
    Findings,
    ModelReference,
    Quality,
    ScaleForecast,
    Segmentation,
)
from spine.imaging.volume import LabelMap, Volume
from spine.reporting.writing import Outcome, RunContext, WritingSettings, write

SHAPE = (9, 72, 150)
SPACING_MM = (4.4, 1.5, 1.25)
VERTEBRAE = (Level.T12, Level.L1, Level.L2, Level.L3, Level.L4, Level.L5, Level.S1)
DISCS = (
    DiscLevel.T12_L1,
    DiscLevel.L1_L2,
    DiscLevel.L2_L3,
    DiscLevel.L3_L4,
    DiscLevel.L4_L5,
    DiscLevel.L5_S1,
)
ANALYSIS_TIME = datetime(2025, 3, 15, 10, 30, 12, tzinfo=UTC)
SEGMENTATION_MODEL = ModelReference("spine-segmentation", "0.1.0", "a" * 64, Evidence.SYNTHETIC)
AGE_MODEL = ModelReference("age-dcnn", "0.1.0", "b" * 64, Evidence.SYNTHETIC)
DISC_MODEL = ModelReference("disc-pfirrmann-progression", "0.1.0", "c" * 64, Evidence.SYNTHETIC)
REFERENCES = (SEGMENTATION_MODEL, AGE_MODEL, DISC_MODEL)


def oblique_affine() -> np.ndarray:
    """Canonical (R, A, S), turned by 9 degrees about S and 5 about A."""
    about_s, about_a = np.deg2rad(9), np.deg2rad(5)
    turn_s = [
        [np.cos(about_s), -np.sin(about_s), 0],
        [np.sin(about_s), np.cos(about_s), 0],
        [0, 0, 1],
    ]
    turn_a = [
        [np.cos(about_a), 0, np.sin(about_a)],
        [0, 1, 0],
        [-np.sin(about_a), 0, np.cos(about_a)],
    ]
    affine = np.eye(4)
    affine[:3, :3] = np.array(turn_s) @ np.array(turn_a) @ np.diag(SPACING_MM)
    affine[:3, 3] = (-21.0, -47.5, -90.25)
    return affine


def box_labels() -> np.ndarray:
    """Boxes from head (high k) to foot; the only rib is on the patient's left (low i)."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    top = 142
    for number, level in enumerate(VERTEBRAE):
        labels[2:7, 30:54, top - 14 : top] = VERTEBRA_LABELS[level]
        if number < len(DISCS):
            labels[2:7, 29:54, top - 20 : top - 14] = DISC_LABELS[DISCS[number]]
        top -= 20
    labels[3:6, 18:28, 4:146] = CSF
    labels[4:5, 21:25, 100:146] = CORD
    labels[0:2, 34:40, 118:124] = RIB_LEFT
    return labels


def box_volume(labels: np.ndarray) -> Volume:
    rng = np.random.default_rng(5)
    brightness = np.full(256, 60.0)
    brightness[0], brightness[CSF], brightness[CORD], brightness[RIB_LEFT] = 90, 900, 380, 260
    brightness[list(VERTEBRA_LABELS.values())] = 330
    brightness[list(DISC_LABELS.values())] = 520
    data = brightness[labels] + rng.normal(0, 25, SHAPE)
    return Volume(np.clip(data, 0, None).astype(np.float32), oblique_affine())


def box_geometry(labels: np.ndarray) -> SpineGeometry:
    affine = oblique_affine()
    axes = affine[:3, :3] / np.array(SPACING_MM)

    def center(value: int) -> tuple[float, float, float]:
        index = np.argwhere(labels == value).mean(axis=0)
        x, y, z = affine[:3, :3] @ index + affine[:3, 3]
        return float(x), float(y), float(z)

    vertebrae = tuple(
        VertebraGeometry(level, center(VERTEBRA_LABELS[level]), 36.0, 17.5)
        for level in VERTEBRAE
        if level is not Level.S1
    )
    lateral, anterior, superior = (tuple(map(float, axes[:, n])) for n in range(3))
    discs = tuple(
        DiscGeometry(
            level, DiscFrame(center(DISC_LABELS[level]), lateral, anterior, superior), 7.5 + n / 10
        )
        for n, level in enumerate(DISCS)
    )
    return SpineGeometry(vertebrae, discs, 36.0)


def frames_from_files(headers: list) -> tuple[FramePlane, ...]:
    """Classic headers to planes by PS3.3 C.7.6.2.1.1, LPS turned into RAS."""
    planes = []
    for header in headers:
        row_direction = np.array(header.ImageOrientationPatient[:3], dtype=float)
        column_direction = np.array(header.ImageOrientationPatient[3:], dtype=float)
        down, across = (float(value) for value in header.PixelSpacing)
        lps = np.eye(4)
        lps[:3, 0] = row_direction * across
        lps[:3, 1] = column_direction * down
        lps[:3, 2] = np.cross(row_direction, column_direction)
        lps[:3, 3] = np.array(header.ImagePositionPatient, dtype=float)
        affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps
        planes.append(
            FramePlane(
                str(header.SOPClassUID),
                str(header.SOPInstanceUID),
                None,
                affine,
                int(header.Rows),
                int(header.Columns),
            )
        )
    return tuple(planes)


@dataclass(frozen=True)
class World:
    """The written series and everything known about it."""

    folder: Path
    paths: tuple[Path, ...]
    findings: Findings


def make_world(folder: Path, name: str, character_set: tuple[str, ...]) -> World:
    labels = box_labels()
    volume = box_volume(labels)
    patient = PatientIdentity(name=name, issuer="Ward 3", character_set=character_set)
    written = write_study([one_series(volume, LUMBAR_T2)], folder, patient)
    paths = written.paths[0]
    headers = [dcmread(path, stop_before_pixels=True) for path in paths]
    instances = tuple(
        Instance(path, header, "0" * 64) for path, header in zip(paths, headers, strict=True)
    )
    series = Series(written.series_instance_uids[0], instances)
    facts = PatientFacts(
        "PHANTOM-1", "Ward 3", date(1970, 5, 17), "O", date(2025, 3, 14), 54.8, None
    )
    study = Study(written.study_instance_uid, facts, (series,))
    decision = SeriesDecision(series.series_instance_uid, 7.5, True, (), ("sagittal T2",))
    frames = frames_from_files(headers)
    selection = Selection(study, series, frames, volume, (decision,), None)
    segmentation = Segmentation(
        volume,
        LabelMap(labels, volume.affine),
        box_geometry(labels),
        Quality(6, levels_certain=True),
        SEGMENTATION_MODEL,
    )
    age = AgeEstimate(54.8, 58.1, 61.3, Evidence.SYNTHETIC, AGE_MODEL)
    return World(folder, paths, Findings(selection, segmentation, age, lumbar_discs()))


def forecast(
    scale: Scale, baseline: int | None, predicted: int, progression: Progression
) -> ScaleForecast:
    probability = None if baseline is None else 0.66
    return ScaleForecast(
        scale,
        None if baseline is None else Baseline(baseline, "baseline table"),
        (0.04, 0.1, 0.2, 0.56, 0.1) if scale is Scale.PFIRRMANN else (0.1, 0.2, 0.6, 0.1),
        predicted,
        progression,
        probability,
        Evidence.SYNTHETIC,
        DISC_MODEL,
    )


def lumbar_discs() -> tuple[DiscAssessment | Refusal, ...]:
    """One of everything: each state, no baseline, refused in part and as a whole."""
    withheld = Refusal(
        Code.MODEL_NOT_VALIDATED, "The model's evidence is synthetic.", "L4/L5 schneiderman"
    )
    return (
        DiscAssessment(
            DiscLevel.L1_L2,
            (
                forecast(Scale.PFIRRMANN, 2, 2, Progression.UNCHANGED),
                forecast(Scale.BULGING, 1, 0, Progression.IMPROVED),
                forecast(Scale.SCHNEIDERMAN, 0, 1, Progression.PROGRESSED),
            ),
        ),
        DiscAssessment(
            DiscLevel.L2_L3,
            (
                forecast(Scale.PFIRRMANN, None, 3, Progression.UNDETERMINED),
                forecast(Scale.BULGING, 0, 0, Progression.UNCHANGED),
                forecast(Scale.SCHNEIDERMAN, 3, 3, Progression.NOT_AT_RISK),
            ),
        ),
        Refusal(Code.DISC_OUT_OF_FIELD, "More than a tenth lies outside the image.", "L3/L4"),
        DiscAssessment(
            DiscLevel.L4_L5,
            (
                forecast(Scale.PFIRRMANN, 3, 4, Progression.PROGRESSED),
                forecast(Scale.BULGING, 1, 1, Progression.UNCHANGED),
                withheld,
            ),
        ),
        DiscAssessment(DiscLevel.L5_S1, (forecast(Scale.PFIRRMANN, 4, 4, Progression.UNCHANGED),)),
    )


@pytest.fixture(scope="session")
def build_world() -> Callable[[Path, str, tuple[str, ...]], World]:
    return make_world


@pytest.fixture(scope="session")
def build_enhanced(findings: Findings) -> Callable[[Path], Findings]:
    """The same spine as one Enhanced MR instance; its frames by their own functional groups."""

    def build(folder: Path) -> Findings:
        volume = findings.selection.volume
        assert volume is not None
        written = write_study([one_series(volume, LUMBAR_T2, enhanced=True)], folder)
        (path,) = written.paths[0]
        header = dcmread(path, stop_before_pixels=True)
        series = Series(written.series_instance_uids[0], (Instance(path, header, "0" * 64),))
        frames = enhanced_frames(header)
        selection = replace(findings.selection, series=series, frames=frames)
        return replace(findings, selection=selection)

    return build


def enhanced_frames(header: Dataset) -> tuple[FramePlane, ...]:
    flat = []
    for group in header.PerFrameFunctionalGroupsSequence:
        frame = Dataset()
        groups = (group, header.SharedFunctionalGroupsSequence[0])
        for keyword in (
            "PlanePositionSequence",
            "PlaneOrientationSequence",
            "PixelMeasuresSequence",
        ):
            holder = next(item for item in groups if keyword in item)
            frame.update(holder[keyword].value[0])
        frame.SOPClassUID, frame.SOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
        frame.Rows, frame.Columns = header.Rows, header.Columns
        flat.append(frame)
    planes = frames_from_files(flat)
    return tuple(replace(plane, frame_number=n) for n, plane in enumerate(planes, start=1))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("series"), "Phantom^Spine", ("ISO_IR 100",))


@pytest.fixture(scope="session")
def findings(world: World) -> Findings:
    return world.findings


@pytest.fixture(scope="session")
def all_refused(findings: Findings) -> Findings:
    """The default with the shipped cards: segmented, every number withheld."""
    reason = "The model's evidence is synthetic, retrospective is required."
    discs = tuple(
        DiscAssessment(
            level,
            tuple(Refusal(Code.MODEL_NOT_VALIDATED, reason, f"{level} {scale}") for scale in Scale),
        )
        for level in DISCS
        if level.is_lumbar
    )
    return replace(findings, age=Refusal(Code.MODEL_NOT_VALIDATED, reason, "age"), discs=discs)


@pytest.fixture(scope="session")
def out_of_scope(findings: Findings) -> Findings:
    """A candidate whose pixels cannot be decoded: nothing but headers."""
    refusal = Refusal(Code.UNDECODABLE, "The pixels of a slice could not be decoded.", "study")
    selection = replace(findings.selection, frames=(), volume=None, refusal=refusal)
    age = replace(refusal, subject="age")
    return Findings(selection, refusal, age, ())


@pytest.fixture(scope="session")
def with_cautions(findings: Findings) -> Findings:
    segmentation = findings.segmentation
    assert isinstance(segmentation, Segmentation)
    doubts = (
        Caution(Code.LEVEL_GAP, "A vertebra is missing between T12 and L1."),
        Caution(Code.MASK_TOUCHES_BORDER, "The sacrum touches the border of the image."),
    )
    quality = Quality(6, levels_certain=False, cautions=doubts)
    return replace(findings, segmentation=replace(segmentation, quality=quality))


@pytest.fixture
def run(tmp_path: Path) -> RunContext:
    return RunContext(tmp_path / "out", ANALYSIS_TIME, "0.1.0", "d" * 64, demonstration=False)


@dataclass(frozen=True)
class Written:
    """One case as written, read only."""

    folder: Path
    outcome: Outcome
    objects: dict[str, Path]


@pytest.fixture(scope="session")
def written(
    findings: Findings,
    all_refused: Findings,
    out_of_scope: Findings,
    with_cautions: Findings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Written]:
    """Write a case once, whoever asks; objects by kind, such as ``structured-report``."""
    cases = {
        "findings": findings,
        "all_refused": all_refused,
        "out_of_scope": out_of_scope,
        "with_cautions": with_cautions,
    }

    @cache
    def write_case(case: str, *, demonstration: bool = False) -> Written:
        folder = tmp_path_factory.mktemp("written")
        run = RunContext(folder, ANALYSIS_TIME, "0.1.0", "d" * 64, demonstration=demonstration)
        outcome = write(cases[case], REFERENCES, run, WritingSettings())
        objects = {path.stem.split("-", 1)[1]: path for path in outcome.written}
        return Written(folder, outcome, objects)

    return write_case


@pytest.fixture(scope="session")
def references() -> tuple[ModelReference, ...]:
    return REFERENCES


@pytest.fixture(scope="session")
def interpreter_programs() -> Path:
    """Folder of the programs that PyPI packages brought (dcmqi)."""
    return Path(sys.executable).parent
