"""How an attempt ended, where it did not fail."""

DELIVERED = "DELIVERED"
# Not to be tried before a person releases it; asking again is cheap.
HELD = "HELD"
# Everything is stored; the destination has not yet said that it keeps it.
COMMITMENT_PENDING = "COMMITMENT_PENDING"
# The run was recalled, and all that could be taken back is.
WITHDRAWN = "WITHDRAWN"
# Somebody else is just delivering the same.
BUSY = "BUSY"
