import numpy as np

rng = np.random.default_rng(0)
logits = rng.random((1, 20)) + 100


def good_softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


print(good_softmax(logits).sum())
