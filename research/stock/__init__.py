"""Weights of stock nnU-Nets from outside, turned into a model folder that the service loads."""
