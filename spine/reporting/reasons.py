"""Refusals and cautions in results.json."""

from spine.errors import Caution, Refusal
from spine.reporting.measures import Json


def refusal_content(refusal: Refusal) -> Json:
    """Keep code, reason and subject."""
    return {"code": str(refusal.code), "reason": refusal.reason, "subject": refusal.subject}


def caution_content(caution: Caution) -> Json:
    """Keep code and reason."""
    return {"code": str(caution.code), "reason": caution.reason}
