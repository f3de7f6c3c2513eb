"""How good the segmentation is: outlines, levels, and what the quality gate refuses."""
