"""The virtual longitudinal cohort of P2: its parameters, its people, its images."""
