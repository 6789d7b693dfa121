"""The softmax of a row of scores, without overflow."""
