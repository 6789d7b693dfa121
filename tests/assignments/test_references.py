"""The shipped references and submissions: listed once each, and what their lists say of them."""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import json
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML
from torch import Tensor

from grader import assignments

ROOT = Path(__file__).parents[2]
ASSIGNMENTS = ROOT / "grader" / "assignments"
SUBMISSIONS = ROOT / "fixtures" / "submissions"


def _row_targets(x: Tensor) -> Tensor:
    """A class for each row, int64 of shape (B,): not the first where there are more."""
    return (2 * torch.arange(len(x)) + 1) % x.shape[1]


def _loss(x: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(x.double(), _row_targets(x))


@dataclass(frozen=True, slots=True)
class Asked:
    """What an assignment asks for, as far as these tests need it.

    least  how many references of each kind there are at least: right, junk, wrong
    truth  logits of shape (B, N) -> the right answer in float64
    given  logits -> the arguments of the call, which share the logits' memory
    """

    least: tuple[int, int, int]
    truth: Callable[[Tensor], Tensor]
    given: Callable[[Tensor], tuple[Any, ...]] = lambda x: (x,)


ASKED = {
    "softmax": Asked((36, 10, 50), lambda x: torch.softmax(x.double(), dim=-1)),
    "log_softmax": Asked((28, 8, 38), lambda x: torch.log_softmax(x.double(), dim=-1)),
    "cross_entropy": Asked((22, 8, 34), _loss, lambda x: (x, _row_targets(x))),
    "numpy_softmax": Asked(
        (18, 7, 18), lambda x: torch.softmax(x.double(), dim=-1), lambda x: (x.numpy(),)
    ),
}


def test_every_shipped_assignment_is_asked_for() -> None:
    assert sorted(ASKED) == sorted(assignments.names())


@functools.cache
def _listed(assignment: str) -> list[dict[str, Any]]:
    text = (ASSIGNMENTS / assignment / "references" / "references.yaml").read_text("utf-8")
    entries: list[dict[str, Any]] = YAML(typ="safe").load(text)["references"]
    return entries


def _entries(kind: str) -> list[Any]:
    """Parameters of a test, one for each reference of that kind."""
    return [
        pytest.param(assignment, entry, id=f"{assignment}-{entry['file']}")
        for assignment in ASKED
        for entry in _listed(assignment)
        if entry["file"].startswith(kind)
    ]


def _cells(text: str) -> Iterator[str]:
    for cell in re.split(r"^# %%.*$", text, flags=re.MULTILINE):
        yield "\n".join("" if line[:1] in "%!" else line for line in cell.split("\n"))


def _definitions(cell: str) -> list[ast.stmt]:
    """What binds names; loops, calls and checks of the notebook are left out."""
    try:
        body = ast.parse(cell).body
    except SyntaxError:
        return []
    return [each for each in body if not isinstance(each, ast.Expr | ast.For | ast.While)]


def _target(assignment: str, file: str) -> Callable[[Tensor], Any] | None:
    """The target of a reference, of logits; a stand-in for slicing, enough for files of our own."""
    path = ASSIGNMENTS / assignment / "references" / file
    text = path.read_text("utf-8").replace('"cuda"', '"cpu"').replace(".cuda()", "")
    names: dict[str, Any] = {"__name__": "reference"}
    for cell in _cells(text):
        for statement in _definitions(cell):
            code = compile(ast.Module([statement], []), file, "exec", dont_inherit=True)
            with contextlib.suppress(Exception):  # a kernel would go on too
                exec(code, names)  # noqa: S102 - files of this repository
    found = next((names[name] for name in _names(assignment) if name in names), None)
    if found is None:
        return None
    called = found() if isinstance(found, type) else found
    given = ASKED[assignment].given
    return lambda x: called(*given(x), 1) if "dim: int)" in text else called(*given(x))


@functools.cache
def _names(assignment: str) -> tuple[str, ...]:
    return assignments.load(assignment, Path()).tasks[0].wanted.names


def _differentiable(assignment: str) -> bool:
    return assignments.load(assignment, Path()).tasks[0].differentiable is not None


def _answer(target: Callable[[Tensor], Any], x: Tensor) -> Any:
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return target(x)


def _inputs() -> Iterator[Tensor]:
    torch.manual_seed(0)
    for offset in (0.0, 1000.0, -1000.0):
        for shape in ((1, 1), (1, 20), (3, 5), (5, 5)):
            yield (torch.randint(-192, 192, shape) / 64 + offset).float()
    yield torch.tensor([[0.0, 1.0], [1000.0, 1001.0], [-1000.0, -999.5]])
    yield (torch.randint(-192, 192, (4, 6)) / 64).double()
    yield (torch.randint(-192, 192, (5, 3)) / 64).float().t()
    yield (torch.randint(-24, 24, (2, 7)) / 8).half()


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other over tiny tensors cost milliseconds a call."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _close(answer: Any, x: Tensor, truth: Tensor) -> bool:
    found = torch.as_tensor(answer)
    eps = torch.finfo(x.dtype).eps
    scale = max(1.0, float(x.abs().max()))
    return found.shape == truth.shape and torch.allclose(
        found.double(), truth, rtol=max(1e-5, 4 * eps * scale), atol=max(1e-6, 4 * eps)
    )


@pytest.mark.parametrize("assignment", sorted(ASKED))
def test_references_lists_each_file_exactly_once_and_nothing_else(assignment: str) -> None:
    folder = ASSIGNMENTS / assignment / "references"
    files = [entry["file"] for entry in _listed(assignment)]
    there = [path.relative_to(folder).as_posix() for path in folder.rglob("*.py")]
    assert sorted(files) == sorted(there)


@pytest.mark.parametrize("assignment", sorted(ASKED))
def test_references_are_enough_of_each_kind(assignment: str) -> None:
    kinds = [entry["file"].split("/")[0] for entry in _listed(assignment)]
    for kind, least in zip(("right", "junk", "wrong"), ASKED[assignment].least, strict=True):
        assert kinds.count(kind) >= least


@pytest.mark.parametrize("assignment", sorted(ASKED))
def test_what_is_expected_fits_the_folder(assignment: str) -> None:
    expected = {"right": "full", "junk": "nothing"}
    for entry in _listed(assignment):
        kind = entry["file"].split("/")[0]
        if kind == "wrong":
            assert entry["note"]
            assert entry["expect"]
        elif kind == "backward":  # a bonus: right and wrong ones keep every other point
            assert entry["score"] == 20
            assert all(name.startswith("backward-") for name in entry["expect"])
        else:
            assert entry["expect"] == expected[kind]


@pytest.mark.parametrize(("assignment", "entry"), _entries("right"))
def test_a_right_reference_is_right(assignment: str, entry: dict[str, Any]) -> None:
    target = _target(assignment, entry["file"])
    assert target is not None
    for x in _inputs():
        before = x.clone()
        answer = _answer(target, x)
        numbers = torch.from_numpy(answer) if isinstance(answer, np.ndarray) else answer
        assert _close(answer, x, ASKED[assignment].truth(x)), (x, answer)
        assert torch.equal(x, before)
        assert not isinstance(numbers, Tensor) or numbers.dtype == x.dtype


@pytest.mark.parametrize(("assignment", "entry"), _entries("right"))
def test_a_right_reference_is_differentiable_unless_it_says_so(
    assignment: str, entry: dict[str, Any]
) -> None:
    if not _differentiable(assignment):
        assert "except" not in entry
        return
    target = _target(assignment, entry["file"])
    assert target is not None
    leaf = torch.tensor([[0.5, -1.0, 2.0], [1.0, 1.5, -0.25]], requires_grad=True)
    if "numpy" in entry["file"] or "list" in entry["file"]:
        assert entry["except"] == {"differentiable": "failed"}
        return
    right = ASKED[assignment].truth(leaf)
    upstream = (
        torch.tensor([[1.0, 0.25, -0.5], [-1.0, 2.0, 0.75]]) if right.ndim else torch.tensor(-3.0)
    )
    _answer(target, leaf * 1).backward(upstream)
    (expected,) = torch.autograd.grad(right, leaf, upstream.double())
    assert leaf.grad is not None
    torch.testing.assert_close(leaf.grad, expected.float(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("assignment", "entry"), _entries("junk"))
def test_junk_is_never_right(assignment: str, entry: dict[str, Any]) -> None:
    target = _target(assignment, entry["file"])
    x = torch.tensor([[0.0, 1.0, -1.5]])
    try:
        answer = _answer(target, x) if target else None
    except (NotImplementedError, NameError):
        return
    assert answer is None or not _close(answer, x, ASKED[assignment].truth(x))


@pytest.mark.parametrize(("assignment", "entry"), _entries("wrong"))
def test_a_wrong_reference_is_as_right_on_one_moderate_row_as_listed(
    assignment: str, entry: dict[str, Any]
) -> None:
    expected = entry["expect"].get("values")
    if expected not in ("passed", "failed"):
        return
    target = _target(assignment, entry["file"])
    assert target is not None
    x = torch.tensor([[0.0, 1.0, -1.5, 2.25, 0.5]])
    truth = ASKED[assignment].truth(x)
    try:
        answer = _answer(target, x.clone())
    except (IndexError, NameError, RecursionError, RuntimeError, TypeError, ValueError):
        assert expected == "failed"
        return
    right = isinstance(answer, Tensor | np.ndarray | float) and _close(answer, x, truth)
    assert right == (expected == "passed")


def test_the_table_of_submissions_lists_each_file_exactly_once() -> None:
    table = (SUBMISSIONS / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|", table, flags=re.MULTILINE)
    there = [path for path in SUBMISSIONS.rglob("*") if path.is_file()]
    files = [path.relative_to(SUBMISSIONS).as_posix() for path in there]
    assert sorted(rows) == sorted(set(files) - {"README.md"})


@pytest.mark.parametrize("name", ["ivan", "jonas"])
def test_a_notebook_and_its_export_hold_the_same_code(name: str) -> None:
    folder = SUBMISSIONS / name
    notebook = json.loads((folder / "tutorial1b.ipynb").read_text("utf-8"))
    exported = (folder / "tutorial1b.txt").read_text("utf-8").split("In [None]:\n")[1:]
    sources = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    assert len(sources) == len(exported)
    for source, text in zip(sources, exported, strict=True):
        assert text.startswith(source)


def test_the_handout_leaves_the_target_to_the_student() -> None:
    handout = json.loads((ASSIGNMENTS / "softmax" / "handout.ipynb").read_text("utf-8"))
    code = ["".join(c["source"]) for c in handout["cells"] if c["cell_type"] == "code"]
    (stub,) = [source for source in code if source.startswith("def good_softmax")]
    (function,) = ast.parse(stub).body
    assert isinstance(function, ast.FunctionDef)
    assert [ast.unparse(each) for each in function.body] == ["return probs"]
    assert not any("probs =" in source for source in code)
