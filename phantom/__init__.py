"""Synthetic subjects with known truth: anatomy, degeneration, MR images, DICOM studies."""
