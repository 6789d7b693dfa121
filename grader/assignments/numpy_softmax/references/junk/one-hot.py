import numpy as np


def good_softmax(x: np.ndarray) -> np.ndarray:
    return (x == x.max(axis=-1, keepdims=True)).astype(x.dtype)
