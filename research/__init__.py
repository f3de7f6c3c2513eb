"""Offline: cohorts, training, evaluation, export. Never part of the image."""
