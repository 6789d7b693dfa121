"""Written answers: what a submission adds to the handed-out notebook, wherever it is typed."""

from __future__ import annotations

import json
from typing import Final

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from grader.core.errors import Ungradable
from grader.core.notebook import Cell, Format, Notebook
from grader.core.record import Answered
from grader.notebook import read
from grader.slicing.answers import KEPT, answers

TITLE: Final = "# Tutorial 3: Rounding"
FIRST: Final = (
    "**Question:** Numbers of a computer are rounded. Which numerical problems does that bring, "
    "and what can be done about them? Run the tests below to see whether you are right."
)
REMARK: Final = "What you have just seen is why libraries sum in pairs, not one after another."
SECOND: Final = "**Question [optional]:** Derive a bound of the error by hand. Is it sharp?"
CODE: Final = "def total(x):\n    # TODO: write a sum that loses little here\n    return result"
TYPED: Final = "Small numbers are lost beside big ones, so sort them first."

Part = tuple[str, str]


def text(source: str) -> Part:
    return ("markdown", source)


def code(source: str) -> Part:
    return ("code", source)


def made(*parts: Part) -> Notebook:
    cells: list[dict[str, object]] = [
        {"cell_type": kind, "id": f"c{at}", "metadata": {}, "source": source}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for at, (kind, source) in enumerate(parts)
    ]
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return read(json.dumps(whole).encode(), "a.ipynb")


HANDOUT: Final = (
    text(f"{TITLE}\n\n{FIRST}"),
    text(""),
    code(CODE),
    code("total([1.0])"),
    text(REMARK),
    text(SECOND),
    code(""),
)
TEMPLATE: Final = made(*HANDOUT)


def replaced(at: int, *parts: Part) -> Notebook:
    """The handout with other cells in the place of one."""
    return made(*HANDOUT[:at], *parts, *HANDOUT[at + 1 :])


def told(notebook: Notebook, template: Notebook | None = TEMPLATE) -> dict[str, str]:
    """What was typed, by the beginning of what stands before it."""
    return {
        one.prompt[:22]: one.text for one in answers(notebook, template) if one.text or one.asked
    }


def first(notebook: Notebook, template: Notebook | None = TEMPLATE) -> Answered:
    """What was added behind the first question, and nothing anywhere else."""
    found = answers(notebook, template)
    (one,) = [each for each in found if each.prompt == FIRST]
    assert not any(each.text or each.beside for each in found if each is not one)
    return one


def test_a_template_handed_in_unchanged_has_blank_answers_only() -> None:
    found = answers(TEMPLATE, TEMPLATE)
    assert [one.prompt for one in found] == [TITLE, FIRST, REMARK, SECOND]
    assert [one.asked for one in found] == [False, True, False, True]
    assert not any(one.text or one.beside or one.location for one in found)


@pytest.mark.parametrize(
    "notebook",
    [
        replaced(0, text(f"{TITLE}\n\n{FIRST}\n\n{TYPED}")),
        replaced(0, text(f"{TITLE}\n\n{FIRST}\n{TYPED}")),
        replaced(0, text(f"{TITLE}\n\n{FIRST} {TYPED}")),
        replaced(1, text(TYPED)),
        replaced(2, HANDOUT[2], text(TYPED)),
        replaced(3, text(TYPED), HANDOUT[3]),
        replaced(0, text(TITLE), text(FIRST), text(TYPED)),
        replaced(0, text(f"{TITLE}\n{TYPED}")),  # in the place of the question
        replaced(0, text(TYPED)),
        made(text(TITLE), text(TYPED), *HANDOUT[2:]),
        made(text(TYPED), code("def total(x):\n    return sum(sorted(x))")),
        made(HANDOUT[0], text(TYPED), code(CODE)),  # everything below was deleted
        replaced(0, text(f"<h1>Tutorial 3: rounding</h1>\n\n### {FIRST[2:]}\n\n{TYPED}")),
        replaced(0, text(f"{TITLE}\n\n{FIRST.replace('rounded', 'ruonded')}\n\n{TYPED}")),
        replaced(0, text(f"{TITLE}\n\n{FIRST}\n\n***\n\n{TYPED}\n\n---")),
    ],
)
def test_where_an_answer_is_typed(notebook: Notebook) -> None:
    found = first(notebook)
    assert found.text.strip("*- \n") == TYPED
    assert not found.beside


def test_an_answer_to_each_question() -> None:
    notebook = made(
        text(f"{TITLE}\n\n{FIRST}\n\nTo the first."), *HANDOUT[2:6], text("$n u$, and sharp.")
    )
    assert list(told(notebook).values()) == ["To the first.", "$n u$, and sharp."]


def test_paragraphs_stay_as_they_were_typed() -> None:
    answer = "> Two things:\n>> - one\n\n\n$$\n\\frac{a}{b}\n$$\n\n---\nand so on"
    assert first(replaced(1, text(f"\n{answer}\n\n"))).text == answer


def test_cells_of_one_answer_are_joined() -> None:
    notebook = replaced(2, text("Above."), HANDOUT[2], text("Below the code."))
    assert first(notebook).text == "Above.\n\nBelow the code."


@pytest.mark.parametrize("held", ["*Your answer here*", "Answer:", "YOUR ANSWER HERE"])
class TestPlaceholder:
    def test_left_as_it_was(self, held: str) -> None:
        template = replaced(1, text(held))
        assert [one.text for one in answers(template, template)] == [""] * 4

    def test_left_though_the_template_has_none(self, held: str) -> None:
        assert first(replaced(1, text(f"{held}\n\n---"))).text == ""

    def test_replaced(self, held: str) -> None:
        assert first(replaced(1, text(TYPED)), replaced(1, text(held))).text == TYPED

    def test_filled_in_behind(self, held: str) -> None:
        found = first(replaced(1, text(f"{held} {TYPED}")), replaced(1, text(held)))
        assert TYPED in found.text

    def test_is_no_part_of_the_question(self, held: str) -> None:
        template = replaced(0, text(f"{FIRST}\n\n{held}"))
        assert first(template, template).prompt == FIRST


class TestAnotherEdition:
    OTHER: Final = (
        "**Question:** A machine cannot store each number. Say what may go wrong when you add "
        "many, and how one avoids it. Use the code given for testing."
    )
    OTHER_REMARK: Final = "This is the reason why most libraries sum in pairs and not one by one."

    def test_its_texts_are_no_answers(self) -> None:
        notebook = made(text(f"{TITLE}\n\n{self.OTHER}"), *HANDOUT[1:4], text(self.OTHER_REMARK))
        assert not any(told(notebook).values())

    def test_answers_to_it_belong_to_the_question_in_its_place(self) -> None:
        notebook = made(
            text(f"{TITLE}\n\n{self.OTHER}\n\n{TYPED}"), *HANDOUT[1:4], text(self.OTHER_REMARK)
        )
        assert first(notebook).text == TYPED

    def test_behind_it_on_the_same_line_all_is_shown(self) -> None:
        long = f"{TYPED} " * 6
        assert long.strip() in first(replaced(0, text(f"{TITLE}\n\n{self.OTHER} {long}"))).text


def test_numbered_questions_are_not_taken_for_each_other() -> None:
    one, two = "## Question 1\nWhat is lost?", "## Question 2\nWhat helps?"
    template = made(text(one), text(two))
    notebook = made(text("## Question 2\nWhat helps?"), text("Sorting."))
    assert [each.text for each in answers(notebook, template)] == ["", "Sorting."]


def test_answers_between_the_items_of_a_list() -> None:
    items = ("1. What happens to small numbers when they are added to big ones?", "2. Why is it?")
    template = made(text("\n".join(items)), code("x = 1"))
    notebook = made(text(f"{items[0]}\nThey vanish.\n{items[1]}\nNo digits left."), code("x = 1"))
    (found,) = answers(notebook, template)
    assert (found.asked, found.text) == (True, "They vanish.\n\nNo digits left.")


def test_a_question_mark_asks_though_nothing_is_bold() -> None:
    template = made(text("Some words first."), text("Why do *small numbers* vanish?*"))
    assert [one.asked for one in answers(template, template)] == [False, True]


def test_what_stands_above_all_texts_has_no_question() -> None:
    found = answers(made(text("Ada Lovelace, group 7"), *HANDOUT), TEMPLATE)
    assert (found[0].prompt, found[0].text) == ("", "Ada Lovelace, group 7")
    assert not any(one.text for one in found[1:])


def test_a_moved_text_of_the_template_is_still_its_own() -> None:
    assert not any(told(made(HANDOUT[0], *HANDOUT[5:], *HANDOUT[1:5])).values())


def test_badges_and_rules_are_nothing() -> None:
    badge = '<a href="https://a.b/c.ipynb" target="_parent"><img src="https://a.b/c.svg"/></a>'
    assert not any(told(made(text(badge), *HANDOUT, text("---"), text("&nbsp;"))).values())


def test_pictures_are_left_out_and_the_text_beside_them_stays() -> None:
    inlined = f"![p](data:image/png;base64,{'A' * 500_000})\n\n{TYPED}"
    assert first(replaced(1, text(inlined))).text == f"![p](data:)\n\n{TYPED}"


@pytest.mark.parametrize(
    "added",
    [
        "# Small numbers are lost beside big ones.\n# So sort them first.\nx = 1",
        '"""Small numbers are lost beside big ones.\nSo sort them first."""',
        'def f(x):\n    """Small numbers are lost beside big ones.\n    So sort them first."""',
        'print("Small numbers are lost beside big ones.\\nSo sort them first.")',
        "Small numbers are lost beside big ones.\nSo sort these small numbers first.",
        'from IPython.display import Markdown, display\ndisplay(Markdown("Small numbers are lost '
        'beside big ones.\\nSo sort them first."))',
    ],
)
def test_prose_in_a_code_cell(added: str) -> None:
    found = first(replaced(3, code(added)))
    assert found.text == ""
    assert "Small numbers are lost beside big ones." in found.beside
    assert "first" in found.beside
    assert found.location is not None
    assert found.location.cell == 2


@pytest.mark.parametrize(
    "added",
    [
        CODE,
        "# sort it\nx = 1",
        "# def total(x):\n#     a = sorted(x)\n#     return sum(a, start=0.0) / len(a)",
        "# TODO: something that nobody has written so far, alas",
        'print("Sum of it:", total([1.0, 2.0]))',
        "total(x, start=0.0, stop=1.0, step=2.0, way=3, of=4",
    ],
)
def test_code_and_labels_are_no_prose(added: str) -> None:
    assert first(replaced(3, code(added))).beside == ""


def test_a_text_export() -> None:
    export = f"""
In [None]:
import torch

{TITLE}

{FIRST}

{TYPED}

In [None]:
total([1.0])

tensor([1.0000, 2.0000,
        3.0000])

{REMARK}

{SECOND}

$e \\le n u$ for all of them

In [None]:
print("The bound of it:", bound(1))

The bound of it: 0.5
"""
    found = told(read(export.encode(), "a.txt"))
    assert found == {FIRST[:22]: TYPED, SECOND[:22]: "$e \\le n u$ for all of them"}


def test_percent_cells() -> None:
    script = f"""\
# %% [markdown]
# {TITLE}
#
# {FIRST}
#
# {TYPED}
#
# Twice.

# %%
import torch

# %% [markdown]
\"\"\"
{SECOND}

No idea.
\"\"\"
"""
    found = told(read(script.encode(), "a.py"))
    assert found == {FIRST[:22]: f"{TYPED}\n\nTwice.", SECOND[:22]: "No idea."}


def test_a_script_with_questions_and_answers_in_comments() -> None:
    script = f"""\
import torch

# {TITLE}
#
# {FIRST}
#
# {TYPED}

def total(x):
    return sum(sorted(x))
"""
    assert first(read(script.encode(), "a.py")).beside == TYPED


def test_the_place_of_an_answer() -> None:
    location = first(replaced(0, text(f"{TITLE}\n\n{FIRST}\n\n{TYPED}"))).location
    assert location is not None
    assert (location.cell, location.cell_id, location.line) == (0, "c0", 5)


def test_without_a_template_the_submission_says_what_was_asked() -> None:
    notebook = made(text("Ada, group 7"), text(f"{FIRST}\n\n{TYPED}"), text("## Question 2\nYes."))
    found = answers(notebook, None)
    assert [(one.prompt, one.text) for one in found] == [
        ("", "Ada, group 7"),
        (FIRST, TYPED),
        ("## Question 2", "Yes."),
    ]


def test_without_template_and_question_every_text_is_shown() -> None:
    (found,) = answers(made(text("One."), code("x = 1"), text("Two.")), None)
    assert (found.prompt, found.asked, found.text) == ("", False, "One.\n\nTwo.")
    assert answers(made(code("x = 1")), None) == ()


def test_a_long_answer_is_cut() -> None:
    found = first(replaced(1, text("word " * 20_000)))
    assert len(found.text) == KEPT


@pytest.mark.parametrize(
    "source",
    ["a " * 300_000, "a\n" * 300_000, f"{FIRST}\n" * 2_000, "<a " * 200_000, "data:" * 100_000],
)
def test_large_texts(source: str) -> None:
    notebook = Notebook("ipynb", (*TEMPLATE.cells, Cell(3, "text", source)))
    assert all(len(one.text) <= KEPT for one in answers(notebook, TEMPLATE))


_WRITTEN = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\0<&"), min_size=1
)


@given(_WRITTEN, st.sampled_from(["\n", "\n\n", "\n\n\n"]))
@example("$$\nx\n$$", "\n")
@example("a\n\n\n\n# b\n- c\n", "\n\n")
@example(f"Why do we ask?\n{REMARK[:30]}", "\n")
def test_whatever_is_typed_below_a_question_is_in_its_answer(written: str, gap: str) -> None:
    assume(any(each.isalnum() for each in written))
    assume(not any("question" in line.lower() for line in written.split("\n")))
    assume("answer" not in written.lower())
    cells = (
        Cell(0, "text", f"{TITLE}\n\n{FIRST}{gap}{written}"),
        *(cell for cell in TEMPLATE.cells[1:]),
    )
    (found,) = [one for one in answers(Notebook("ipynb", cells), TEMPLATE) if one.prompt == FIRST]
    assert written.strip() in found.text


@given(st.lists(st.tuples(st.sampled_from(["markdown", "code"]), st.text()), max_size=6))
def test_any_template_handed_in_unchanged_is_blank(parts: list[Part]) -> None:
    notebook = made(*parts)
    assert not any(one.text for one in answers(notebook, notebook))


@given(st.binary(), st.sampled_from(["a.ipynb", "a.py", "a.txt"]))
@settings(max_examples=50)
def test_no_file_makes_it_fail(data: bytes, name: str) -> None:
    try:
        notebook = read(data, name)
    except Ungradable:
        return
    answers(notebook, TEMPLATE)
    answers(notebook, None)
    answers(TEMPLATE, notebook)


_LINES = st.sampled_from(
    [
        TITLE,
        FIRST,
        REMARK,
        SECOND,
        TYPED,
        "Answer:",
        "---",
        "",
        "In [None]:",
        "tensor([1.0,",
        "**q1",
    ]
)


@given(st.lists(st.tuples(st.sampled_from(["text", "code"]), st.lists(_LINES, max_size=5))))
def test_the_templates_own_lines_in_any_order_never_fail(
    parts: list[tuple[str, list[str]]],
) -> None:
    forms: tuple[Format, ...] = ("ipynb", "export", "percent", "script")
    for form in forms:
        cells = tuple(
            Cell(at, "text" if kind == "text" else "code", "\n".join(lines))
            for at, (kind, lines) in enumerate(parts)
        )
        found = answers(Notebook(form, cells), TEMPLATE)
        assert [one.prompt for one in found if one.prompt] == [TITLE, FIRST, REMARK, SECOND]


def test_a_student_who_deletes_answers_and_comments() -> None:
    notebook = made(
        text(f"{TITLE}\n\n_{FIRST}_\n\n**My answer**\n\n- {TYPED}"),
        code("def total(x):\n    return sum(sorted(x))  # it sorts before it sums, as I said"),
        text("I did not derive it."),
    )
    assert first(notebook).text.startswith("**My answer**")
