"""Names of libraries: what `F.relu` means after `import torch.nn.functional as F`."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

from grader.slicing.bindings import Binding, bindings
from grader.slicing.units import Unit

__all__ = ["Library", "constant_text"]

_MEANINGS_MOST: Final = 8
_TEXT_MOST: Final = 1_000
_DOTTED_MOST: Final = 300  # characters; a library's longest name has a third of them
_STARS_MOST: Final = 50
_DEEPEST: Final = 12  # expressions in one another that name one thing
_MAY_NAME: Final = (
    ast.Name,
    ast.Attribute,
    ast.Call,
    ast.Subscript,
    ast.NamedExpr,
    ast.IfExp,
)

Known = Callable[[str], str | None]


class Library:
    """What module-level names mean in terms of libraries, by the statements that bind them.

    A name bound several times may have several meanings. `local` names mean what they are bound
    to in a function (nothing, for a parameter), whatever the module calls so.
    """

    def __init__(self, units: Iterable[Unit] = (), outer: Library | None = None) -> None:
        self._outer = outer
        self._depth = 0
        self._meanings: dict[str, tuple[str, ...]] = {}
        self._texts: dict[str, str] = {}
        self._stars: list[str] = outer._stars if outer else []
        for unit in units:
            self._learn(unit.node, unit.bound)

    def _learn(self, node: ast.stmt, bound: Iterable[Binding]) -> None:
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            new = node.module not in self._stars and len(self._stars) < _STARS_MOST
            if node.module and not node.level and new:
                self._stars.append(node.module)
            return
        imported: dict[str, tuple[str, ...]] | None = None
        for binding in bound:
            found: tuple[str, ...] = ()
            if isinstance(binding.value, ast.alias):
                imported = _imported(node) if imported is None else imported
                found = imported.get(binding.name, ())
            elif isinstance(binding.value, ast.expr):
                found = self.dotted(binding.value)
                text = self.text(binding.value)
                if text is not None:
                    self._texts[binding.name] = text
            known = self._meanings.get(binding.name, ())
            self._meanings[binding.name] = tuple(dict.fromkeys((*known, *found)))[:_MEANINGS_MOST]

    def nested(self, local: Iterable[str], body: Iterable[ast.stmt]) -> Library:
        """As seen in a function: its local names shadow, its own imports and aliases count."""
        inner = Library(outer=self)
        inner._meanings = dict.fromkeys(local, ())
        for node in body:
            inner._learn(node, bindings(node))
        return inner

    def _found(self, name: str) -> tuple[str, ...] | None:
        """Meanings of a name, none for one that is no library's; None where nothing binds it."""
        library: Library | None = self
        while library:
            if name in library._meanings:
                return library._meanings[name]
            library = library._outer
        return None

    def _known_text(self, name: str) -> str | None:
        library: Library | None = self
        while library:
            if name in library._meanings:
                return library._texts.get(name)
            library = library._outer
        return None

    def dotted(self, node: ast.AST) -> tuple[str, ...]:
        """Library names an expression may stand for; empty for anything that is not one."""
        if not isinstance(node, _MAY_NAME) or self._depth > _DEEPEST:
            return ()
        self._depth += 1
        found = self._dotted(node)
        self._depth -= 1
        if not found or isinstance(node, ast.Name):
            return found
        short = (name for name in found if len(name) <= _DOTTED_MOST)
        return tuple(dict.fromkeys(short))[:_MEANINGS_MOST]

    def _dotted(self, node: ast.AST) -> tuple[str, ...]:
        if isinstance(node, ast.Name):
            found = self._found(node.id)
            if found is not None:
                return found
            return tuple(f"{module}.{node.id}" for module in self._stars)
        if isinstance(node, ast.Attribute):
            return tuple(f"{owner}.{node.attr}" for owner in self.dotted(node.value))
        if isinstance(node, ast.Call):
            return self._dotted_call(node)
        if isinstance(node, ast.Subscript):
            return self._dotted_item(node)
        if isinstance(node, ast.NamedExpr):
            return self.dotted(node.value)
        if isinstance(node, ast.IfExp):
            return self.dotted(node.body) + self.dotted(node.orelse)
        return ()

    def _dotted_call(self, node: ast.Call) -> tuple[str, ...]:
        called = _called_name(node)
        if not node.args:
            return ()
        if called == "getattr" and len(node.args) >= 2:
            attribute = self.text(node.args[1])
            owners = self.dotted(node.args[0])
            return tuple(f"{owner}.{attribute}" for owner in owners) if attribute else ()
        if called in {"import_module", "__import__"}:
            name = self.text(node.args[0])
            if name and called == "__import__":  # gives the root, whatever is asked for
                name = name.split(".", 1)[0]
            return (name,) if name else ()
        return ()

    def _dotted_item(self, node: ast.Subscript) -> tuple[str, ...]:
        """`torch.__dict__["relu"]`, `vars(torch)["relu"]`."""
        owner: ast.AST | None = None
        if isinstance(node.value, ast.Attribute) and node.value.attr == "__dict__":
            owner = node.value.value
        elif isinstance(node.value, ast.Call) and _called_name(node.value) == "vars":
            owner = node.value.args[0] if node.value.args else None
        key = self.text(node.slice)
        if owner is None or not key:
            return ()
        return tuple(f"{name}.{key}" for name in self.dotted(owner))

    def text(self, node: ast.AST) -> str | None:
        """A string whose characters stand in the source, put together or not."""
        return constant_text(node, self._known_text)


def _called_name(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _imported(node: ast.stmt) -> dict[str, tuple[str, ...]]:
    """Name -> library names, for all imports in a statement."""
    found: dict[str, list[str]] = defaultdict(list)
    for part in ast.walk(node):
        if isinstance(part, ast.Import):
            for alias in part.names:
                root = alias.name.split(".", 1)[0]
                found[alias.asname or root].append(alias.name if alias.asname else root)
        elif isinstance(part, ast.ImportFrom):
            package = "." * part.level + (part.module or "")
            for alias in part.names:
                found[alias.asname or alias.name].append(f"{package}.{alias.name}")
    return {name: tuple(meanings) for name, meanings in found.items()}


def constant_text(node: ast.AST, known: Known) -> str | None:
    """Fold a string expression: constants, `+`, f-strings, `join`, reversal, `known` names."""
    found: str | None = None
    if isinstance(node, ast.Constant):
        found = node.value if isinstance(node.value, str) else None
    elif isinstance(node, ast.Name):
        found = known(node.id)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        found = _joined("", (node.left, node.right), known)
    elif isinstance(node, ast.JoinedStr):
        found = _joined("", node.values, known)
    elif isinstance(node, ast.FormattedValue) and node.format_spec is None:
        found = constant_text(node.value, known)
    elif isinstance(node, ast.Subscript):
        whole = constant_text(node.value, known)
        if whole is not None and ast.dump(node.slice) == _REVERSED:
            found = whole[::-1]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = constant_text(node.func.value, known)
        if owner is not None and not node.args and node.func.attr in {"lower", "upper", "strip"}:
            found = {"lower": owner.lower, "upper": owner.upper, "strip": owner.strip}[
                node.func.attr
            ]()
        elif owner is not None and node.func.attr == "join" and len(node.args) == 1:
            parts = node.args[0]
            if isinstance(parts, ast.List | ast.Tuple):
                found = _joined(owner, parts.elts, known)
    return found if found is None or len(found) <= _TEXT_MOST else None


_REVERSED: Final = ast.dump(ast.parse("s[::-1]", mode="eval").body.slice)  # type: ignore[attr-defined]  # a subscript, by its text


def _joined(glue: str, parts: Iterable[ast.AST], known: Known) -> str | None:
    texts = [constant_text(part, known) for part in parts]
    whole = [text for text in texts if text is not None]
    return glue.join(whole) if len(whole) == len(texts) else None
