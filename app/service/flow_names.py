"""What workflows and queues are called, and who goes first."""

from app.service.records import RunRecord

INFERENCE_QUEUE = "inference"
# Lower goes first; without any a row would go before all that have one.
STAT_PRIORITY = 1
ROUTINE_PRIORITY = 1000


def queue_of(destination: str) -> str:
    """Return the name of a destination's queue."""
    return f"deliver-{destination}"


def analysis_id(record: RunRecord) -> str:
    """Return the id of a run's analysis."""
    return f"analyze/{record.study_instance_uid}/{record.number}"


def delivery_id(run_id: str, destination: str, number: int = 0) -> str:
    """Return the id of a try to deliver, counted from 0."""
    return f"deliver/{run_id}/{destination}" + (f"/{number}" if number else "")


def family_of(workflow_id: str) -> str:
    """Return the id without the number of a later try."""
    return "/".join(workflow_id.split("/")[:3])


def try_of(workflow_id: str) -> int:
    """Return the number of a try to deliver, counted from 0."""
    return int("".join(workflow_id.split("/")[3:]) or 0)


def priority_of(record: RunRecord) -> int:
    """Return a run's place in its queues."""
    return STAT_PRIORITY if record.is_urgent else ROUTINE_PRIORITY
