"""The grade that a disc has now, by a grading model: the last source of a baseline grade."""

from spine.anatomy.grades import BaselineKind, Scale
from spine.degeneration.asking import DiscView, ask
from spine.errors import Caution, Code, OutOfFieldError
from spine.findings import Baseline, Evidence, Grading
from spine.inference.evidence import withhold
from spine.inference.models import GradingModel, Models


def baseline_from_model(model: GradingModel, view: DiscView) -> Baseline | None:
    """Grade a disc; None where the model cannot, which then is no source.

    Returns
    -------
    The most probable grade with the whole distribution, however uncertain it is.
    """
    try:
        answer = ask(model, view.region(model.spec))
    except OutOfFieldError:
        return None
    if answer is None:
        return None
    grading = Grading(model.classes, tuple(map(float, answer.probabilities)), model.reference)
    grades = model.classes[answer.index]
    reference = model.reference
    return Baseline(
        grade=min(grades),
        source=f"{BaselineKind.MODEL} {reference.name} {reference.version}",
        kind=BaselineKind.MODEL,
        is_open=len(grades) > 1,
        grading=grading,
    )


def usable_gradings(
    models: Models, segmentation: Evidence, minimum: Evidence
) -> tuple[dict[Scale, GradingModel], tuple[Caution, ...]]:
    """Return the grading models of enough evidence, and a caution where there are others.

    Parameters
    ----------
    segmentation : evidence of the segmentation, on which every grade rests
    """
    usable: dict[Scale, GradingModel] = {}
    weak: list[str] = []
    for scale, model in models.gradings.items():
        evidence = Evidence.lowest(segmentation, model.reference.evidence)
        if withhold(evidence, minimum, scale.value) is None:
            usable[scale] = model
        else:
            weak.append(f"{model.reference.name} ({evidence})")
    if not weak:
        return usable, ()
    reason = f"Not used, since this site asks for {minimum} evidence: {', '.join(weak)}."
    return usable, (Caution(Code.GRADING_NOT_VALIDATED, reason),)
