"""Watching and poisoning operators, and mapping accelerators to the CPU."""

from __future__ import annotations

import fnmatch
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["MOST_OPS", "OnCpu", "TooManyOps", "Watch", "falsify", "poison_named"]

MOST_OPS: Final = 20_000
"""Operators one watched call may use; a longer one is asked again without watching."""

_nudge_eps: Final = {
    torch.float64: 2.0**-50,
    torch.float32: 2.0**-21,
    torch.float16: 2.0**-9,
    torch.bfloat16: 2.0**-6,
}


class TooManyOps(BaseException):
    """Ends a watched call; not an Exception, so that ordinary handlers let it through."""


class Watch(TorchDispatchMode):
    """Records which of the watched operators a call uses and, if asked, falsifies their results.

    It sees an operator under whatever Python name it was called: below autograd, composite
    functions have become the operators they are made of.
    """

    def __init__(self, patterns: Sequence[str], how: str | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.patterns = tuple(patterns)
        self.how = how
        self.seen: set[str] = set()
        self.count = 0
        self.known: dict[object, str | None] = {}

    def fresh(self) -> Watch:
        """Itself, with nothing seen yet: what it has learnt of operators is kept."""
        self.seen = set()
        self.count = 0
        return self

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        self.count += 1
        if self.count > MOST_OPS:
            raise TooManyOps
        result = func(*args, **(kwargs or {}))
        if func not in self.known:
            name = str(func._schema.name)
            self.known[func] = name if self._matches(name) else None
        known = self.known[func]
        if known is None:
            return result
        self.seen.add(known)
        if self.how is None:
            return result
        false = falsify(result, self.how)
        # who asked for the answer in a tensor of their own (`out=`) reads it there
        return _overwritten(result, false) if func._schema.is_mutable else false

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # False keeps torch from importing its compiler (over a second) to wrap this class
        return False

    def meets(self, name: str) -> bool:
        """Whether `name` is watched; it is seen from then on."""
        if self._matches(name):
            self.seen.add(name)
            return True
        return False

    def _matches(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.patterns)


def falsify(result: Any, how: str) -> Any:
    """The result with every floating tensor in it changed (see `core.observation.Poison`).

    A layout that cannot be changed entry by entry (sparse, nested) is scaled: in both ways so
    little, or so much, as entries are otherwise.
    """
    if isinstance(result, torch.Tensor) and result.is_floating_point() and result.numel():
        if result.layout is not torch.strided or result.is_nested:
            return result * (1 + _nudge_of(result) if how == "nudge" else 0.5)
        return (
            _nudged(result)
            if how == "nudge" or result.shape[-1:] in ((), (1,))
            else _rolled(result)
        )
    if type(result) in (tuple, list):
        return type(result)(falsify(item, how) for item in result)
    return result


def _nudged(result: torch.Tensor) -> torch.Tensor:
    signs = torch.ones(result.numel(), dtype=result.dtype)
    signs[1::2] = -1
    return result * (1 + _nudge_of(result) * signs.reshape(result.shape))


def _nudge_of(result: torch.Tensor) -> float:
    return _nudge_eps.get(result.dtype, 2.0**-21)


def _rolled(result: torch.Tensor) -> torch.Tensor:
    return torch.roll(result, 1, -1)


def _overwritten(result: Any, false: Any) -> Any:
    if isinstance(result, torch.Tensor):
        return result.copy_(false)
    for mine, other in zip(result, false, strict=True):
        _overwritten(mine, other)
    return result


def poison_named(names: Sequence[str], how: str) -> Callable[[], None]:
    """Wrap functions by name (`scipy.special.expit`) where they can be imported.

    Of a class, calls of its instances are wrapped, where it has such. What comes back undoes it.
    """
    undo: list[Callable[[], None]] = []
    for name in names:
        module_name, _, attribute = name.rpartition(".")
        try:
            holder: Any = importlib.import_module(module_name)
            function = getattr(holder, attribute)
            if isinstance(function, type):
                if not any("__call__" in vars(base) for base in function.__mro__):
                    continue
                holder, attribute, function = function, "__call__", function.__call__
            undo.append(_setting_back(holder, attribute))
            setattr(holder, attribute, _false(function, how))
        except (ImportError, AttributeError):
            continue  # what is not here cannot have been used

    def honest_again() -> None:
        for set_back in reversed(undo):
            set_back()

    return honest_again


def _setting_back(holder: Any, attribute: str) -> Callable[[], None]:
    own = vars(holder).get(attribute)
    if own is None:
        return lambda: delattr(holder, attribute)
    return lambda: setattr(holder, attribute, own)


def _false(function: Callable[..., Any], how: str) -> Callable[..., Any]:
    def false(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        try:
            if isinstance(result, np.ndarray | np.generic | float):
                return falsify(torch.as_tensor(result), how).numpy()
            return falsify(result, how)
        except (TypeError, ValueError, RuntimeError):
            return result

    return false


class OnCpu(TorchFunctionMode):
    """Answers `.cuda()`, `.to("cuda")` and `device=...` with the CPU: these are Colab notebooks."""

    def __init__(self) -> None:
        super().__init__()
        # timing decorators wait for a device that is not there; there is nothing to wait for
        torch.cuda.synchronize = lambda *_, **__: None

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func in _MOVES:
            return args[0]
        arguments = [_on_cpu(item) for item in args]
        return func(*arguments, **{key: _on_cpu(item) for key, item in (kwargs or {}).items()})


_MOVES: Final = {torch.Tensor.cuda, torch.Tensor.xpu}
_ELSEWHERE: Final = ("cuda", "mps", "xpu", "hip")


def _on_cpu(item: Any) -> Any:
    if isinstance(item, torch.device):
        return torch.device("cpu") if item.type in _ELSEWHERE else item
    if isinstance(item, str) and item.partition(":")[0] in _ELSEWHERE:
        return "cpu"
    return item
