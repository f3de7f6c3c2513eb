"""Speed, measured side by side in one run and written to ``build/bench.json``."""
