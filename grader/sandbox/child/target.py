"""What a symbol of the notebook stands for, and the ways to call it."""

from __future__ import annotations

import copy
import functools
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

__all__ = ["NotCallable", "Target", "resolve"]


class NotCallable(Exception):
    """The symbol is bound to something that is not the function asked for."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target that can be called.

    found   what the symbol stands for
    call    what a plain call calls
    form    function, instance, module or autograd_function
    method  of `found`, for calls that are about a method
    fills   values for required further parameters, by their names
    looked  what a plain call has to be filled with, by the number of its arguments
    """

    found: Any
    call: Callable[..., Any]
    form: str
    method: str
    fills: Mapping[str, int]
    looked: dict[int, dict[str, int]] = field(default_factory=dict)

    def of_arguments(self, given: Sequence[Any]) -> Any:
        """The plain call."""
        count = len(given)
        if count not in self.looked:  # a class is called some sixty times
            self.looked[count] = _fills(self.call, count, self.fills)
        return _passed(self.call, given, self.looked[count])

    def of_method(self, before: Sequence[Any], given: Sequence[Any]) -> Any:
        """The method of a fresh instance, after its `forward` where there is `before`."""
        fresh = isinstance(self.found, type)
        made = _filled(self.found, (), self.fills) if fresh else _own(self.found)
        if before:
            _filled(made if callable(made) else made.forward, before, self.fills)
        known = dict(getattr(made, "__dict__", ()))
        result = _lone(_filled(getattr(made, self.method), given, self.fills))
        return _left_behind(made, known) if result is None else result

    def of_context(self, before: Sequence[Any], given: Sequence[Any]) -> Any:
        """The class's `forward` and then its method, with one context as first argument of both.

        For classes that autograd itself cannot use; both may be static methods or plain functions.
        """
        context = _Context()
        _filled(self.found.forward, (context, *before), self.fills)
        return _lone(_filled(getattr(self.found, self.method), (context, *given), self.fills))


class _Context:
    """What autograd hands to `forward` and `backward`, as far as functions make use of it."""

    def __init__(self) -> None:
        self.saved_tensors: tuple[Any, ...] = ()
        self.needs_input_grad = (True,) * 8

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        return self.saved_tensors

    def save_for_backward(self, *tensors: Any) -> None:
        self.saved_tensors = tensors

    def mark_non_differentiable(self, *_: Any) -> None:
        pass

    def mark_dirty(self, *_: Any) -> None:
        pass

    def set_materialize_grads(self, _: bool) -> None:  # noqa: FBT001 - autograd's own signature
        pass


def _lone(result: Any) -> Any:
    """The first of several results where the others are None.

    A backward pass returns a gradient for each argument of `forward`, as autograd wants it: the
    first is the one asked for, and None stands for arguments that have none.
    """
    lone = isinstance(result, tuple) and all(each is None for each in result[1:])
    return result[0] if lone and result else result


def _left_behind(made: Any, known: Mapping[str, Any]) -> Any:
    """The one array that a method which returns nothing has set on its instance, else None."""
    left = [
        value
        for name, value in getattr(made, "__dict__", {}).items()
        if isinstance(value, torch.Tensor | np.ndarray) and value is not known.get(name)
    ]
    return left[0] if len(left) == 1 else None


def _own(instance: Any) -> Any:
    """The notebook's instance, as good as new for every call."""
    try:
        return copy.deepcopy(instance)
    except Exception:  # noqa: BLE001 - what cannot be copied (an attached tensor) is used itself
        return instance


def resolve(
    namespace: Mapping[str, Any], symbol: str, method: str, fills: Mapping[str, int]
) -> Target:
    """What `symbol` stands for. NotCallable where that is no function, nor makes one."""
    if symbol not in namespace:
        raise NotCallable(f"{symbol} was not defined when its cells had run")
    found = namespace[symbol]
    if not method:
        return Target(found, *_callable(found, symbol), method, fills)
    if not callable(getattr(found, method, None)):
        raise NotCallable(f"{symbol} has no method {method}")
    kind = found if isinstance(found, type) else type(found)
    if issubclass(kind, torch.autograd.Function):
        return Target(found, found.apply, "autograd_function", method, fills)
    form = "module" if issubclass(kind, torch.nn.Module) else "instance"
    return Target(found, getattr(found, method), form, method, fills)


def _callable(found: Any, symbol: str) -> tuple[Callable[..., Any], str]:
    if isinstance(found, type):
        return _resolve_class(found, symbol)
    if _autograd_function(found) is not None:
        return found, "autograd_function"
    if isinstance(found, torch.jit.ScriptFunction | types.FunctionType | functools.partial):
        return found, "function"
    if isinstance(found, torch.nn.Module):
        return found, "module"
    return _resolve_instance(found, symbol)


def _resolve_class(found: type, symbol: str) -> tuple[Callable[..., Any], str]:
    if issubclass(found, torch.autograd.Function):
        return found.apply, "autograd_function"
    return (
        (found(), "module")
        if issubclass(found, torch.nn.Module)
        else _resolve_instance(found(), symbol)
    )


def _resolve_instance(found: Any, symbol: str) -> tuple[Callable[..., Any], str]:
    if callable(found):
        plain = isinstance(found, types.BuiltinFunctionType | types.MethodType)
        return found, "function" if plain else "instance"
    if callable(getattr(found, "forward", None)):
        return found.forward, "instance"
    raise NotCallable(f"{symbol} is not a function but of type {type(found).__name__}")


def _filled(call: Callable[..., Any], given: Sequence[Any], known: Mapping[str, int]) -> Any:
    return _passed(call, given, _fills(call, len(given), known))


def _passed(call: Callable[..., Any], given: Sequence[Any], fills: Mapping[str, int]) -> Any:
    if _autograd_function(call) is not None:  # takes no keywords
        return call(*given, *fills.values())
    return call(*given, **fills)


def _fills(call: Callable[..., Any], arity: int, known: Mapping[str, int]) -> dict[str, int]:
    """Values for required parameters beyond the arguments, by their names."""
    if not known:
        return {}
    try:
        parameters = _parameters(call)
    except (TypeError, ValueError):
        return {}
    further = [
        parameter
        for place, parameter in enumerate(parameters)
        if (place >= arity or parameter.kind is parameter.KEYWORD_ONLY)
        and parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    names = [parameter.name for parameter in further]
    return {name: known[name] for name in names if name in known}


def _parameters(call: Callable[..., Any]) -> list[inspect.Parameter]:
    """Of a module those of its `forward`, of an autograd function likewise, less the context."""
    if isinstance(call, torch.nn.Module):
        call = call.forward
    applied = _autograd_function(call)
    if applied is not None:
        return list(inspect.signature(applied.forward).parameters.values())[1:]
    return list(inspect.signature(call).parameters.values())


def _autograd_function(call: Callable[..., Any]) -> type[torch.autograd.Function] | None:
    """The class whose `apply` this is; None where it is something else."""
    owner = getattr(call, "__self__", None)
    return owner if isinstance(owner, type) and issubclass(owner, torch.autograd.Function) else None
