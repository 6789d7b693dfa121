import numpy as np


def good_softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x.astype(float) - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
