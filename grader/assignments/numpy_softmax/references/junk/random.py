import numpy as np


def good_softmax(x: np.ndarray) -> np.ndarray:
    return np.random.rand(*x.shape)
