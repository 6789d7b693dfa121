"""Seeing (and falsifying) what student code lets torch differentiate.

Running the autograd engine is no operator that a dispatch mode could see: it shows only as the
operators of a backward pass, which may as well be the student's own. So the places through which
all of torch's differentiation goes are wrapped, and told of as operators of their own.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, Final

import torch
from torch.autograd import Variable, forward_ad

from grader.sandbox.child.modes import Watch, falsify

__all__ = ["DUAL", "ENGINE", "Differentiating", "pulled_back"]

ENGINE: Final = "autograd::engine"
DUAL: Final = "autograd::dual"

_ENGINE: Final = "_execution_engine"
_own_engine: Final[Any] = getattr(Variable, _ENGINE)
_run_backward: Final[Callable[..., Any]] = _own_engine.run_backward
_make_dual: Final[Callable[..., Any]] = forward_ad.make_dual
_ones_like: Final = torch.ones_like


class Differentiating:
    """While it lasts, `watch` is told when torch differentiates, and may falsify what comes of it.

    The upstream gradient (or the tangent) is falsified rather than the result: everything that
    torch makes of it follows, whether it is returned or written into `.grad`. Without a watch
    nothing is done.
    """

    def __init__(self, watch: Watch | None) -> None:
        self._watch = watch

    def __enter__(self) -> None:
        watch = self._watch
        if watch is None:
            return

        def run_backward(outputs: Any, upstreams: Any, *args: Any, **kwargs: Any) -> Any:
            return _run_backward(outputs, _told(watch, ENGINE, upstreams), *args, **kwargs)

        def make_dual(tensor: Any, tangent: Any, **kwargs: Any) -> Any:
            return _make_dual(tensor, _told(watch, DUAL, tangent), **kwargs)

        # where torch's own functions look them up at every call
        setattr(Variable, _ENGINE, types.SimpleNamespace(run_backward=run_backward))
        forward_ad.make_dual = make_dual

    # no generator: contextlib writes into an exception that passes through one of those
    def __exit__(self, *_: object) -> None:
        if self._watch is not None:
            setattr(Variable, _ENGINE, _own_engine)
            forward_ad.make_dual = _make_dual


def _told(watch: Watch, name: str, given: Any) -> Any:
    """`given`, falsified where the watch is to falsify an operator of that name."""
    return falsify(given, watch.how) if watch.meets(name) and watch.how is not None else given


def pulled_back(result: torch.Tensor, base: torch.Tensor, upstream: torch.Tensor) -> Any:
    """The vector-Jacobian product of `result` by `base`; None where no gradient reaches `base`.

    As the gradient of a scalar, which is the same product: an explicit upstream makes torch
    import a symbolic algebra package first (0.4 s). Through the engine itself, since this is no
    differentiation of the student's.

    ValueError where `upstream` has another shape than `result`.
    """
    if upstream.shape != result.shape:
        raise ValueError(
            f"the result has shape {tuple(result.shape)}, expected {tuple(upstream.shape)}"
        )
    scalar = (result * upstream).sum()
    keep_graph = make_graph = False
    allow_unreachable = True
    (gradient,) = _run_backward(
        (scalar,),
        (_ones_like(scalar),),
        keep_graph,
        make_graph,
        (base,),
        allow_unreachable,
        accumulate_grad=False,
    )
    return gradient
