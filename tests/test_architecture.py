"""Promises about the code itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

import grader
from grader.assignments import load, names

PACKAGE: Final = Path(grader.__file__).parent
MODULES: Final = sorted(
    path for path in PACKAGE.rglob("*.py") if "references" not in path.relative_to(PACKAGE).parts
)
ENGINE: Final = [path for path in MODULES if PACKAGE / "assignments" not in path.parents]
CHILD: Final = PACKAGE / "sandbox" / "child"
FORBIDDEN: Final = re.compile(r"soft_?max|logits?\b|log_?sum_?exp|\blse\b|jacobian", re.IGNORECASE)
"""Words of assignments that the engine must not know (promise 10)."""

AUTOGRAD: Final = "vector-Jacobian product"
"""What autograd computes is called so, whatever the assignment."""

GENERAL: Final = {
    "missing",
    "stub",
    "crashes",
    "timeout",
    "killed",
    "unsteady",
    "draws-random",
    "returns-nothing",
    "not-numbers",
}
"""Diagnoses that are the engine's own."""


def _name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _exported(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else []
        targets += node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(one, ast.Name) and one.id == "__all__" for one in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            assert node.value is not None
            return list(ast.literal_eval(node.value))
    return None


def _bound(tree: ast.Module) -> dict[str, ast.stmt]:
    """Names bound at the top level, inside `if` and `try` too."""
    found: dict[str, ast.stmt] = {}
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update({(one.asname or one.name).split(".")[0]: node for one in node.names})
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update({one.id: node for one in targets if isinstance(one, ast.Name)})
        waiting.extend(one for one in ast.iter_child_nodes(node) if isinstance(one, ast.stmt))
    return found


def test_there_is_something_to_look_at() -> None:
    assert len(ENGINE) > 20
    assert len(MODULES) > len(ENGINE)


@pytest.mark.parametrize("path", ENGINE, ids=_name)
def test_the_engine_knows_no_assignment(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert FORBIDDEN.findall(text.replace(AUTOGRAD, "")) == []
    assert [name for name in names() if name in text] == []


def test_the_engine_names_no_bug_of_an_assignment() -> None:
    ids = {bug for name in names() for bug in load(name, Path()).bugs} - GENERAL
    assert ids
    for path in ENGINE:
        text = path.read_text(encoding="utf-8")
        assert [bug for bug in sorted(ids) if f'"{bug}"' in text] == [], _name(path)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_torch_is_imported_in_the_child_only(path: Path) -> None:
    if CHILD in path.parents:
        return
    assert not [one for one in _imports(_tree(path)) if one.split(".")[0] == "torch"]


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_every_module_says_what_it_exports(path: Path) -> None:
    tree = _tree(path)
    assert ast.get_docstring(tree), "no docstring"
    exported = _exported(tree)
    if exported is None:
        public = [
            name
            for name, node in _bound(tree).items()
            if not name.startswith("_") and isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]
        assert public == [], "no __all__"
        return
    assert exported == _as_ruff_sorts(exported)
    assert len(set(exported)) == len(exported)
    assert set(exported) <= set(_bound(tree))


def _as_ruff_sorts(exported: list[str]) -> list[str]:
    """Constants, then classes, then the rest."""

    def key(name: str) -> tuple[int, str]:
        return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)

    return sorted(exported, key=key)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_public_functions_have_docstrings(path: Path) -> None:
    tree = _tree(path)
    exported = set(_exported(tree) or ())
    silent = [
        name
        for name, node in _bound(tree).items()
        if name in exported and isinstance(node, ast.FunctionDef) and not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_modules_have_a_readable_size(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 420


SLOW: Final = {"torch", "numpy", "IPython", "nbformat", "rich", "safetensors"}
SLOW_TO_FAIL: Final = SLOW | {"pydantic", "ruamel"}
HELP: Final = (
    ["--help"],
    ["--version"],
    ["grade", "--help"],
    ["explain", "--help"],
    ["rubric", "--help"],
    ["rubric", "lint", "--help"],
    ["rubric", "init", "--help"],
    ["mark", "--help"],
    ["override", "--help"],
    ["export", "--help"],
    ["package", "gradescope", "--help"],
    ["compare", "--help"],
    ["forget", "--help"],
)
USAGE_ERRORS: Final = (
    [],
    ["frobnicate"],
    ["grade"],
    ["grade", "/nowhere"],
    ["grade", "."],
    ["grade", ".", "--jobs", "0"],
    ["grade", ".", "--rubric", "softmaks"],
    ["grade", ".", "--rubric", "none.yaml"],
    ["grade", ".", "--rubric", "softmax", "--target", "forward"],
    ["explain", "/nowhere"],
    ["rejudge", "/nowhere"],
    ["rubric", "lint", "softmaks"],
    ["rubric", "show", "./none.yaml"],
    ["mark", "/nowhere"],
    ["export", "canvas", "/nowhere"],
    ["compare", "/nowhere", "/nowhere"],
)
RUBRIC_COMMANDS: Final = (
    ["rubric", "lint", "softmax", "log_softmax"],
    ["rubric", "lint", "wrong.yaml"],
    ["rubric", "list"],
    ["rubric", "show", "softmax"],
)
_RUN_ALL: Final = """
import contextlib, io, sys
from grader.cli.main import main
for arguments in {commands!r}:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            main(arguments)
        except SystemExit as stopped:
            status = stopped.code
    loaded = {{name.split(".")[0] for name in sys.modules}} & {slow!r}
    print(status, *arguments, "|", *sorted(loaded))
"""


def _loaded(commands: Sequence[list[str]], slow: set[str], cwd: Path) -> dict[str, list[str]]:
    """Status and command -> packages in memory after it, commands run one after another."""
    code = _RUN_ALL.format(commands=commands, slow=slow)
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=cwd, capture_output=True, text=True, check=True)
    lines = [line.split("|") for line in done.stdout.splitlines()]
    assert len(lines) == len(commands)
    return {command.strip(): found.split() for command, found in lines}


@pytest.mark.parametrize(("commands", "status"), [(HELP, "0"), (USAGE_ERRORS, "2")])
def test_help_and_usage_errors_import_nothing_slow(
    commands: Sequence[list[str]], status: str, tmp_path: Path
) -> None:
    found = _loaded(commands, SLOW_TO_FAIL, tmp_path)
    assert {command[0] for command in found} == {status}
    assert {command: slow for command, slow in found.items() if slow} == {}


def test_rubrics_are_read_without_anything_that_grading_needs(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("id: wrong\n")
    found = _loaded(RUBRIC_COMMANDS, SLOW | {"pydantic"}, tmp_path)
    assert [command[0] for command in found] == ["0", "2", "0", "0"]
    assert set(map(tuple, found.values())) == {("pydantic",)}
