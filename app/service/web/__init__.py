"""The page: health for machines, and on this very machine the runs with their pictures."""
