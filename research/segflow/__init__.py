"""The label-free route of P2: rules, votes, a network trained on the votes (MRI-SegFlow)."""
