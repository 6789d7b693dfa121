"""The ways in which students make the gradient of a cross-entropy callable, best liked first.

A loss has a scalar upstream gradient, mostly 1 and left out: `gives` says whether the result is the
gradient of the loss itself (`gradient`) or that times the upstream gradient (`vjp`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from grader.core.convention import Convention

__all__ = ["CONVENTIONS", "EXTREME", "SPELT"]

EXTREME: Final = "extreme"
"""The kind of fixtures that ask for a stable softmax: who is handed probabilities computes none."""

_GRADIENT_OF: Final[tuple[tuple[str, ...], ...]] = (
    ("x", "target"),
    ("target", "x"),
    ("probs", "target"),
    ("target", "probs"),
    ("x", "onehot"),
    ("onehot", "x"),
    ("probs", "onehot"),
    ("onehot", "probs"),
)
"""What the gradient of the loss is made from."""

_PRODUCT_OF: Final[tuple[tuple[str, ...], ...]] = (
    ("x", "target", "upstream"),
    ("upstream", "x", "target"),
    ("probs", "target", "upstream"),
    ("upstream", "probs", "target"),
    ("x", "onehot", "upstream"),
    ("upstream", "x", "onehot"),
    ("probs", "onehot", "upstream"),
    ("upstream", "probs", "onehot"),
)
"""What its product with an upstream gradient is made from."""

SPELT: Final[Mapping[str, str]] = {
    "x": r"x\d*|xs|inputs?|(in_?)?data|z\d*|zs|logits?|scores?|a|out(put)?s?|(y_?)?pred(iction)?s?",
    "target": (
        r"t|ts|y\d*|ys|y_?true|targets?|labels?|lab|class(es)?|idx|indices|index|truth|gt"
        r"|ground_?truth|correct|(true_?)(class(es)?|labels?)|targ|c"
    ),
    "onehot": r"y\d*|t|one_?hot(s|ted)?(_?\w+)?|y_?(one_?hot|true|hot|enc)|targets?|labels?",
    "probs": r"p\d*|ps|q|y_?hat|probs?|probas?|probabilit(y|ies)|soft_?max\w*|sm|s|y_?pred|preds?",
    "upstream": r"g|go|gout|u|up|upstream(_?\w+)?|d_?(out|loss|l)|dl|grad\w*|\w+_grad|v|delta",
}
"""Parameter names by what they are given, the whole of each, ignoring case."""


def _spared(passes: tuple[str, ...]) -> tuple[str, ...]:
    return (EXTREME,) if "probs" in passes else ()


def _functions() -> Iterator[Convention]:
    for gives, many in (("gradient", _GRADIENT_OF), ("vjp", _PRODUCT_OF)):
        for passes in many:
            name = f"f({', '.join(passes)})"
            yield Convention(name, gives, gives, passes, spares=_spared(passes))


def _methods() -> Iterator[Convention]:
    """After `forward`, then without: a class may be no more than a place for the function."""
    yield _method((), "gradient", before=("x", "target"))
    yield _method(("upstream",), "vjp", before=("x", "target"))
    yield _method((), "gradient", before=("x", "onehot"))
    yield _method(("upstream",), "vjp", before=("x", "onehot"))
    for before in (("x", "target"), ()):
        for passes in _GRADIENT_OF[:4]:
            yield _method(passes, "gradient", before=before)
    for passes in _PRODUCT_OF[:2]:
        yield _method(passes, "vjp", before=())


def _method(passes: tuple[str, ...], gives: str, *, before: tuple[str, ...]) -> Convention:
    call = f"backward({', '.join(passes)})"
    return Convention(
        name=f"forward({', '.join(before)}), then {call}" if before else f"{call} at once",
        form="module" if before else gives,
        gives=gives,
        passes=passes,
        entry="method",
        before=before,
        spares=_spared(passes),
    )


def _autograd_functions() -> Iterator[Convention]:
    applied = Convention(
        name="apply(x, target), then autograd with upstream",
        form="autograd_function",
        gives="vjp",
        passes=("upstream",),
        entry="apply",
        before=("x", "target"),
    )
    yield applied
    yield replace(
        applied, name="forward(ctx, x, target), then backward(ctx, upstream)", entry="context"
    )


_OF_TENSORS: Final = (*_functions(), *_methods(), *_autograd_functions())


def _as_arrays(convention: Convention) -> Convention:
    return replace(convention, name=f"{convention.name}, numpy arrays", arrays=True)


CONVENTIONS: Final = (
    *_OF_TENSORS,
    *(_as_arrays(each) for each in _OF_TENSORS if each.entry in ("call", "method")),
)
"""Numpy arrays are tried last."""
