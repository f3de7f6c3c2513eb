"""How old a spine is (P1)."""
