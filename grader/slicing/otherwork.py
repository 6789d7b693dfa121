"""Functions that are named like what is wanted, and do something else: they train, plot, try."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Final

from grader.slicing.classes import Function, Member, positional
from grader.slicing.library import Library
from grader.slicing.names import root_name
from grader.slicing.words import words

__all__ = ["does_other_work", "trains_itself"]

_TRAINED_WITH: Final = words(
    "optimizer optimiser opt optim criterion loss_fn loss_func loss_function dataset loader"
    " dataloader data_loader train_loader train_dataloader epochs n_epochs num_epochs"
)
_MODEL_USED_BY: Final = words(
    "parameters named_parameters zero_grad state_dict modules children weight backward step"
)
_TRAINING_CALLS: Final = words("zero_grad clip_grad_norm_ clip_grad_value_")
_FITTED: Final = words("fit train_step training_step")
_DIFFERENTIATE: Final = words("backward grad")
_LOSSES: Final = words("cost error err criterion objective nll ce mse")
_PLOTTING: Final = words("matplotlib seaborn plotly pylab")
_LAYERS: Final = words(
    "Linear LazyLinear Conv1d Conv2d Conv3d Embedding LSTM GRU RNN Sequential ModuleList Parameter"
    " BatchNorm1d BatchNorm2d MultiheadAttention"
)


def does_other_work(function: Function, library: Library) -> bool:
    """Whether a top-level function trains, plots, or differentiates the function it is handed.

    A parameter's name tells little by itself: an input may be called `f` or `net`, an upstream
    gradient `loss`. What is done with it does.
    """
    names = {*positional(function), *(each.arg for each in function.args.kwonlyargs)}
    if names & _TRAINED_WITH or _trains(function) or _only_looks_up(function):
        return True
    for part in ast.walk(function):
        if isinstance(part, ast.Attribute) and part.attr in _MODEL_USED_BY:
            if isinstance(part.value, ast.Name) and part.value.id in names - {"self", "ctx"}:
                return part.attr != "backward" or "loss" in part.value.id
        elif isinstance(part, ast.Call):
            if isinstance(part.func, ast.Name) and part.func.id in names:
                return True
            if _plots(part.func, library) or _differentiates(part, names):
                return True
    return False


def trains_itself(member: Member, others: Iterable[Member], library: Library) -> bool:
    """Whether a method belongs to a network that is trained, rather than being a derivative."""
    kin = tuple(others)
    if _FITTED & {other.name for other in kin} or _only_looks_up(member.function):
        return True
    return _calls(member.function, _TRAINING_CALLS | {"step"}) or any(
        _is_layer(part, library)
        for other in kin
        if other.name in ("__init__", "forward", "__call__")
        for part in ast.walk(other.function)
    )


def _only_looks_up(function: Function) -> bool:
    """It gives what autograd left in some `.grad`, and computes nothing."""
    parts = list(ast.walk(function))
    fields = [part for part in parts if isinstance(part, ast.Attribute) and part.attr == "grad"]
    # who keeps an own result in `self.grad` has made it
    reads = bool(fields) and all(isinstance(part.ctx, ast.Load) for part in fields)
    works = any(isinstance(part, ast.BinOp | ast.AugAssign) for part in parts)
    called = [part.func for part in parts if isinstance(part, ast.Call)]
    return reads and not works and not any(_last(each) in _DIFFERENTIATE for each in called)


def _is_layer(part: ast.AST, library: Library) -> bool:
    if isinstance(part, ast.Attribute):
        return part.attr in _LAYERS
    named = isinstance(part, ast.Name) and part.id in _LAYERS
    return named and any("nn" in name for name in library.dotted(part))


def _trains(function: Function) -> bool:
    """It calls `zero_grad()`, `optimizer.step()` or `loss.backward()`."""
    if _calls(function, _TRAINING_CALLS):
        return True
    for part in ast.walk(function):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and not part.args:
            owner = (root_name(part.func.value) or "").lower()
            loss = "loss" in owner or owner in _LOSSES
            if part.func.attr == "step" or (part.func.attr == "backward" and loss):
                return True
    return False


def _differentiates(call: ast.Call, names: set[str]) -> bool:
    """`torch.autograd.grad(loss, weights)` of a loss that is handed in."""
    first = call.args[0] if call.args else None
    handed = isinstance(first, ast.Name) and first.id in names and "loss" in first.id.lower()
    return handed and _last(call.func) == "grad"


def _calls(function: Function, names: frozenset[str]) -> bool:
    return any(
        isinstance(part, ast.Call) and _last(part.func) in names for part in ast.walk(function)
    )


def _plots(called: ast.expr, library: Library) -> bool:
    if not isinstance(called, ast.Attribute):
        return False
    roots = {name.split(".", 1)[0] for name in library.dotted(called)}
    return bool(roots & _PLOTTING) or (not roots and root_name(called) in ("plt", "sns"))


def _last(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else str(getattr(called, "id", ""))
