"""The evidence gate: a result of weaker evidence than the site asks for is withheld."""

from spine.errors import Code, Refusal
from spine.findings import Evidence


def withhold(evidence: Evidence, minimum: Evidence, subject: str) -> Refusal | None:
    """Return the refusal of a result whose evidence is too weak, None if it may be shown.

    Parameters
    ----------
    evidence : the lowest of all models that the result passed through
    subject : of the refusal, see `Refusal`
    """
    if evidence.rank >= minimum.rank:
        return None
    reason = f"The model's evidence is {evidence.value}; this site asks for {minimum.value}."
    return Refusal(Code.MODEL_NOT_VALIDATED, reason, subject)
