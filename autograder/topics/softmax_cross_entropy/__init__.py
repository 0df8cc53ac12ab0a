"""Cases and slips of the exercises on softmax and cross-entropy."""
