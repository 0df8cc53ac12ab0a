"""Cases and slips of the exercises on dropout."""
