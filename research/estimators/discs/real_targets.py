"""What a grading model must reach on real patients, out of fold, to be called validated on them."""

from research.estimators.discs.real_gradings import (
    AGE_LEVEL,
    ALL,
    AUC,
    BALANCED,
    FAR,
    KAPPA,
    MODEL,
    TRUE_PFIRRMANN,
    RealGradings,
)
from spine.anatomy.grades import Scale

LEAST_KAPPA, MOST_FAR = 0.70, 0.04


def meets_targets(gradings: RealGradings, scale: Scale) -> bool:
    """Tell whether a scale's model meets every target; a scale without any never does.

    Discs without a Pfirrmann answer count as off by more than one. Bulging has to be told better
    than by age and level, and than by them and a reader's Pfirrmann grade, on all discs but 4 %.
    """
    values = {
        (one.row, one.less, one.measure): one
        for one in gradings.found
        if one.scale is scale and one.discs == ALL
    }
    if (MODEL, "", KAPPA) in values:
        far, unanswered = values[MODEL, "", FAR], gradings.unanswered[scale]
        share = (far.figure.value * far.n + unanswered) / (far.n + unanswered)
        return values[MODEL, "", KAPPA].figure.value >= LEAST_KAPPA and share <= MOST_FAR
    bulging = [one for one in gradings.found if one.scale is scale]
    unanswered = gradings.unanswered.get(scale, 0)
    if bulging and unanswered > MOST_FAR * (bulging[0].n + unanswered):
        return False
    beyond = [
        values.get((MODEL, rule, measure))
        for rule in (AGE_LEVEL, TRUE_PFIRRMANN)
        for measure in (AUC, BALANCED)
    ]
    return all(one is not None and one.figure.value > 0 for one in beyond)
