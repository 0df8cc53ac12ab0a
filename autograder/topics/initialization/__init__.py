"""Cases and slips of the exercises on initialization."""
