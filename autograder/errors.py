"""What a person has to put right."""


class CourseError(Exception):
    """Something about the course or its input that a person has to put right; the message says how."""
