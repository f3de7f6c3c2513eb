"""Virtual cohorts: phantoms rendered to files, with their truth beside them."""
