"""The backward pass of softmax: right answers in every form students give them, and their bounds.

With p the softmax of a row x, its Jacobian is diag(p) - p p^T, and the vector-Jacobian product
(VJP) with an upstream gradient g is p (g - sum(p g)). Both are computed in float64, analytically.
Every function takes `{"x": logits, "upstream": g}`, both of shape (B, N): B rows of N.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from grader.assignments.rounding import ALLOWED, largest
from grader.assignments.softmax import oracle
from grader.assignments.softmax.backward_bugs import MISTAKES
from grader.assignments.softmax.backward_conventions import CONVENTIONS, EXTREME, SPELT
from grader.assignments.softmax.backward_repairs import BACKWARD_REPAIRS
from grader.assignments.softmax.jacobians import forms, jacobians
from grader.core.assignment import Kind, Task
from grader.core.convention import StandIn
from grader.core.fixture import Inputs, Truth
from grader.core.slice import Wanted
from grader.core.tensor import DType, Float64

__all__ = ["BACKWARD", "LEAST", "MOST", "accepted", "bound", "refuse_extreme", "refuse_ordinary"]

LEAST: Final = 0.01
"""Where the truth is smaller everywhere, zeros are too close to it to be told from it."""

MOST: Final = 200
"""Most numbers in a batch: a whole Jacobian of it has the square of that."""

_STAND_IN: Final = """\
def {name}(x, *_, **__):
    import numpy
    import torch

    plain = isinstance(x, (numpy.ndarray, numpy.generic))
    if isinstance(x, (list, tuple)):
        rows = torch.stack([torch.as_tensor(row) for row in x])
    else:
        rows = torch.as_tensor(numpy.array(x) if plain else x)
    rows = rows if rows.is_floating_point() else rows.float()
    powers = torch.exp(rows - rows.max(dim=-1, keepdim=True).values)
    probs = powers / powers.sum(dim=-1, keepdim=True)
    return probs.numpy() if plain else probs
"""
"""Whatever kind of array the student's own forward pass may be handed, one row or more."""

_WANTED: Final = Wanted(
    role="backward",
    names=(),
    given=("import torch", "from torch import Tensor"),
    like=(
        r"backward|back_?pass",
        r"jac(obi|$|_)|(^|_)jac",
        r"deriv|differentia(te|l)|ableit",
        r"grad(?!e|ual)",
        r"(back|retro)_?prop|b_?prop|r(ü|ue?)ckw|pochodn",
        r"(^|_)d_?soft_?max|soft_?max_?(prime|der|diff|d$|bwd|back)|(^|_)vjp|bwd",
        r"^(j|nabla)_?soft_?max|soft_?max_(j|dx)$|^d[a-z]{1,7}_d[a-z]\d?$|delta_?soft_?max",
    ),
    unlike=(
        r"check|verif|compar|assert|plot|print|show|draw|display|explain",
        r"(^|_)tests?(_|\d|$)|^test|_test",
        r"numeric|(^|_)num_|finite|approx|auto_?grad|auto_?diff",
        r"descent|ascent|optimi[sz]er|optim($|_)|(^|_)step$|^updat|clip|train|(^|_)fit(_|$)|hook",
        r"(zero|no|enable|requires|set|accumulate)_grad",
        r"sigmoid|relu|tanh|log_?soft_?max|linear|affine|conv\d|dense",
        r"^(?!.*soft_?max).*(loss|mse|entropy|nll)",
    ),
    surely=(r"soft_?max",),
    others=(
        r"^(?!.*soft_?max).*(sigmoid|relu|tanh|linear|affine|conv\d|dense|dropout|pool|loss|mse)",
        r"^(?!.*soft_?max).*(cross_?entropy|regress|log_?reg|perceptron|mlp|network)",
    ),
    prose=(
        r"\\partial|∂|\\nabla|∇|\\frac\s*\{\s*(d|\\mathrm\s*\{\s*d\s*\})\s*[\\\w{}_^()]*\s*\}",
        r"\bd\s?[a-z]\w*\s*/\s*d\s?[a-z]\w*",
        r"\)\s*'\s*=|soft_?max\s*'",
        r"\bderivatives?\b|\bdérivée?s?\b|\bableitung",
        r"\bjacobi(an|enne|sche)?\b|\bvjp\b|vector-jacobian",
        r"\b(chain|quotient|product)\s+rule\b|\brègle\s+de\s+la\s+chaîne|\bkettenregel",
        r"\bkronecker|\\delta_?\{?\s*i\s*j|δ_?\{?ij",
        r"\bgradients?\s*(\$|is\b|are\b|=|:|w\.?\s?r\.?\s?t|with\s+respect|with\s+regard)",
        r"\bgradient\s+of\s+(the\s+)?(soft_?max|loss|output|\$)",
        r"\bbackward\s+pass\b",
    ),
)
"""No name is asked for. `prose` leaves out the words of the question itself."""


def accepted(inputs: Inputs, dtype: DType) -> dict[str, tuple[Truth, ...]]:
    """Right results by what a convention gives.

    vjp       (B, N)
    jacobian  (B, N, N), (B, N, B, N), (B N, B N), and flat; a single row has no block form
    """
    x, upstream = inputs["x"], inputs["upstream"]
    product = oracle.softmax_vjp(inputs, upstream)
    room = oracle.softmax_vjp_bound(inputs, np.ones_like(x), dtype)
    # the same for every entry of a row, between rows too
    rows, classes = x.reshape(-1, x.shape[-1]).shape
    blocks = jacobians(oracle.softmax(inputs))
    apart = np.broadcast_to(room.reshape(rows, classes)[:, :1, None], blocks.shape)
    shaped = zip(forms(blocks), forms(apart, between=room.reshape(rows, -1)[:, 0]), strict=True)
    return {
        "vjp": (Truth(product, bound(inputs, dtype, product)),),
        "jacobian": tuple(Truth(values, allowed) for values, allowed in shaped),
    }


def bound(inputs: Inputs, dtype: DType, _expected: Float64) -> Float64:
    """`4 rtol(x) max|p| max|g| + 1e-9`, row by row: how far a VJP may be off."""
    return oracle.softmax_vjp_bound(inputs, inputs["upstream"], dtype)


def refuse_ordinary(inputs: Inputs, dtype: DType, expected: Float64) -> str | None:
    """Ordinary: logits whose plain exponentials stay well in range, so only the formula is judged.

    Also of sizes and values on which answers of no worth can be told from right ones.
    """
    if reason := _refuse(inputs, dtype, expected):
        return reason
    most = ALLOWED[dtype].overflow / 2
    if np.any(largest(inputs["x"]) > most):
        return f"expected logits of at most {most:g} in {dtype}: larger ones are `{EXTREME}`"
    return None


def refuse_extreme(inputs: Inputs, dtype: DType, expected: Float64) -> str | None:
    """Extreme: a row for which the plain exponentials overflow, or all of them vanish."""
    if reason := _refuse(inputs, dtype, expected):
        return reason
    tops = inputs["x"].max(axis=-1)
    limit = ALLOWED[dtype].overflow
    if not np.any((tops > limit) | (tops < -1.25 * limit)):
        return f"expected a row with its largest logit above {limit:g} or below {-1.25 * limit:g}"
    return None


def _refuse(inputs: Inputs, dtype: DType, expected: Float64) -> str | None:
    x, upstream = inputs["x"], inputs["upstream"]
    if x.ndim != 2 or x.shape != upstream.shape or upstream.dtype != x.dtype:
        return "expected `x` and `upstream` of one shape (B, N) and one dtype"
    if not 0 < x.size <= MOST:
        return f"expected 1 to {MOST} numbers"
    if not np.all(np.isfinite(x)) or not np.all(np.isfinite(upstream)):
        return "expected finite numbers"
    if reason := oracle.refuse_ordinary({"x": x}, dtype, expected):
        return reason
    if np.any(np.ptp(upstream, axis=-1) == 0):
        return "expected no row of equal numbers in `upstream`: any gradient of it is zero"
    for gives, truths in accepted(inputs, dtype).items():
        truth = truths[0]
        if not np.any(np.abs(truth.expected) >= np.maximum(LEAST, 2 * truth.bound)):
            return f"zeros are too close to the true {gives}, below {LEAST} everywhere"
    return None


def _product(inputs: Inputs) -> Float64:
    return oracle.softmax_vjp(inputs, inputs["upstream"])


_TRIVIAL: Final = {
    "zeros": lambda inputs: np.zeros_like(inputs["x"]),
    "ones": lambda inputs: np.ones_like(inputs["x"]),
    "identity": lambda inputs: inputs["x"],
    "upstream": lambda inputs: inputs["upstream"],
}

_KINDS: Final[Mapping[str, Kind]] = {
    "ordinary": Kind(bound, refuse_ordinary),
    EXTREME: Kind(bound, refuse_extreme),
}

BACKWARD: Final = Task(
    wanted=_WANTED,
    arguments=("x", "upstream"),
    oracle=_product,
    kinds=_KINDS,
    trivial=_TRIVIAL,
    # a softmax has nothing to learn, so the rate that each layer is handed does not matter
    fills={"dim": -1, "axis": -1, "learning_rate": 1, "lr": 1},
    proves={
        "own-argument": "global-logits",
        "from-scratch": "library-autograd",
        "uncalled": "never-called",
    },
    conventions=CONVENTIONS,
    derived={"probs": oracle.softmax},
    accepted=accepted,
    spelt=SPELT,
    discovery="backward-discovery",
    stand_in=StandIn("forward", _STAND_IN),
    mistakes=MISTAKES,
    repairs=BACKWARD_REPAIRS,
)
"""Grades a backward pass, whatever its calling convention; nothing in it is differentiated."""
