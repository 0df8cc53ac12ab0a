"""The worked example of chapter 02: one photo of a dog, and the scores that a network gives it."""

import numpy as np

CLASSES = ("cat", "dog", "fox", "owl")
SCORES = np.array([3.0, 1.6, 3.8, -2.0])
TRUE = 1
EXPONENTIALS = np.exp(SCORES)
PROBABILITIES = EXPONENTIALS / EXPONENTIALS.sum()
