"""Virtual reports at P1's size, with planted classes and effects beside them."""
