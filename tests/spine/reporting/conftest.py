"""The spine of boxes, written as a real series, and findings about it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest
from pydicom import dcmread

from phantom.dicom_patient import PatientIdentity
from phantom.protocols import LUMBAR_T2
from phantom.write_study import one_series, write_study
from spine.anatomy.grades import Scale
from spine.dicom.study import Instance, PatientFacts, Selection, Series, SeriesDecision, Study
from spine.errors import Caution, Code, Refusal
from spine.findings import (
    AgeEstimate,
    DiscAssessment,
    Evidence,
    Findings,
    ModelReference,
    Quality,
    Segmentation,
)
from spine.imaging.volume import LabelMap
from spine.reporting.writing import Outcome, RunContext, WritingSettings, write
from tests.spine.reporting.boxes import DISCS, box_geometry, box_labels, box_volume
from tests.spine.reporting.planes import enhanced_frames, frames_from_files
from tests.spine.reporting.predictions import (
    AGE_MODEL,
    REFERENCES,
    SEGMENTATION_MODEL,
    lumbar_discs,
)

ANALYSIS_TIME = datetime(2025, 3, 15, 10, 30, 12, tzinfo=UTC)


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
