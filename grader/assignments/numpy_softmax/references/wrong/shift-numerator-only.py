import numpy as np


def good_softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(np.exp(x), axis=-1, keepdims=True)
