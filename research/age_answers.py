"""The table of what an age network said, written by training and read by validation."""

PREDICTIONS_FILE = "predictions.csv"
COLUMNS = (
    "part",
    "subject_id",
    "person_id",
    "sex",
    "age_years",
    "scanner",
    "clinic",
    "predicted_years",
)
"""One row a scan; the answer is not bias-corrected."""
