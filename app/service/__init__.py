"""The service: intake, workflows, worker, delivery, page."""
