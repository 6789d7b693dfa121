"""Reductions of arrays as students write them: `x.max()`, `torch.max(x, 0)[0]`, `np.sum(e)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from grader.core.repair import Fix
from grader.editing.code import Function

__all__ = ["Reduction", "constant", "reduction_of", "reductions"]

_KINDS: Final = {
    "max": "max", "amax": "max", "nanmax": "max", "min": "min", "amin": "min", "sum": "sum",
    "nansum": "sum", "mean": "mean", "nanmean": "mean", "average": "mean", "median": "median",
    "std": "std", "var": "std", "norm": "norm", "prod": "prod", "maximum": "max",
}  # fmt: skip
_AXIS: Final = ("dim", "axis")
_KEEP: Final = ("keepdim", "keepdims")

Style = Literal["method", "function", "builtin"]


@dataclass(frozen=True, eq=False)
class Reduction:
    """One reduction.

    whole    the call with the `.values`, `[0]` or `.item()` that belongs to it
    kind     max, min, sum, mean, median, std, norm or prod
    operand  what is reduced
    axis     a number; None where all is reduced; `unknown` where it cannot be told
    at_axis  where the number stands
    keeps    whether the axis is kept
    module   of a function: its module (`torch`, `numpy`)
    """

    function: Function
    whole: ast.expr
    call: ast.Call
    kind: str
    style: Style
    operand: ast.expr
    axis: int | Literal["unknown"] | None
    keeps: bool
    module: str = ""
    at_axis: ast.expr | None = None

    def by_row(self, kind: str = "") -> Iterator[Fix]:
        """The same reduction, or one of another kind, of each row, its axis kept."""
        kind = kind or self.kind
        torchs, numpys = _ROWS.get(kind, (kind, kind))
        holder = self.function.text(self.call.func).rpartition(".")[0]
        if self.style == "function" and holder:
            named = numpys if self.module.startswith("numpy") else torchs
            yield self._written(f"{holder}.{named}(", f", {self._axes()})")
            return
        yield self._written("(", f").{torchs}(dim=-1, keepdim=True)")
        if self._near_numpy():
            yield self._written("(", f").{numpys}(axis=-1, keepdims=True)", "numpy")

    def kept(self) -> Iterator[Fix]:
        """As it is, its axis kept; nothing where it is kept already."""
        if self.keeps:
            return
        numpy = self.module.startswith("numpy")
        for keyword, variant in (("keepdims" if numpy else "keepdim", ""), ("keepdims", "numpy")):
            if not any(each.arg in _KEEP for each in self.call.keywords):
                yield self.function.given(self.call, f"{keyword}=True", variant)

    def along_last(self) -> Iterator[Fix]:
        """Along the last axis, which is kept; the call stays as it is otherwise."""
        if self.at_axis is None:
            return
        for fix in self.kept():
            axis = self.function.replaced(self.at_axis, "-1")
            yield replace(fix, patches=(*axis.patches, *fix.patches))
        if self.keeps:
            yield self.function.replaced(self.at_axis, "-1")

    def _axes(self) -> str:
        numpy = self.module.startswith("numpy")
        return "axis=-1, keepdims=True" if numpy else "dim=-1, keepdim=True"

    def _written(self, before: str, after: str, variant: str = "") -> Fix:
        plain = isinstance(self.operand, ast.Name | ast.Call | ast.Attribute | ast.Subscript)
        if before == "(" and (plain or self.style == "method"):
            before, after = "", after[1:]
        return self.function.wrapped(self.whole, before, after, variant, inner=self.operand)

    def _near_numpy(self) -> bool:
        return any(
            name.partition(".")[0] == "numpy" for name in self.function.code.modules.values()
        )


_ROWS: Final = {"max": ("amax", "max"), "min": ("amin", "min")}


def reductions(function: Function) -> Iterator[Reduction]:
    """Every reduction in the function's own body, in source order."""
    inside: set[int] = set()
    for node in function.expressions():
        if id(node) in inside:
            continue
        found = reduction_of(function, node)
        if found is not None:
            inside |= {id(part) for part in _shell(found)}
            yield found


def _shell(found: Reduction) -> Iterator[ast.AST]:
    """The nodes between the whole and its call."""
    node: ast.expr = found.whole
    while node is not found.call:
        yield node
        inner = _of_one_number(node)
        if inner is None and isinstance(node, ast.Attribute | ast.Subscript):
            inner = node.value
        node = inner or found.call
    yield found.call


def reduction_of(function: Function, node: ast.expr) -> Reduction | None:
    """The reduction an expression is, with `.values` or `[0]` around it; else None.

    Of all entries also with `.item()` or `float()` around it.
    """
    inner = _of_one_number(node)
    if inner is not None:
        found = reduction_of(function, inner)
        alone = found is not None and (found.axis is None or found.style == "builtin")
        return replace(found, whole=node) if found is not None and alone else None
    call = node
    if (isinstance(call, ast.Attribute) and call.attr == "values") or (
        isinstance(call, ast.Subscript) and constant(call.slice) == 0
    ):
        call = call.value
    if not isinstance(call, ast.Call):
        return None
    name = function.code.library(call.func)
    if isinstance(call.func, ast.Name) and call.func.id in ("max", "min", "sum") and not name:
        if function.is_known(call.func.id) or len(call.args) != 1 or call.keywords:
            return None
        if isinstance(call.args[0], ast.GeneratorExp | ast.ListComp):
            return None
        kind = call.func.id
        return Reduction(function, node, call, kind, "builtin", call.args[0], 0, keeps=False)
    short = name.rpartition(".")[2]
    if name and short in _KINDS and call.args:
        if short == "maximum":
            return None
        module = name.partition(".")[0]
        return _made(function, node, call, short, call.args[0], module=module)
    if not name and isinstance(call.func, ast.Attribute) and call.func.attr in _KINDS:
        return _made(function, node, call, call.func.attr, call.func.value)
    return None


def _of_one_number(node: ast.expr) -> ast.expr | None:
    """What `.item()` or `float()` takes the number of; None for anything else."""
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr="item"), args=[], keywords=[]):
            return inner
        case ast.Call(func=ast.Name(id="float"), args=[inner], keywords=[]):
            return inner
    return None


def _made(
    function: Function,
    whole: ast.expr,
    call: ast.Call,
    name: str,
    operand: ast.expr,
    *,
    module: str = "",
) -> Reduction:
    """A reduction by a module's function, or by a method where there is no module."""
    kind = _KINDS[name]
    style: Style = "function" if module else "method"
    named = {each.arg: each.value for each in call.keywords}
    places = call.args[1:] if module else call.args
    axis_node = next((named[name] for name in _AXIS if name in named), None)
    keep_node = next((named[name] for name in _KEEP if name in named), None)
    if kind == "norm" and axis_node is None:
        places = []
    if axis_node is None and places:
        axis_node = places[0]
    if keep_node is None and len(places) > 1:
        keep_node = places[1]
    keeps = keep_node is not None and constant(keep_node) is True
    axis = _axis(axis_node)
    return Reduction(function, whole, call, kind, style, operand, axis, keeps, module, axis_node)


def _axis(node: ast.expr | None) -> int | Literal["unknown"] | None:
    if node is None:
        return None
    found = constant(node)
    if found is None and isinstance(node, ast.Constant):
        return None
    if isinstance(node, ast.Tuple | ast.List) and len(node.elts) == 1:
        found = constant(node.elts[0])
    return found if isinstance(found, int) and not isinstance(found, bool) else "unknown"


def constant(node: ast.expr) -> int | float | bool | None:
    """The number or truth an expression spells out, None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        found = constant(node.operand)
        return None if found is None else -found
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    return None
