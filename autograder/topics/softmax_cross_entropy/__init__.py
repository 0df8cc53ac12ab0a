"""Cases and misconceptions of the exercises on softmax and cross-entropy."""
