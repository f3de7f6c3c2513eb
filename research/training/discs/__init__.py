"""Training of disc networks on graded discs with a follow-up: folds, imbalance, finetuning."""
