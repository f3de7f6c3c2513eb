"""How good spine ages are: against age, between scans, and where they lie far off (P1)."""
