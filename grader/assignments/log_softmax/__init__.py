"""The logarithm of the softmax of a row of scores, without overflow or loss."""
