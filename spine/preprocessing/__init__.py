"""The input of each network: a frozen spec, and one implementation for training and service."""
