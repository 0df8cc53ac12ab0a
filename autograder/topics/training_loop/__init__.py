"""What is secret about the training loop."""
