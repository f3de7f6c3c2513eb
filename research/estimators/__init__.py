"""From tables of reports to P1's cohort and statistics; reads files, never a generator."""
