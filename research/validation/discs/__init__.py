"""How good forecasts of discs are: beside P2, beside no image, beside the oracle."""
