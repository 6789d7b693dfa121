"""The softmax of a row of scores, NumPy arrays in and out."""
