"""Composition: the graph, its settings, the command line, the service."""
