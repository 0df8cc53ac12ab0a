"""The course's figures: one module per figure with ``TITLE``, ``TOPIC``, ``ALT`` and ``draw() -> Figure``."""
