"""Measuring models; the one room of research that sees both worlds and trained models."""
