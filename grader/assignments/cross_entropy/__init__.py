"""The mean cross-entropy of logits and target classes, without overflow, and its gradient."""
