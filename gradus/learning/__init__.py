"""The learner's path: predictions, hints, progress, the start page, handing in. Nothing here is ever graded."""
