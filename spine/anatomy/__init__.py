"""Levels, tissue classes, grades, label values and geometry of the spine."""
