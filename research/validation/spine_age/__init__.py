"""P1's cohort and statistics as one report: on virtual worlds, or on a site's own table."""
