"""SpineMAP's science: a library usable alone, without framework or network."""
