"""The spine of boxes, written as a real series, and findings about it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageDraw
from pydicom import dcmread

from phantom.dicom_patient import PatientIdentity
from phantom.protocols import LUMBAR_T2
from phantom.write_study import one_series, write_study
from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel
from spine.degeneration.asking import DiscView
from spine.dicom.study import Instance, PatientFacts, Selection, Series, SeriesDecision, Study
from spine.errors import Caution, Code, Refusal
from spine.findings import (
    AgeEstimate,
    AgeInterval,
    DiscAssessment,
    Evidence,
    Findings,
    ModelReference,
    Quality,
    Segmentation,
)
from spine.findings_heat import AgeHeat, LimitedValue
from spine.imaging.volume import LabelMap, Volume
from spine.preprocessing.disc import DiscSpec
from spine.reporting.drawing import Page, font
from spine.reporting.kinds import DEFAULT_KINDS, Kind
from spine.reporting.writing import Outcome, RunContext, WritingSettings, write
from tests.spine.reporting.boxes import DISCS, box_geometry, box_labels, box_volume
from tests.spine.reporting.earlier import AGE_TODAY, earlier_reports
from tests.spine.reporting.planes import enhanced_frames, frames_from_files
from tests.spine.reporting.predictions import (
    AGE_MODEL,
    REFERENCES,
    SEGMENTATION_MODEL,
    graded_forecasts,
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
    age = AgeEstimate(AGE_TODAY, 58.1, 61.3, Evidence.SYNTHETIC, AGE_MODEL)
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
def with_interval(findings: Findings) -> Findings:
    """A gap of +6.5 years, which the model's error of 8.4 years explains."""
    assert isinstance(findings.age, AgeEstimate)
    interval = AgeInterval(54.8, 8.4, 90, 45, 54, 212, "real", 88)
    return replace(findings, age=replace(findings.age, interval=interval))


@pytest.fixture(scope="session")
def with_course(with_interval: Findings) -> Findings:
    """Three earlier studies, the oldest by another model, and a card that tells change."""
    assert isinstance(with_interval.age, AgeEstimate)
    study = replace(with_interval.selection.study, priors=earlier_reports())
    selection = replace(with_interval.selection, study=study)
    age = replace(with_interval.age, detectable_change_years=5.1)
    return replace(with_interval, selection=selection, age=age)


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
def levels_uncertain(findings: Findings) -> Findings:
    """Segmented and measured, under names that may each be one off."""
    reason = "No anchor was found."
    lumbar = (level for level in DISCS if level.is_lumbar)
    discs = tuple(Refusal(Code.LEVEL_UNCERTAIN, reason, str(level)) for level in lumbar)
    return replace(findings, discs=discs)


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


@pytest.fixture(scope="session")
def with_heat(findings: Findings) -> Findings:
    """An age network that looked at L4/L5 from one side only, and more than usual off the spine."""
    segmentation = findings.segmentation
    assert isinstance(segmentation, Segmentation)
    assert isinstance(findings.age, AgeEstimate)
    grid = segmentation.volume.grid
    disc = next(d for d in segmentation.geometry.discs if d.level is DiscLevel.L4_L5)
    _, j, k = (round(float(x)) for x in grid.index_from_world(np.array(disc.frame.center)))
    data = np.zeros(grid.shape, dtype=np.float32)
    data[:, j - 8 : j + 8, k - 8 : k + 8] = 1.0
    heat = AgeHeat(
        older=Volume(data, grid.affine),
        younger=None,
        older_share=1.0,
        cell_mm=(28.8, 28.8),
        outside_spine=LimitedValue(0.42, 0.3),
        above_c2=LimitedValue(None, 0.1),
        cautions=(Caution(Code.HEAT_OUTSIDE_SPINE, "It looked off the spine."),),
    )
    distance = LimitedValue(9.5, 14.0)
    return replace(findings, age=replace(findings.age, heat=heat, feature_distance=distance))


@pytest.fixture(scope="session")
def with_gradings(findings: Findings) -> Findings:
    """Grades of every source, what the networks saw, and a patient under 18."""
    segmentation = findings.segmentation
    assert isinstance(segmentation, Segmentation)
    spec = DiscSpec(Scale.PFIRRMANN)
    under_18 = Caution(Code.UNDER_18, "The patient is under 18.")
    discs = []
    for level in (DiscLevel.L3_L4, DiscLevel.L4_L5):
        disc = segmentation.geometry.disc(level)
        assert disc is not None
        view = DiscView(segmentation.volume, disc, segmentation.geometry.mean_width_mm)
        view.region(spec)
        discs.append(DiscAssessment(level, graded_forecasts(), (under_18,), view.seen()))
    refused = Refusal(Code.DISC_NOT_FOUND, "The disc was not found.", "L5/S1")
    return replace(findings, discs=(*discs, refused))


@pytest.fixture(scope="session")
def with_everything(with_heat: Findings, with_gradings: Findings) -> Findings:
    """All that can be drawn: where the age network looked, and what the disc networks saw."""
    return replace(with_gradings, age=with_heat.age)


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
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Written]:
    """Write a case, named by its fixture, once, whoever asks; objects by kind."""

    @cache
    def write_case(
        case: str,
        *,
        demonstration: bool = False,
        kinds: frozenset[Kind] = DEFAULT_KINDS,
    ) -> Written:
        folder = tmp_path_factory.mktemp("written")
        run = RunContext(folder, ANALYSIS_TIME, "0.1.0", "d" * 64, demonstration=demonstration)
        settings = WritingSettings(objects=kinds)
        outcome = write(request.getfixturevalue(case), REFERENCES, run, settings)
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


class DrawnWords(list[tuple[str, tuple[float, ...]]]):
    """What is written on a page, with the box it covers."""

    def sentences(self) -> str:
        return " ".join(text for text, _ in self)


@pytest.fixture
def drawn_words(monkeypatch) -> DrawnWords:
    """Everything that is written on a page from now on."""
    words = DrawnWords()
    write = Page.text

    def record(self, at, text, style, anchor="la"):
        box = ImageDraw.Draw(self._image).textbbox(at, text, font=font(style), anchor=anchor)
        words.append((text, box))
        write(self, at, text, style, anchor)

    monkeypatch.setattr(Page, "text", record)
    return words
