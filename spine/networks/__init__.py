"""The architectures, each citing its paper."""
