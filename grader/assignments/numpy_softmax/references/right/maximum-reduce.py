import numpy as np


def good_softmax(x: np.ndarray) -> np.ndarray:
    top = np.maximum.reduce(x, axis=-1, keepdims=True)
    e = np.exp(np.subtract(x, top))
    return np.divide(e, np.add.reduce(e, axis=-1, keepdims=True))
