"""What the notebook's classes have and are made from, as far as the source shows it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from grader.slicing.library import Library
from grader.slicing.target import Definitions
from grader.slicing.units import Parsed

__all__ = [
    "instance_of",
    "is_autograd_function",
    "is_module",
    "methods_of",
    "needs_arguments",
    "takes_context",
]

_MOST_BASES: Final = 50
_CONTEXT: Final = frozenset({"ctx", "context", "_ctx", "c"})


def _family(node: ast.ClassDef, unit: int, definitions: Definitions) -> Iterator[ast.ClassDef]:
    """The class and the notebook's classes it is made from, nearest first."""
    waiting, seen = [(node, unit)], {node}
    while waiting and len(seen) < _MOST_BASES:
        found, at = waiting.pop(0)
        yield found
        for base in found.bases:
            if isinstance(base, ast.Name):
                for origin, index in definitions.origins(base.id, at):
                    if isinstance(origin, ast.ClassDef) and origin not in seen:
                        seen.add(origin)
                        waiting.append((origin, index))


def methods_of(
    node: ast.ClassDef, unit: int, definitions: Definitions
) -> Mapping[str, ast.FunctionDef]:
    """The methods of the class and of its bases in the notebook, by name; the last one counts."""
    found: dict[str, ast.FunctionDef] = {}
    for kin in _family(node, unit, definitions):
        own = {each.name: each for each in kin.body if isinstance(each, ast.FunctionDef)}
        found = {**own, **found}
    return found


def _made_from(
    node: ast.ClassDef, unit: int, definitions: Definitions, library: Library, ending: str
) -> bool:
    return any(
        name == ending or name.endswith(f".{ending}")
        for kin in _family(node, unit, definitions)
        for base in kin.bases
        for name in (*library.dotted(base), ast.unparse(base))
    )


def is_autograd_function(
    node: ast.ClassDef, unit: int, definitions: Definitions, library: Library
) -> bool:
    """Whether autograd takes it for a function of its own: a subclass of `autograd.Function`."""
    return _made_from(node, unit, definitions, library, "autograd.Function") or _made_from(
        node, unit, definitions, library, "autograd.function.Function"
    )


def is_module(node: ast.ClassDef, unit: int, definitions: Definitions, library: Library) -> bool:
    """Whether it is a subclass of `torch.nn.Module`."""
    return _made_from(node, unit, definitions, library, "nn.Module") or _made_from(
        node, unit, definitions, library, "nn.modules.module.Module"
    )


def takes_context(method: ast.FunctionDef, methods: Mapping[str, ast.FunctionDef]) -> bool:
    """Whether method and `forward` share a context that is passed first."""
    forward = methods.get("forward")
    if forward is None:
        return False
    pair = (method, forward)
    firsts = [each.args.args[0].arg if each.args.args else "" for each in pair]
    if all(first in _CONTEXT for first in firsts):
        return True
    static = all(_is_static(each) for each in pair)
    return static and all(len(each.args.args) >= 2 for each in pair) and firsts[0] == firsts[1]


def _is_static(method: ast.FunctionDef) -> bool:
    return any(
        isinstance(each, ast.Name) and each.id == "staticmethod" for each in method.decorator_list
    )


def needs_arguments(methods: Mapping[str, ast.FunctionDef], known: Sequence[str]) -> bool:
    """Whether an instance cannot be made without arguments but for `known` ones."""
    made = methods.get("__init__")
    if made is None:
        return False
    names = [each.arg for each in (*made.args.posonlyargs, *made.args.args)][1:]
    required = names[: len(names) - len(made.args.defaults)]
    keywords = zip(made.args.kwonlyargs, made.args.kw_defaults, strict=True)
    required += [each.arg for each, default in keywords if default is None]
    return any(name not in known for name in required)


def instance_of(name: str, parsed: Parsed) -> str | None:
    """The last module-level name that is bound to a new instance of the class."""
    found = [
        binding.name
        for unit in parsed.units
        for binding in unit.bound
        if isinstance(binding.value, ast.Call)
        and isinstance(binding.value.func, ast.Name)
        and binding.value.func.id == name
    ]
    return found[-1] if found else None
