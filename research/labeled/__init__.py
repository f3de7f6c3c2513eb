"""Labeled MR data sets of any origin, read through a mapping file (docs/adr/0032)."""
