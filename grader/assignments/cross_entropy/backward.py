"""The gradient of the cross-entropy: right answers in every form students give them, and bounds.

Every function takes `{"x": logits, "target": classes, "upstream": g}` of shapes (B, N), (B,) and
(): the loss is a scalar, and so is its upstream gradient.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from grader.assignments.cross_entropy import oracle
from grader.assignments.cross_entropy.backward_bugs import MISTAKES
from grader.assignments.cross_entropy.backward_conventions import CONVENTIONS, EXTREME, SPELT
from grader.assignments.rounding import ALLOWED, largest
from grader.assignments.softmax.oracle import softmax
from grader.core.assignment import Kind, Task
from grader.core.convention import StandIn
from grader.core.fixture import Inputs, Truth
from grader.core.slice import Wanted
from grader.core.tensor import DType, Float64

__all__ = ["BACKWARD", "LEAST", "accepted", "bound", "refuse_extreme", "refuse_ordinary"]

LEAST: Final = 0.01
"""Where the truth is smaller everywhere, zeros are too close to it to be told from it."""

_STAND_IN: Final = """\
def {name}(x, target, *_, **__):
    import numpy
    import torch

    plain = isinstance(x, (numpy.ndarray, numpy.generic))
    rows = torch.as_tensor(numpy.array(x) if plain else x)
    classes = torch.as_tensor(numpy.array(target) if plain else target).long()
    shifted = rows - rows.max(dim=-1, keepdim=True).values
    logarithms = shifted - torch.log(torch.exp(shifted).sum(dim=-1, keepdim=True))
    loss = -logarithms[torch.arange(len(rows)), classes].mean()
    return loss.numpy() if plain else loss
"""
"""Whatever kind of array the student's own loss may be handed."""

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
        r"(^|_)d_?(loss|ce|nll|cross_?entropy)|(loss|ce|entropy)_?(prime|der|diff|d$|bwd|back)",
        r"(^|_)vjp|bwd|^d(l|loss)_?d\w{1,7}$|delta_?(loss|ce|cross_?entropy)",
    ),
    unlike=(
        r"check|verif|compar|assert|plot|print|show|draw|display|explain",
        r"(^|_)tests?(_|\d|$)|^test|_test",
        r"numeric|(^|_)num_|finite|approx|auto_?grad|auto_?diff",
        r"descent|ascent|optimi[sz]er|optim($|_)|(^|_)step$|^updat|clip|train|(^|_)fit(_|$)|hook",
        r"(zero|no|enable|requires|set|accumulate)_grad",
        r"sigmoid|relu|tanh|linear|affine|conv\d|dense|mse",
        r"^(?!.*(loss|entropy|nll|ce(_|$))).*soft_?max",
    ),
    surely=(r"cross_?entropy|nll|loss",),
    others=(
        r"^(?!.*(cross_?entropy|nll)).*(sigmoid|relu|tanh|linear|affine|conv\d|dense|dropout|mse)",
        r"^(?!.*(loss|entropy|nll|ce$)).*(soft_?max|regress|perceptron|mlp|network)",
    ),
    prose=(
        r"\\partial|∂|\\nabla|∇|\\frac\s*\{\s*(d|\\mathrm\s*\{\s*d\s*\})\s*[\\\w{}_^()]*\s*\}",
        r"\bd\s?[a-z]\w*\s*/\s*d\s?[a-z]\w*",
        r"\bderivatives?\b|\bdérivée?s?\b|\bableitung",
        r"\b(chain|quotient)\s+rule\b|\brègle\s+de\s+la\s+chaîne|\bkettenregel",
        r"\bone-?hot\b",
        r"\bgradients?\s*(\$|is\b|are\b|=|:|w\.?\s?r\.?\s?t|with\s+respect|with\s+regard)",
        r"\bgradient\s+of\s+(the\s+)?(loss|cross-?entropy|\$)",
    ),
)
"""No name is asked for. `prose` leaves out the words of the question itself."""


def accepted(inputs: Inputs, dtype: DType) -> dict[str, tuple[Truth, ...]]:
    """Right results by what a convention gives, both of shape (B, N).

    gradient  of the loss by the logits
    vjp       that times the upstream gradient
    """
    one = np.ones(())
    return {
        "gradient": (
            Truth(
                oracle.cross_entropy_vjp(inputs, one),
                oracle.cross_entropy_vjp_bound(inputs, one, dtype),
            ),
        ),
        "vjp": (Truth(_product(inputs), bound(inputs, dtype, _product(inputs))),),
    }


def bound(inputs: Inputs, dtype: DType, _expected: Float64) -> Float64:
    """`2 r |g| / B + 1e-9`, row by row: how far the product may be off."""
    return oracle.cross_entropy_vjp_bound(inputs, inputs["upstream"], dtype)


def refuse_ordinary(inputs: Inputs, dtype: DType, expected: Float64) -> str | None:
    """Ordinary: logits whose plain exponentials stay well in range, so only the formula is judged.

    Also of values on which answers of no worth can be told from right ones.
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
    upstream = inputs["upstream"]
    if upstream.shape != () or not np.isfinite(upstream):
        return "expected one finite number for `upstream`"
    if reason := oracle.refuse(inputs, dtype, expected):
        return reason
    if not np.all(np.isfinite(inputs["x"])):
        return "expected finite numbers"
    for gives, truths in accepted(inputs, dtype).items():
        truth = truths[0]
        if not np.any(np.abs(truth.expected) >= np.maximum(LEAST, 2 * truth.bound)):
            return f"zeros are too close to the true {gives}, below {LEAST} everywhere"
    return None


def _product(inputs: Inputs) -> Float64:
    return oracle.cross_entropy_vjp(inputs, inputs["upstream"])


_KINDS: Final[Mapping[str, Kind]] = {
    "ordinary": Kind(bound, refuse_ordinary),
    EXTREME: Kind(bound, refuse_extreme),
}

BACKWARD: Final = Task(
    wanted=_WANTED,
    arguments=("x", "target", "upstream"),
    oracle=_product,
    kinds=_KINDS,
    trivial={
        "zeros": lambda inputs: np.zeros_like(inputs["x"]),
        "ones": lambda inputs: np.ones_like(inputs["x"]),
        "identity": lambda inputs: inputs["x"],
        "probabilities": softmax,
        "one-hot": oracle.one_hot,
    },
    # a loss has nothing to learn, so the rate that each layer is handed does not matter
    fills={"dim": -1, "axis": -1, "learning_rate": 1, "lr": 1},
    proves={
        "own-argument": "global-logits",
        "from-scratch": "library-autograd",
        "uncalled": "never-called",
    },
    conventions=CONVENTIONS,
    derived={"probs": softmax, "onehot": oracle.one_hot},
    accepted=accepted,
    spelt=SPELT,
    discovery="backward-discovery",
    stand_in=StandIn("forward", _STAND_IN),
    mistakes=MISTAKES,
)
"""Grades the gradient, whatever its calling convention; nothing in it is differentiated."""
