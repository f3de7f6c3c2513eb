"""Estimates from virtual reports beside what was planted."""
