"""Writing: findings become SEG, SR, SC, pictures and results.json, once and for good."""
