"""The standard: reading studies, geometry, identifiers and codes."""
