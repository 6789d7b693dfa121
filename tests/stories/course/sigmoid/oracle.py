"""The mathematics of the course's assignment."""

import numpy as np

from grader.core.tensor import EPS


def sigmoid(inputs):
    x = inputs["x"]
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def bound(inputs, dtype, expected):
    return np.full_like(expected, 8 * EPS[dtype])


def vjp(inputs, upstream):
    p = sigmoid(inputs)
    return upstream * p * (1 - p)


def vjp_bound(inputs, upstream, dtype):
    return np.full_like(upstream, 16 * EPS[dtype])
