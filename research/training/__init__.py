"""Training of each network from cohorts on disk; never from the generator itself."""
