"""What a function of the notebook hands back: another function, an instance, or a value."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from grader.slicing.bindings import bindings
from grader.slicing.names import Scoped, evaluated_at_definition

__all__ = ["Made", "made_by"]


@dataclass(frozen=True, slots=True)
class Made:
    """The expressions a function may return.

    returned  one for each `return` that has a value
    local     what the function's own names are bound to; the `ast.arg` for a parameter
    """

    returned: tuple[ast.expr, ...]
    local: dict[str, list[ast.AST | None]] = field(default_factory=dict)

    def values(self, place: int | None = None) -> Iterator[ast.AST]:
        """What may come back, local names followed; `place` picks one of several returned."""
        waiting: list[tuple[ast.AST | None, int | None]] = [(one, place) for one in self.returned]
        seen: set[str] = set()
        while waiting:
            value, wanted = waiting.pop()
            if isinstance(value, ast.IfExp):
                waiting += [(value.body, wanted), (value.orelse, wanted)]
            elif isinstance(value, ast.Name) and value.id in self.local:
                if value.id not in seen:
                    seen.add(value.id)
                    waiting += [(bound, wanted) for bound in self.local[value.id]]
            elif wanted is not None and isinstance(value, ast.Tuple | ast.List):
                if wanted < len(value.elts):
                    waiting.append((value.elts[wanted], None))
            elif wanted is None and value is not None:
                yield value


def made_by(function: ast.FunctionDef | ast.Lambda) -> Made:
    """What `function` may return."""
    if isinstance(function, ast.Lambda):
        return Made((function.body,))
    local: dict[str, list[ast.AST | None]] = defaultdict(list)
    arguments = function.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        local[argument.arg].append(argument)
    returned = [
        node.value
        for node in _own_statements(function.body)
        if isinstance(node, ast.Return) and node.value
    ]
    for statement in function.body:
        for binding in bindings(statement):
            local[binding.name].append(binding.value)
    return Made(tuple(returned), dict(local))


def _own_statements(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Nodes of a function's own scope."""
    stack = list(body)
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, Scoped):
            stack += evaluated_at_definition(node)
        elif not isinstance(node, ast.ClassDef):
            stack += ast.iter_child_nodes(node)
