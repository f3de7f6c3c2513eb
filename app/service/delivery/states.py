"""How an attempt ended, where it did not fail."""

DELIVERED = "DELIVERED"
# Not to be tried before a person releases it; asking again is cheap.
HELD = "HELD"
# Everything is stored; the destination has not yet said that it keeps it.
COMMITMENT_PENDING = "COMMITMENT_PENDING"
# Somebody else is just delivering the same.
BUSY = "BUSY"
