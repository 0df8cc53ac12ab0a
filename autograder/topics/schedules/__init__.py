"""What is secret about schedules."""
