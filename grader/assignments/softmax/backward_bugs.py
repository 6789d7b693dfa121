"""What known bugs of a backward pass return; their words are in `bugs`.

Each takes `{"x": logits, "upstream": g}`, both of shape (B, N), and returns results by what a
convention gives (`jacobian` or `vjp`), the most frequent first. A bug that only a batch can show
gives the right answer for a single row. A bug with several formulas is one mistake a formula, so
that one and the same formula has to explain every answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from grader.assignments.softmax import oracle
from grader.assignments.softmax.jacobians import diagonals, forms, jacobians
from grader.core.assignment import Mistake, Results
from grader.core.fixture import Inputs
from grader.core.tensor import DType, Float64

__all__ = ["MISTAKES"]

_Formula = Callable[[Float64, Float64], Results]
"""Of the probabilities and the upstream gradient."""


def _diagonal_only(p: Float64, g: Float64) -> Results:
    """The slope p (1 - p): right where an output depends on its own input alone."""
    slope = p * (1 - p)
    return {"jacobian": (slope, *forms(diagonals(slope))), "vjp": (g * slope,)}


def _missing_correction(p: Float64, g: Float64) -> Results:
    """diag(p): the derivative of the numerator alone."""
    return {"jacobian": forms(diagonals(p)), "vjp": (g * p,)}


def _sign_flipped(p: Float64, g: Float64) -> Results:
    return {"jacobian": forms(-jacobians(p)), "vjp": (-_product(p, g, -1),)}


def _slope_alone(p: Float64, _: Float64) -> Results:
    """Derivatives that hold for no upstream gradient in particular."""
    return {"vjp": (p * (1 - p),)}


def _probabilities_alone(p: Float64, _: Float64) -> Results:
    return {"vjp": (p,)}


def _matrix_alone(p: Float64, _: Float64) -> Results:
    return {"vjp": forms(jacobians(p))}


def _sum_over_batch(p: Float64, g: Float64) -> Results:
    return {"vjp": (_product(p, g, 0),)}


def _sum_over_everything(p: Float64, g: Float64) -> Results:
    return {"vjp": (_product(p, g, None),)}


def _fused(p: Float64, g: Float64) -> Results:
    """The difference p - g: the gradient of softmax and cross-entropy together, g the labels."""
    return {"vjp": (p - g,)}


def _fused_mean(p: Float64, g: Float64) -> Results:
    return {"vjp": ((p - g) / p.shape[0],)}


def _crossed(inputs: Inputs) -> Results:
    """Probabilities that sum to one over the batch; the sum over it, too."""
    p = oracle.softmax({"x": inputs["x"].T}).T
    # of a single row the product is zero, as many another answer may be
    products = (_product(p, inputs["upstream"], 0),) if len(p) > 1 else ()
    return {"jacobian": forms(jacobians(p)), "vjp": products}


def _crossed_forward(inputs: Inputs) -> Results:
    """Probabilities that sum to one over the batch, in a product that is right."""
    p = oracle.softmax({"x": inputs["x"].T}).T
    return {"vjp": (_product(p, inputs["upstream"], -1),)}


def _joined(inputs: Inputs) -> Results:
    """The whole batch as if it were one long row."""
    x = inputs["x"]
    p = oracle.softmax({"x": x.reshape(1, -1)})
    return {
        "jacobian": (jacobians(p)[0],),
        "vjp": (_product(p.reshape(x.shape), inputs["upstream"], None),),
    }


def _joined_rows(inputs: Inputs) -> Results:
    """Likewise, row by row."""
    x = inputs["x"]
    p = oracle.softmax({"x": x.reshape(1, -1)}).reshape(x.shape)
    return {"jacobian": forms(jacobians(p))}


def _unstable_forward(inputs: Inputs) -> Results:
    """Right but for its probabilities, which are exponentials of float32 logits as they are."""
    x, g = inputs["x"].astype(np.float32), inputs["upstream"]
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.exp(x)
        p = (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float64)
        return {"jacobian": forms(jacobians(p)), "vjp": (_product(p, g, -1),)}


def _product(p: Float64, g: Float64, axis: int | None) -> Float64:
    """`p (g - sum(p g))` with the sum over that axis; over all entries where None."""
    return np.asarray(p * (g - np.sum(p * g, axis=axis, keepdims=True)))


_OF_PROBABILITIES: Final[tuple[tuple[str, _Formula], ...]] = (
    ("diagonal-only", _diagonal_only),
    ("missing-correction", _missing_correction),
    ("sign-flipped", _sign_flipped),
    ("ignores-upstream", _slope_alone),
    ("ignores-upstream", _probabilities_alone),
    ("ignores-upstream", _matrix_alone),
    ("wrong-axis", _sum_over_batch),
    ("sum-over-all", _sum_over_everything),
    ("fused-cross-entropy", _fused),
    ("fused-cross-entropy", _fused_mean),
)

_OF_INPUTS: Final[tuple[tuple[str, Callable[[Inputs], Results]], ...]] = (
    ("wrong-axis", _crossed),
    ("wrong-axis", _crossed_forward),
    ("sum-over-all", _joined),
    ("sum-over-all", _joined_rows),
    ("unstable-forward", _unstable_forward),
)


def _mistakes() -> Iterator[Mistake]:
    for bug, formula in _OF_PROBABILITIES:
        yield Mistake((bug,), _with_right_probabilities(formula))
    for bug, results in _OF_INPUTS:
        yield Mistake((bug,), _in_any_precision(results))


def _with_right_probabilities(formula: _Formula) -> Callable[[Inputs, DType], Results]:
    return lambda inputs, _: formula(oracle.softmax(inputs), inputs["upstream"])


def _in_any_precision(results: Callable[[Inputs], Results]) -> Callable[[Inputs, DType], Results]:
    return lambda inputs, _: results(inputs)


MISTAKES: Final = tuple(_mistakes())
"""The most telling first."""
