"""The ways in which students make the derivative of a softmax callable, best liked first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import permutations
from typing import Final

from grader.core.convention import Convention

__all__ = ["CONVENTIONS", "EXTREME", "SPELT"]

EXTREME: Final = "extreme"
"""The kind of fixtures that ask for a stable softmax: who is handed probabilities computes none."""

_PAIRS: Final = (
    ("upstream", "x"),
    ("x", "upstream"),
    ("upstream", "probs"),
    ("probs", "upstream"),
)
_TRIPLES: Final = tuple(
    sorted(permutations(("upstream", "x", "probs")), key=lambda names: names[0] != "upstream")
)
_PRODUCT_OF: Final[tuple[tuple[str, ...], ...]] = (*_PAIRS, *_TRIPLES)
"""What a vector-Jacobian product is made from."""

_JACOBIAN_OF: Final[tuple[tuple[str, ...], ...]] = (
    ("x",),
    ("probs",),
    ("x", "probs"),
    ("probs", "x"),
    ("x", "upstream"),
    ("upstream", "x"),
)
"""What a whole Jacobian is made from, whatever else is passed; without upstream nothing else can
be right."""

SPELT: Final[Mapping[str, str]] = {
    "x": (
        r"x\d*|xs|x_?(in|row|i|vec|data)|inp|inputs?(_(x|data|tensor|logits?))?|(in_?)?data|tensor"
        r"|z\d*|zs|logits?|scores?|a|in_|row|features?|pre_?act(ivations?)?|h"
    ),
    "probs": (
        r"p\d*|ps|s\d*|sm|y|ys|y_?(hat|pred|out)|q|probs?|probas?|probabilit(y|ies)|o|outs?"
        r"|outputs?|preds?|predictions?|soft_?max(es)?(_?(x|s|outs?|outputs?|probs?|values?|res"
        r"|results?))?|sigma|cache(d)?|saved?(_\w+)?|a_?out|act(ivations?)?|res(ult)?|soft"
    ),
    "upstream": (
        r"g|gs|go|gy|gout|v|vec|vector|u|up|upstream(_?\w+)?|delta|error|err|d|d(y|z|p|s|l|a|o|h)"
        r"|d_?(out|outputs?|soft_?max|probs?|sm|loss|value|values|a|p|s|y|y_?hat)"
        r"|d[a-z]*_?d[a-z]*|grad\w*|\w+_(grad|gradient|grads|gradients)|previous_grad\w*"
    ),
}
"""Parameter names by what they are given, the whole of each, ignoring case."""


def _spared(passes: tuple[str, ...]) -> tuple[str, ...]:
    return (EXTREME,) if "probs" in passes else ()


def _result(passes: tuple[str, ...], gives: str) -> str:
    """Said where the same arguments may be for a product, too."""
    return ", a Jacobian" if gives == "jacobian" and "upstream" in passes else ""


def _functions() -> Iterator[Convention]:
    for passes in _JACOBIAN_OF[:2]:
        yield _function(passes, "jacobian")
    for passes in _PRODUCT_OF:
        yield _function(passes, "vjp")
    for passes in _JACOBIAN_OF[2:]:
        yield _function(passes, "jacobian")


def _function(passes: tuple[str, ...], gives: str) -> Convention:
    name = f"f({', '.join(passes)}){_result(passes, gives)}"
    return Convention(name, form=gives, gives=gives, passes=passes, spares=_spared(passes))


def _methods() -> Iterator[Convention]:
    """After `forward`, then without: a class may be no more than a place for the function."""
    for passes in (("upstream",), *_PRODUCT_OF):
        yield _method(passes, "vjp", before=("x",))
    for passes in ((), *_JACOBIAN_OF):
        yield _method(passes, "jacobian", before=("x",))
    for passes in _PRODUCT_OF:
        yield _method(passes, "vjp", before=())
    for passes in _JACOBIAN_OF:
        yield _method(passes, "jacobian", before=())


def _method(passes: tuple[str, ...], gives: str, *, before: tuple[str, ...]) -> Convention:
    call = f"backward({', '.join(passes)}){_result(passes, gives)}"
    return Convention(
        name=f"forward({', '.join(before)}), then {call}" if before else f"{call} at once",
        form="module" if before and gives == "vjp" else gives,
        gives=gives,
        passes=passes,
        entry="method",
        before=before,
        spares=_spared(passes),
    )


def _autograd_functions() -> Iterator[Convention]:
    applied = Convention(
        name="apply(x), then autograd with upstream",
        form="autograd_function",
        gives="vjp",
        passes=("upstream",),
        entry="apply",
        before=("x",),
    )
    by_hand = "forward(ctx, x), then backward(ctx, upstream)"
    yield applied
    yield replace(applied, name=by_hand, entry="context")


def _as_vector(convention: Convention) -> Convention:
    return replace(convention, name=f"{convention.name} on a 1-D row", vector=True)


_PLAIN: Final = (*_functions(), *_methods(), *_autograd_functions())


def _as_arrays(convention: Convention) -> Convention:
    return replace(convention, name=f"{convention.name}, numpy arrays", arrays=True)


_OF_TENSORS: Final = (*_PLAIN, *map(_as_vector, _PLAIN))

CONVENTIONS: Final = (
    *_OF_TENSORS,
    *(_as_arrays(each) for each in _OF_TENSORS if each.entry in ("call", "method")),
)
"""Whoever takes a batch also takes a single row: 1-D rows are tried late, and numpy arrays last."""
