"""Cases and slips of the exercises of the first notebook."""
