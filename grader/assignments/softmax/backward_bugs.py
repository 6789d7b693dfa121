"""What known bugs of a backward pass return, by diagnosis id; their words are in `bugs`.

Each takes `{"x": logits, "upstream": g}`, both of shape (B, N), and returns results by what a
convention gives (`jacobian` or `vjp`), the most frequent first. A bug that only a batch can show
gives the right answer for a single row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from grader.assignments.softmax import oracle
from grader.assignments.softmax.jacobians import diagonals, forms, jacobians
from grader.core.fixture import Inputs
from grader.core.tensor import Float64

__all__ = ["KNOWN"]

_Results = dict[str, tuple[Float64, ...]]


def _diagonal_only(inputs: Inputs) -> _Results:
    """The slope p (1 - p): right where an output depends on its own input alone."""
    p, g = oracle.softmax(inputs), inputs["upstream"]
    slope = p * (1 - p)
    return {"jacobian": (slope, *forms(diagonals(slope))), "vjp": (g * slope,)}


def _missing_correction(inputs: Inputs) -> _Results:
    """diag(p): the derivative of the numerator alone."""
    p, g = oracle.softmax(inputs), inputs["upstream"]
    return {"jacobian": forms(diagonals(p)), "vjp": (g * p,)}


def _sign_flipped(inputs: Inputs) -> _Results:
    product = oracle.softmax_vjp(inputs, inputs["upstream"])
    return {"jacobian": forms(-jacobians(oracle.softmax(inputs))), "vjp": (-product,)}


def _ignores_upstream(inputs: Inputs) -> _Results:
    """Derivatives that hold for no upstream gradient in particular, and the probabilities."""
    p = oracle.softmax(inputs)
    return {"vjp": (p * (1 - p), p, *forms(jacobians(p)))}


def _wrong_axis(inputs: Inputs) -> _Results:
    """The sum over the batch; or probabilities that sum to one over the batch."""
    x, g = inputs["x"], inputs["upstream"]
    p = oracle.softmax(inputs)
    crossed = oracle.softmax({"x": x.T}).T
    found = [p * (g - np.sum(p * g, axis=0, keepdims=True))]
    if len(x) > 1:  # of a single row this is zero, as many another answer may be
        found.append(crossed * (g - np.sum(crossed * g, axis=0, keepdims=True)))
    found.append(crossed * (g - np.sum(crossed * g, axis=-1, keepdims=True)))
    return {"jacobian": forms(jacobians(crossed)), "vjp": tuple(found)}


def _sum_over_all(inputs: Inputs) -> _Results:
    """One sum for the whole batch, as if it were one long row."""
    x, g = inputs["x"], inputs["upstream"]
    p = oracle.softmax(inputs)
    joined = oracle.softmax({"x": x.reshape(1, -1)})
    (square,) = jacobians(joined)
    joined = joined.reshape(x.shape)
    return {
        "jacobian": (square, *forms(jacobians(joined))),
        "vjp": (p * (g - np.sum(p * g)), joined * (g - np.sum(joined * g))),
    }


def _fused_cross_entropy(inputs: Inputs) -> _Results:
    """The difference p - g: the gradient of softmax and cross-entropy together, g the labels."""
    p, g = oracle.softmax(inputs), inputs["upstream"]
    return {"vjp": (p - g, (p - g) / p.shape[0])}


def _unstable_forward(inputs: Inputs) -> _Results:
    """Right but for its probabilities, which are exponentials of float32 logits as they are."""
    x, g = inputs["x"].astype(np.float32), inputs["upstream"]
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.exp(x)
        p = (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float64)
        return {
            "jacobian": forms(jacobians(p)),
            "vjp": (p * (g - np.sum(p * g, axis=-1, keepdims=True)),),
        }


KNOWN: Final[Mapping[str, Callable[[Inputs], Mapping[str, tuple[Float64, ...]]]]] = {
    "diagonal-only": _diagonal_only,
    "missing-correction": _missing_correction,
    "sign-flipped": _sign_flipped,
    "ignores-upstream": _ignores_upstream,
    "wrong-axis": _wrong_axis,
    "sum-over-all": _sum_over_all,
    "fused-cross-entropy": _fused_cross_entropy,
    "unstable-forward": _unstable_forward,
}
