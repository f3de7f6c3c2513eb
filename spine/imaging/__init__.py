"""Volumes and label maps in world space (RAS+, mm), and operations on them."""
