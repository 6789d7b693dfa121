import numpy as np


def good_softmax(x: np.ndarray) -> np.ndarray:
    return np.zeros_like(x)
