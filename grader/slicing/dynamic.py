"""What slicing cannot see: names looked up at run time, and the devices a slice asks for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Final

from grader.slicing.bindings import calls_now
from grader.slicing.blocks import BLOCKS, LOOPS, children
from grader.slicing.timeline import Timeline
from grader.slicing.units import Unit

__all__ = ["is_dynamic", "mentioned_names", "mentions_device", "wide_units"]

_LOOKUPS: Final = frozenset({"globals", "locals", "vars", "exec", "eval", "get_ipython"})
_NAMESPACES: Final = frozenset({"__globals__", "f_globals", "f_locals", "user_ns"})
_DEVICE: Final = re.compile(r"(cuda|mps|xpu|hip|tpu|xla|hpu)(:\d+)?|torch\.cuda\.\w+")
_DEVICE_ATTRIBUTES: Final = frozenset({"cuda", "mps", "xpu", "torch_xla"})


def is_dynamic(units: Iterable[Unit], timeline: Timeline) -> bool:
    """Whether the units look names up in the notebook's namespace while they run."""
    return any(_looks_up(unit, timeline) for unit in units)


def _looks_up(unit: Unit, timeline: Timeline) -> bool:
    if not unit.location.cell:  # supplied by the handout
        return False
    found = timeline.effects[unit.index]
    reads = {
        name for name in (found.now.reads | found.later.reads) if not timeline.bound(name)
    } & _LOOKUPS
    if reads - {"vars"} or ("vars" in reads and _uses_bare_vars(unit.node)):
        return True
    return any(_is_namespace(node) for node in ast.walk(unit.node))


def _uses_bare_vars(node: ast.AST) -> bool:
    """`vars()` is the namespace; `vars(torch)` is not."""
    with_argument = {
        id(call.func) for call in ast.walk(node) if isinstance(call, ast.Call) and call.args
    }
    return any(
        isinstance(name, ast.Name) and name.id == "vars" and id(name) not in with_argument
        for name in ast.walk(node)
    )


def _is_namespace(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        is_modules = (
            node.attr == "modules" and isinstance(node.value, ast.Name) and node.value.id == "sys"
        )
        return is_modules or node.attr in _NAMESPACES
    if isinstance(node, ast.ImportFrom):
        return node.module == "__main__" or (
            node.module == "sys" and any(alias.name == "modules" for alias in node.names)
        )
    if isinstance(node, ast.Import):
        return any(alias.name == "__main__" for alias in node.names)
    return (
        isinstance(node, ast.Call)
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == "__main__"
    )


def mentioned_names(units: Iterable[Unit], timeline: Timeline) -> frozenset[str]:
    """Names and identifier-like words in strings: all that a look-up at run time may reach for."""
    found: set[str] = set()
    for unit in units:
        if unit.location.cell:
            effects = timeline.effects[unit.index]
            found |= effects.now.reads | effects.later.reads | effects.now.binds
        for node in ast.walk(unit.node):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(r"[^\W\d]\w*", node.value[:10_000]))
    return frozenset(found)


def wide_units(
    timeline: Timeline, needed: frozenset[int], wanted: frozenset[str], symbol: str, until: int
) -> list[int]:
    """Everything that binds or defines, or fills the namespace, apart from what only trains.

    A loop stays out unless it binds a `wanted` name; so does what rebinds the symbol from unit
    `until` on.
    """
    taken: list[int] = []
    for unit, found in zip(timeline.units, timeline.effects, strict=True):
        if unit.index in needed:
            taken.append(unit.index)
        elif unit.index >= until and symbol in found.now.binds:
            continue
        elif _has_loop(unit.node):
            if (found.now.binds | found.now.changes) & wanted or _fills_namespace(unit.node):
                taken.append(unit.index)
        elif found.now.binds or unit.star or _fills_namespace(unit.node):
            taken.append(unit.index)
    return taken


def _has_loop(node: ast.stmt) -> bool:
    waiting = [node]
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, LOOPS):
            return True
        if isinstance(statement, BLOCKS):
            waiting += children(statement)
    return False


def _fills_namespace(node: ast.stmt) -> bool:
    """`exec("...")`, `globals()["n"] = 1`, `globals().update(...)`, `setattr(module, ...)`."""
    return any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"exec", "globals", "locals", "vars"}
        for call in calls_now(node, blocks=True)
    )


def mentions_device(units: Iterable[Unit]) -> bool:
    """Whether any unit names an accelerator; `device=x.device` alone names none."""
    return any(_is_device(node) for unit in units for node in ast.walk(unit.node))


def _is_device(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in _DEVICE_ATTRIBUTES
    if isinstance(node, ast.alias):
        return bool(_DEVICE_ATTRIBUTES & set(node.name.split(".")))
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and _DEVICE.fullmatch(node.value) is not None
    return False
