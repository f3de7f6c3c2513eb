"""What is where: instances, levels, geometry and how far to trust them."""
