"""The course's figures, by notebook: ``NN_topic/NAME.py`` has ``TITLE``, ``ALT`` and ``draw() -> Figure``."""
