"""Made-up models and what they said about the lumbar discs."""

from dataclasses import replace

from spine.anatomy.grades import BaselineKind, Progression, Scale, Undetermined
from spine.anatomy.levels import DiscLevel
from spine.errors import Code, Refusal
from spine.findings import (
    Baseline,
    DiscAssessment,
    Evidence,
    Grading,
    ModelReference,
    ScaleForecast,
)

SEGMENTATION_MODEL = ModelReference("spine-segmentation", "0.1.0", "a" * 64, Evidence.SYNTHETIC)
AGE_MODEL = ModelReference("age-dcnn", "0.1.0", "b" * 64, Evidence.SYNTHETIC)
DISC_MODEL = ModelReference(
    "disc-pfirrmann-progression",
    "0.1.0",
    "c" * 64,
    Evidence.SYNTHETIC,
    "Adults of a made-up town.",
)
REFERENCES = (SEGMENTATION_MODEL, AGE_MODEL, DISC_MODEL)


GRADING_MODEL = ModelReference(
    "disc-bulging-grade", "0.2.0", "e" * 64, Evidence.SYNTHETIC, "Patients of a clinic."
)


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
        grade_progression=progression,
        undetermined=Undetermined.NO_BASELINE if baseline is None else None,
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


def graded_forecasts() -> tuple[ScaleForecast, ...]:
    """A grade of each source: the table, an earlier report, and a model that cannot tell."""
    by_report = Baseline(2, "earlier report, study of 2024-12-01", BaselineKind.PRIOR)
    grading = Grading(((0,), (1,), (2, 3)), (0.05, 0.05, 0.9), GRADING_MODEL)
    by_model = Baseline(
        2, "grading model disc-bulging-grade 0.2.0", BaselineKind.MODEL, is_open=True,
        grading=grading,
    )  # fmt: skip
    contradicting = forecast(Scale.SCHNEIDERMAN, 2, 2, Progression.UNDETERMINED)
    return (
        forecast(Scale.PFIRRMANN, 3, 4, Progression.PROGRESSED),
        replace(
            contradicting,
            baseline=by_report,
            progression_probability=0.55,
            grade_progression=Progression.UNCHANGED,
            undetermined=Undetermined.CONTRADICTION,
        ),
        replace(
            forecast(Scale.BULGING, 2, 1, Progression.UNDETERMINED),
            baseline=by_model,
            progression_probability=None,
            grade_progression=Progression.UNDETERMINED,
            undetermined=Undetermined.OPEN_CLASS,
        ),
    )
