"""What is secret about each topic: cases and slips."""
