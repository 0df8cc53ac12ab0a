"""What is secret about each topic: hidden cases and misconceptions."""
