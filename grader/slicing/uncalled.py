"""Whether a notebook calls a class's `backward` by hand, or leaves all to autograd."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.slicing.units import Parsed

__all__ = ["is_uncalled"]


def is_uncalled(name: str, parsed: Parsed) -> bool:
    """Whether autograd is run and `backward` of the class called so is called nowhere.

    A call on what cannot be told (`self.layer.backward(g)`, an argument of a function) counts as
    one by hand where it passes something: nobody is told that they did not do what they may have.
    """
    instances = set(_instances(name, parsed))
    autograd = False
    for owner, call in _backward_calls(parsed):
        made = isinstance(owner, ast.Call) and _last(owner.func) == name
        known = isinstance(owner, ast.Name) and owner.id in instances
        if made or known or (isinstance(owner, ast.Attribute) and call.args):
            return False
        autograd = True
    return autograd


def _instances(name: str, parsed: Parsed) -> Iterator[str]:
    for unit in parsed.units:
        for node in ast.walk(unit.node):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            if _last(node.value.func) == name:
                yield from (each.id for each in node.targets if isinstance(each, ast.Name))


def _backward_calls(parsed: Parsed) -> Iterator[tuple[ast.expr, ast.Call]]:
    for unit in parsed.units:
        for node in ast.walk(unit.node):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr == "backward":
                    yield node.func.value, node
                elif node.func.attr == "grad" and _last(node.func.value) == "autograd":
                    yield node.func.value, ast.Call(node.func, [], [])


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else str(getattr(node, "id", ""))
