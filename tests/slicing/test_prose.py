"""Derivations in text cells: which are a student's, where they begin and where they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from textwrap import dedent
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.notebook import Cell, Notebook
from grader.core.slice import Passage, Wanted
from grader.notebook import read
from grader.slicing import prose

WANTED: Final = Wanted(
    "backward",
    (),
    prose=(r"\\partial|∂", r"\bderivatives?\b", r"\bgradients?\s*(:|=|is\b)", r"\bjacobian\b"),
)
QUESTION: Final = "**Question [optional]:** Derive the backward pass. What is its Jacobian?"


def exported(text: str) -> tuple[Passage, ...]:
    """Of a text export: `text` below two cells of code."""
    head = "In [None]:\nimport torch\n\nIn [None]:\nprint('gradient is right:', 1)\nf(x)\n\n"
    return prose(read((head + dedent(text)).encode(), "a.txt"), WANTED)


def typed(*cells: str) -> tuple[Passage, ...]:
    """Of a notebook with these text cells."""
    written = [{"cell_type": "markdown", "metadata": {}, "source": cell} for cell in cells]
    whole = {"cells": written, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return prose(read(json.dumps(whole).encode(), "a.ipynb"), WANTED)


def test_a_derivation_below_the_question_in_an_export() -> None:
    (found,) = exported(
        rf"""
        tensor([[0.5, 0.5],
                [0.1, 0.9]])

        {QUESTION}

        $p = \frac{{e^x}}{{s}}$

        The derivative of it:

        $p' = p (1 - p)$ if i = j

        In [None]:
        def f(x):
            return x
        """
    )
    assert found.text.startswith(r"$p = \frac")
    assert found.text.endswith("if i = j")
    assert "tensor" not in found.text
    assert "Question" not in found.text
    assert found.location.cell == 2
    assert found.location.file_line == 14


@pytest.mark.parametrize(
    "text",
    [
        QUESTION,
        f"{QUESTION}\n\nThe result is below.",
        f"tensor([[1.0]])\n\n{QUESTION}",
        "Gradient:\ntensor([0.1,\n        0.2], grad_fn=<X>)",
        "My gradient is right: True",
        "gradient is right: 1e-8",
        "# The derivative",
        "array([[1., 2.],\n\n       [3., 4.]])\n",
        "[tensor([0.1]), tensor([0.2])]",
        "/usr/lib/a.py:3: UserWarning: the derivative is lost\n  return torch.ones(3)",
        "<stdin>:1: DeprecationWarning: gradient is None",
        "-" * 75 + "\nNameError          Traceback (most recent call last)\n"
        "----> 1 derivative(x)\n\nNameError: name 'derivative' is not defined",
    ],
)
def test_what_a_student_did_not_write(text: str) -> None:
    found = exported(text.replace("My gradient", "gradient"))
    assert found == ()


def test_values_above_and_below_are_left_out() -> None:
    (found,) = exported(
        """
        Custom gradient:
        tensor([[1., 2.],

                [3., 4.]])

        The derivative is p (1 - p).
        It follows from the quotient.

        # Next part
        """
    )
    assert found.text == "The derivative is p (1 - p).\nIt follows from the quotient."


def test_the_next_heading_is_no_part_of_it() -> None:
    (found,) = exported("The derivative is p.\n\n# Part 2: derivatives of $f$\n\nAn introduction.")
    assert found.text == "The derivative is p."


@pytest.mark.parametrize(
    "formula",
    [
        "$\\frac{\\partial p}{\\partial x} = p (1 - p)$",
        "$$\n\\frac{\\partial p}{\\partial x}\n\n= p (1 - p)\n\n$$",
        "\\begin{align}\n\\partial p &= p \\\\\n\n&- p p\n\\end{align}",
        "\\[ \\partial p = p \\]",
        "∂p/∂x = p (1 - p)",
    ],
)
@pytest.mark.parametrize("read_as", [exported, typed])
def test_formulas_are_kept_to_their_end(
    formula: str, read_as: Callable[[str], tuple[Passage, ...]]
) -> None:
    (found,) = read_as(f"{QUESTION}\n\n{formula}")
    assert found.text.split() == formula.split()
    assert found.text.endswith(formula[-10:].rsplit("\n", 1)[-1])


def test_the_rest_of_a_text_in_words_is_kept() -> None:
    (found,) = exported("The Jacobian is made of two parts.\n\nElsewhere it is - p q.\n")
    assert found.text == "The Jacobian is made of two parts.\n\nElsewhere it is - p q."


def test_a_line_below_the_question_is_the_students() -> None:
    (found,) = typed(f"{QUESTION}\nThe derivative is p (1 - p).")
    assert found.text == "The derivative is p (1 - p)."
    assert found.location.line == 2


def test_a_cell_of_a_notebook_is_kept_whole() -> None:
    first = "## Answer\n\nWe begin with $p$.\n\n$$\n\\frac{\\partial p}{x}\n\n= p$$\n\nSo it is."
    found = typed("Nothing to see.", QUESTION, first, f"{QUESTION}\n\n$\\partial$ by words")
    assert [one.text for one in found] == [first, "$\\partial$ by words"]
    assert [one.location.line for one in found] == [1, 3]


def test_a_matrix_of_numbers_in_a_formula_is_no_output() -> None:
    (found,) = exported("The Jacobian:\n\n$$\n[0.5, 0.5]\n[0.5, 0.5]\n$$\n\nDone.")
    assert found.text.count("[0.5, 0.5]") == 2
    assert found.text.endswith("Done.")


def test_few_and_short() -> None:
    found = typed(*["the derivative " + "x" * 9_000] * 30)
    assert len(found) == 10
    assert {len(one.text) for one in found} == {4_000}


def test_nothing_is_asked_for() -> None:
    assert prose(Notebook("ipynb", (Cell(1, "text", "derivative"),)), Wanted("forward", ())) == ()


def test_code_is_no_prose() -> None:
    assert prose(Notebook("ipynb", (Cell(1, "code", "# derivative"),)), WANTED) == ()


LINES: Final = [
    QUESTION, "The derivative", "", "tensor([[1., 2.],", "        [3., 4.]])", "$$", "## Heading",
    "-" * 40, "ValueError: x", "0.5", "[", "]", "label:", "True", "gradient is right: 3",
    "\\partial",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(LINES) | st.text(max_size=20), max_size=30),
    st.sampled_from(["export", "ipynb"]),
)
def test_passages_are_lines_of_the_cell_in_order(lines: list[str], kind: str) -> None:
    source = "\n".join(lines)
    code = Cell(1, "code", "print('gradient is right:', 1)")
    book = Notebook("export" if kind == "export" else "ipynb", (code, Cell(1, "text", source)))
    for one in prose(book, WANTED):
        rest = iter(line if line.strip() else "" for line in source.split("\n"))
        assert all(line in rest for line in one.text.split("\n"))
        assert source.split("\n")[one.location.line - 1] == one.text.split("\n")[0]
        assert QUESTION not in one.text


@pytest.mark.parametrize(
    "source",
    ["(" * 50_000, "tensor([" * 10_000, "$$\n" * 20_000, "Question\n" * 20_000, "-" * 100_000,
     "derivative " * 40_000, "label:\n" * 20_000, ("-" * 30 + "\n") * 5_000],
)  # fmt: skip
def test_long_texts_are_read(source: str) -> None:
    code = Cell(1, "code", "print('label: ', 1)\n" * 2_000)
    assert len(prose(Notebook("export", (code, Cell(1, "text", source))), WANTED)) <= 10


def test_text_of_a_python_file_stands_in_comments() -> None:
    text = "# The derivative is $p(1 - p)$.\n#\n# So much for that.\n"
    source = f"# %% [markdown]\n{text}# %%\nx = 1\n"
    (found,) = prose(read(source.encode(), "work.py"), WANTED)
    assert found.text == "The derivative is $p(1 - p)$.\n\nSo much for that."
    assert found.location.file_line == 2
