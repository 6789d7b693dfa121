"""What the tests of candidates look for, below a notebook's forward pass."""

from __future__ import annotations

from textwrap import dedent
from typing import Final

from grader.core.slice import Slice, Wanted
from grader.slicing import candidates

from .story import notebook

WANTED: Final = Wanted(
    "backward",
    (),
    given=("import torch",),
    like=(
        "backward",
        "jacobian|jacobi|jac",
        "derivative|derive|deriv",
        "grad",
        "backprop|bprop",
        "d_?softmax|softmax_?(prime|der)|vjp",
    ),
    unlike=(
        "check|test|verif|compar|plot|print|show|numeric|finite|descent|clip|zero_grad|optim|train"
        "|sigmoid|relu|tanh|loss|mse|entropy|log_?softmax",
    ),
)
FORWARD: Final = """
    import torch
    from torch import nn
    ---
    def good_softmax(x):
        e = torch.exp(x - x.max(-1, keepdim=True).values)
        return e / e.sum(-1, keepdim=True)
    ---
    """


def found_in(text: str, *, name: str | None = None, forward: bool = True) -> tuple[Slice, ...]:
    """The candidates of `text`, with a `good_softmax` above it."""
    whole = (dedent(FORWARD) if forward else "") + dedent(text)
    return candidates(notebook(whole), WANTED, name=name, apart=frozenset({"good_softmax"}))


def names(text: str) -> list[str]:
    """Symbols and methods, in order."""
    return [f"{one.symbol}.{one.method}" if one.method else one.symbol for one in found_in(text)]


def only(text: str, *, name: str | None = None) -> Slice:
    """The one candidate of `text`."""
    (one,) = found_in(text, name=name)
    return one
