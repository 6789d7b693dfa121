import numpy as np


def good_softmax(x: np.ndarray) -> np.ndarray:
    # TODO
    pass
