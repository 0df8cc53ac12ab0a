"""Cases and slips of the exercises on batch normalization."""
