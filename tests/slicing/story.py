"""Small notebooks written as text: cells are separated by a line of `---`."""

from __future__ import annotations

from textwrap import dedent

from grader.core.notebook import Cell, Notebook
from grader.core.slice import Slice, Wanted
from grader.slicing import cut

WANTED = Wanted(
    role="forward",
    names=("good_softmax",),
    stubs=("def good_softmax(x: Tensor) -> Tensor:\n    'doc'\n    y = None\n    return y\n",),
    given=("import torch", "from torch import Tensor, nn"),
)


def notebook(text: str) -> Notebook:
    """The cells of `text`, numbered from 1."""
    cells = [part.strip("\n") for part in dedent(text).split("---\n")]
    return Notebook(
        "ipynb", tuple(Cell(number, "code", cell) for number, cell in enumerate(cells, 1))
    )


def sliced(text: str, wanted: Wanted = WANTED, *, name: str | None = None) -> Slice:
    return cut(notebook(text), wanted, name=name)


def heads(text: str) -> list[str]:
    """First lines of the statements of the slice of `text`."""
    return [statement.code.split("\n")[0] for statement in sliced(text).statements]


def data_of(text: str) -> dict[str, str | None]:
    """Names bound by the slice's statements, with the basis on which each is data."""
    return {
        name: statement.data
        for statement in sliced(text).statements
        for name in statement.binds
        if statement.data
    }
