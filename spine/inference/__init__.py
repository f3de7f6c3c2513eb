"""Loading models: card, approval, weights, backend."""
