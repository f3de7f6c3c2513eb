"""Phantom studies with made-up predictions, and their results as they are sent."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from pydicom import dcmread

from phantom.dicom_patient import StudyIdentity
from phantom.protocols import LUMBAR_T2, coarser
from phantom.rendering import render
from phantom.subjects import subject
from phantom.write_study import one_series, write_study
from spine.anatomy.grades import Progression, Scale
from spine.anatomy.labels import (
    CORD,
    CSF,
    DISC_LABELS,
    RIB_LEFT,
    RIB_RIGHT,
    SACRUM,
    VERTEBRA_LABELS,
    classes_from_labels,
)
from spine.anatomy.levels import DiscLevel
from spine.dicom.loading import LoadingSettings, load
from spine.dicom.selection import SelectionSettings, select
from spine.dicom.study import Prior, ReadGrade, StatedAge
from spine.errors import Code, Refusal
from spine.findings import (
    AgeEstimate,
    AgeInterval,
    DiscAssessment,
    Evidence,
    Findings,
    ScaleForecast,
    Segmentation,
)
from spine.findings_heat import AgeHeat, LimitedValue
from spine.imaging.orientation import canonical
from spine.imaging.volume import LabelMap, Volume
from spine.reporting.kinds import DEFAULT_KINDS, Kind
from spine.reporting.writing import RunContext, WritingSettings, write
from spine.segmentation.segmenter import Prediction, SegmentationSettings, interpret
from tests.spine.reporting.predictions import (
    AGE_MODEL,
    REFERENCES,
    SEGMENTATION_MODEL,
    forecast,
)

# Turned about the anterior axis, so that the discs lie on several slices, and about the
# superior one; fewer columns than rows: swapped or mirrored axes cannot pass.
PROTOCOL = replace(coarser(LUMBAR_T2, 1.4), columns=172, oblique_degrees=(8.0, -7.0))


# The name of a segment and its label, by the group of structures that shares an object.
LABELS_OF_GROUP = {
    "vertebrae": {
        "Sacrum" if value == SACRUM else str(level): value
        for level, value in sorted(VERTEBRA_LABELS.items(), key=lambda item: item[0].order)
    },
    "discs": {str(level): value for level, value in DISC_LABELS.items()},
    "canal and cord": {"Spinal cord": CORD, "Cerebrospinal fluid": CSF},
    "ribs": {"Ribs, left": RIB_LEFT, "Ribs, right": RIB_RIGHT},
}
LABELS = {name: value for group in LABELS_OF_GROUP.values() for name, value in group.items()}


@dataclass(frozen=True)
class SentStudy:
    """Images and results as they lie in the PACS."""

    uid: str
    findings: Findings
    images: tuple[Path, ...]
    objects: tuple[Path, ...]

    @property
    def series(self) -> int:
        """Number of series, that of the images among them."""
        headers = (dcmread(path, stop_before_pixels=True) for path in self.objects)
        return 1 + len({header.SeriesInstanceUID for header in headers})

    def object_of(self, description: str) -> Path:
        """Return the one object whose series has these words in its description."""
        headers = {path: dcmread(path, stop_before_pixels=True) for path in self.objects}
        (found,) = [path for path, item in headers.items() if description in item.SeriesDescription]
        return found

    def objects_of(self, modality: str) -> dict[str, Path]:
        """Return the objects of a modality by the description of their series."""
        headers = {path: dcmread(path, stop_before_pixels=True) for path in self.objects}
        return {
            str(header.SeriesDescription): path
            for path, header in headers.items()
            if header.Modality == modality
        }


def written(
    findings: Findings,
    folder: Path,
    *,
    demonstration: bool,
    kinds: frozenset[Kind] = DEFAULT_KINDS,
) -> SentStudy:
    """Write the objects about findings that a destination gets."""
    moment = datetime(2025, 3, 15, 10, 30, tzinfo=UTC)
    run = RunContext(folder, moment, "0.1.0", "d" * 64, demonstration=demonstration)
    outcome = write(findings, REFERENCES, run, WritingSettings(objects=kinds))
    assert findings.selection.series is not None
    images = tuple(instance.path for instance in findings.selection.series.instances)
    return SentStudy(findings.selection.study.study_instance_uid, findings, images, outcome.written)


def lumbar_findings(folder: Path, seed: int) -> Findings:
    """A phantom, written and read back, with its true classes and made-up predictions."""
    rendering = render(subject(seed, age_years=61.0), PROTOCOL, np.random.default_rng(seed))
    series = one_series(rendering.volume, PROTOCOL)
    write_study([series], folder, study=StudyIdentity(seed=seed))
    selection = select(load(folder, LoadingSettings()), SelectionSettings())
    assert selection.volume is not None
    labels = canonical(rendering.labels)
    classes = LabelMap(classes_from_labels(labels.data), selection.volume.affine)
    model = SimpleNamespace(reference=SEGMENTATION_MODEL)
    segmentation = interpret(selection.volume, Prediction(classes), model, SegmentationSettings())
    assert not isinstance(segmentation, Refusal)
    levels = [disc.level for disc in segmentation.geometry.discs if disc.level.is_lumbar]
    discs = tuple(DiscAssessment(level, forecasts(level, n)) for n, level in enumerate(levels))
    interval = AgeInterval(61.0, 8.4, 90, 55, 64, 212, "synthetic", 88)
    age = AgeEstimate(61.0, 63.1, 66.4, Evidence.SYNTHETIC, AGE_MODEL, interval=interval)
    return Findings(selection, segmentation, age, discs)


def forecasts(level: DiscLevel, number: int) -> tuple[ScaleForecast | Refusal, ...]:
    """Forecasts of one disc, no two discs alike; one is undetermined, one refused."""
    worse = forecast(Scale.PFIRRMANN, 3, 4, Progression.PROGRESSED)
    same = forecast(Scale.BULGING, 1, 1, Progression.UNCHANGED)
    return (
        replace(worse, progression_probability=0.51 + 0.1 * number),
        replace(same, progression_probability=0.07 + 0.1 * number),
        _schneiderman(level),
    )


def _schneiderman(level: DiscLevel) -> ScaleForecast | Refusal:
    if level is DiscLevel.L5_S1:
        reason = "The model's evidence is synthetic."
        return Refusal(Code.MODEL_NOT_VALIDATED, reason, f"{level} {Scale.SCHNEIDERMAN}")
    if level is DiscLevel.L4_L5:
        return forecast(Scale.SCHNEIDERMAN, None, 2, Progression.UNDETERMINED)
    return forecast(Scale.SCHNEIDERMAN, 3, 3, Progression.NOT_AT_RISK)


def with_heat(findings: Findings) -> Findings:
    """An age network that looked at L4/L5 alone, in all slices, half as much in the back half."""
    segmentation = findings.segmentation
    assert isinstance(segmentation, Segmentation)
    assert isinstance(findings.age, AgeEstimate)
    grid = segmentation.volume.grid
    disc = segmentation.geometry.disc(DiscLevel.L4_L5)
    assert disc is not None
    _, j, k = (round(float(x)) for x in grid.index_from_world(np.array(disc.frame.center)))
    data = np.zeros(grid.shape, dtype=np.float32)
    data[:, j - 12 : j, k - 8 : k + 8] = 0.5
    data[:, j : j + 12, k - 8 : k + 8] = 1.0
    heat = AgeHeat(
        older=Volume(data, grid.affine),
        younger=None,
        older_share=1.0,
        cell_mm=(28.8, 28.8),
        outside_spine=LimitedValue(0.1, 0.3),
        above_c2=LimitedValue(None, 0.1),
        cautions=(),
    )
    return replace(findings, age=replace(findings.age, heat=heat))


def refused(findings: Findings) -> Findings:
    """What the shipped models give with the default settings: segmented, no number given."""
    code, reason = Code.MODEL_NOT_VALIDATED, "The model's evidence is synthetic."
    discs = tuple(
        replace(
            disc,
            forecasts=tuple(Refusal(code, reason, f"{disc.level} {scale}") for scale in Scale),
        )
        for disc in findings.discs
        if isinstance(disc, DiscAssessment)
    )
    return replace(findings, age=Refusal(code, reason, "age"), discs=discs)


def followed(findings: Findings) -> Findings:
    """Add a study eight years earlier, with a grade that was read, and one four, with an age."""
    today = findings.selection.study.patient.study_date
    assert today is not None
    disc = next(item for item in findings.discs if isinstance(item, DiscAssessment))
    models = ("age-dcnn 0.1.0", "spine-segmentation 0.1.0")
    age = StatedAge(58.5, 57.0, 1.5, models, "synthetic", 8.4)
    grade = ReadGrade(disc.level, Scale.PFIRRMANN, 2)
    priors = (
        Prior("1.2.1.9", "1.2.1", today - timedelta(2922), "2017", (grade,), "1.2.1.8"),
        Prior("1.2.2.9", "1.2.2", today - timedelta(1461), "2021", (), "1.2.2.8", age),
    )
    study = replace(findings.selection.study, priors=priors)
    return replace(findings, selection=replace(findings.selection, study=study))


def undecodable(findings: Findings) -> Findings:
    """A candidate of which only the headers could be read."""
    refusal = Refusal(Code.UNDECODABLE, "The pixels of a slice could not be decoded.", "study")
    selection = replace(findings.selection, volume=None, frames=(), refusal=refusal)
    return Findings(selection, refusal, replace(refusal, subject="age"), ())
