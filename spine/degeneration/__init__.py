"""How worn the discs are and will be (P2)."""
