"""A study of five discs, networks of known answers, and the question put to them."""

from datetime import date

import numpy as np

from spine.anatomy.geometry import DiscFrame, DiscGeometry, SpineGeometry
from spine.anatomy.grades import Scale
from spine.anatomy.levels import LUMBAR_DISCS, DiscLevel
from spine.degeneration.baseline import COLUMNS
from spine.degeneration.progression import DegenerationSettings, predict
from spine.dicom.study import PatientFacts, Prior, ReadGrade, Selection, Study
from spine.errors import Code, Refusal
from spine.findings import Evidence, ModelReference, Quality, Segmentation
from spine.imaging.volume import LabelMap, Volume
from spine.inference.models import GradingModel, Model, Models
from spine.preprocessing.disc import DiscSpec

WIDTH_MM = 30.0
PATIENT = PatientFacts("42", "CLINIC", date(1960, 2, 1), "F", date(2020, 1, 1), 59.9, None)
STUDY = Study("1.2.3", PATIENT, ())
# Odds of 1 : 2 : 4 : 1 (: 2) for the grades of each scale, in order.
LOGITS = np.log(np.array([1, 2, 4, 1, 2], dtype=np.float32))


class FixedNetwork:
    def __init__(self, classes, logits=LOGITS):
        self.logits = logits[:classes]
        self.batches = []

    def __call__(self, batch):
        self.batches.append(batch)
        return np.repeat(self.logits[None], len(batch), axis=0)


def reference(name, evidence=Evidence.RETROSPECTIVE):
    return ModelReference(name, "0.1.0", "0" * 64, evidence)


def models(evidence=Evidence.RETROSPECTIVE):
    return {
        scale: Model(
            reference(f"disc-{scale}-progression", evidence),
            DiscSpec(scale),
            FixedNetwork(len(scale.grades)),
        )
        for scale in Scale
    }


def grading(scale, *odds, classes=None, evidence=Evidence.RETROSPECTIVE, temperature=1.0):
    logits = np.log(np.array(odds, dtype=np.float32))
    return GradingModel(
        reference(f"disc-{scale}-grade", evidence),
        DiscSpec(scale),
        FixedNetwork(len(odds), logits),
        temperature=temperature,
        classes=classes or scale.classes,
    )


def disc(level, height_mm):
    axes = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
    return DiscGeometry(level, DiscFrame((0.0, 0.0, height_mm), *axes), 9.0)


def segmentation(levels=LUMBAR_DISCS, *, certain=True, evidence=Evidence.RETROSPECTIVE):
    data = np.random.default_rng(0).normal(size=(11, 40, 150)).astype(np.float32)
    affine = np.diag([4.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = (-20, -40, -150)
    discs = tuple(disc(level, 80.0 - 35 * rank) for rank, level in enumerate(levels))
    return Segmentation(
        Volume(data, affine),
        LabelMap(np.zeros(data.shape, dtype=np.uint8), affine),
        SpineGeometry((), discs, WIDTH_MM),
        Quality(5, levels_certain=certain),
        reference("spine-segmentation", evidence),
    )


def settings(tmp_path, *grades):
    """Write a baseline table of (level, scale, grade)."""
    path = tmp_path / "baseline.csv"
    facts = "42,CLINIC,1960-02-01,F,1.2.3"
    rows = [f"{facts},{level},{scale},{grade},2020-01-02" for level, scale, grade in grades]
    path.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")
    return DegenerationSettings(path)


def ask(study=STUDY, models_by_scale=None, gradings=(), **changes):
    segmenter = Model(reference("spine-segmentation"), DiscSpec(Scale.PFIRRMANN), FixedNetwork(5))
    by_scale = {model.spec.scale: model for model in gradings}
    arguments = {
        "segmentation": segmentation(),
        "models": Models(
            segmenter, Refusal(Code.MODEL_MISSING, "", "age"), models_by_scale or models(), by_scale
        ),
        "settings": DegenerationSettings(),
        "minimum_evidence": Evidence.RETROSPECTIVE,
    }
    selection = Selection(study, None, (), None, (), None)
    return predict(selection, *{**arguments, **changes}.values())


def forecast(assessment, scale):
    return assessment.forecasts[list(Scale).index(scale)]


def pfirrmann_of(found, level=0):
    return forecast(found[level], Scale.PFIRRMANN)


def prior(grade, study_date=date(2019, 12, 1), uid="1.2.9"):
    grades = (ReadGrade(DiscLevel.L1_L2, Scale.PFIRRMANN, grade),)
    return Prior(uid, "1.2", study_date, "20200101", grades)
