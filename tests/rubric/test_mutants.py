"""`mutants.yaml`: programs made of slots, pairs, and what is wrong with a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.assignment import Bug
from grader.core.errors import RubricError
from grader.core.record import Exam
from grader.rubric.mutant_file import BaseEntry
from grader.rubric.mutants import Mutants, load_mutants
from tests.builders import criterion, exam, fixture, task

BUGS = {name: Bug("", "") for name in ("writes", "forgets", "backward/writes", "turns")}
WHOLE = """\
rubric: made
bases:
  - role: forward
    source: |
      import numpy as np
      {before}
      def good_f(x):
          {enter}
          return {leave} + len({'x': x})
    slots: {before: "", enter: y = x, leave: y}
    mutants:
      - {id: one, bugs: [writes], change: {enter: "y = x\\ny += 1"}, killed_by: [values],
         marks: [0, 2]}
      - {id: two, bugs: [turns, forgets], change: {leave: -y}, killed_by: [batch, values],
         marks: [1, 3], also: [crashes]}
      - {id: three, bugs: [forgets], change: {before: "z = 1", leave: z}, killed_by: [batch],
         marks: [0, 4]}
      - {id: four, bugs: [forgets], change: {before: "y = 1"}, killed_by: [batch], marks: [0, 4],
         alone: true}
    apart: [[three, one]]
    pairs: [{of: [two, one], marks: [1, 1.5], killed_by: [batch]}]
kills_nothing: {batch: it is young}
idle: {values/pair: it is plain}
without_mutant: {backward/writes: nothing writes there}
"""


@pytest.fixture
def made(tmp_path: Path) -> Exam:
    criteria = [criterion(), criterion("batch"), criterion("essay", "manual")]
    plain = exam(criteria, [fixture()], tasks=[task()])
    return replace(plain, assignment=replace(plain.assignment, folder=tmp_path, bugs=BUGS))


def loaded(made: Exam, text: str) -> Mutants:
    (made.assignment.folder / "mutants.yaml").write_text(text, encoding="utf-8")
    found = load_mutants(made)
    assert found is not None
    return found


def test_no_file_no_mutants(made: Exam) -> None:
    assert load_mutants(made) is None


def test_programs_and_what_is_true_of_them(made: Exam) -> None:
    found = loaded(made, WHOLE)
    (base,) = found.bases
    assert (base.name, base.role) == ("forward", "forward")
    assert base.program == dedent("""\
        import numpy as np
        def good_f(x):
            y = x
            return y + len({'x': x})
        """)
    one, two, three, four, pair = found.mutants
    assert "    y = x\n    y += 1\n    return y +" in one.program
    assert (two.name, two.bugs, two.killed_by) == (
        "forward/two",
        ("forgets", "turns"),
        ("batch", "values"),
    )
    assert (two.marks, two.also) == ((1.0, 3.0), ("crashes",))
    assert "np\nz = 1\ndef" in three.program
    assert "return z +" in three.program
    assert four.singles == ()
    assert pair.name == "forward/one+two"
    assert pair.singles == ("forward/one", "forward/two")
    assert "    y += 1\n    return -y +" in pair.program
    assert pair.bugs == ("forgets", "turns", "writes")
    assert (pair.killed_by, pair.marks, pair.also) == (("batch",), (1.0, 1.5), ("crashes",))


def test_what_a_pair_is_when_nothing_is_declared(made: Exam) -> None:
    text = WHOLE.replace("    pairs: [{of: [two, one], marks: [1, 1.5], killed_by: [batch]}]\n", "")
    pair = loaded(made, text).mutants[-1]
    assert (pair.marks, pair.killed_by) == ((0.0, 2.0), ("values", "batch"))


def test_no_pairs_of_a_base(made: Exam) -> None:
    at = WHOLE.index("    apart:")
    text = WHOLE[:at] + "    pairs: false\n" + WHOLE[WHOLE.index("kills_nothing") :]
    assert len(loaded(made, text).mutants) == 4


def test_bugs_with_a_mutant_are_counted_by_role(made: Exam) -> None:
    found = loaded(made, WHOLE)
    assert found.with_mutant == {"writes", "forgets", "turns"}
    assert found.without_mutant == {"backward/writes": "nothing writes there"}


def test_about_another_rubric_nothing_is_compared(made: Exam) -> None:
    text = WHOLE.replace("rubric: made", "rubric: other").replace("[batch, values]", "[theirs]")
    assert not loaded(made, text).binding
    assert loaded(made, WHOLE).binding
    assert loaded(made, WHOLE.replace("rubric: made\n", "")).binding


WRONG = {
    "a role": ("role: forward", "role: forwards", "3:11: no role `forwards`, nearest: `forward`"),
    "a bug": ("bugs: [writes]", "bugs: [write]", "no `write` is known here, nearest: `writes`"),
    "another role's bug": ('[forgets], change: {before: "z', '[x-y], change: {before: "z', "`x-y`"),
    "a criterion": ("killed_by: [values]", "killed_by: [value]", "nearest: `values`"),
    "a slot": (
        "change: {leave: -y}",
        "change: {leav: -y}",
        "no `leav` is known here, nearest: `le",
    ),
    "a slot of no place": ("leave: y}", "leave: y, more: x}", "no `{more}` in the source"),
    "no change": ("{leave: -y}", "{leave: y}", "expected a change, this is the base"),
    "no Python": ("{leave: -y}", "{leave: y)}", "expected Python in the mutant: "),
    "no Python in the base": ("leave: y}", "leave: y)}", "expected Python in the base: "),
    "one id twice": ("id: two", "id: one", "expected each mutant once, `one` is here again"),
    "marks upside down": ("marks: [1, 3]", "marks: [3, 1]", "expected the smaller mark first"),
    "no pair": ("of: [two, one]", "of: [three, two]", "`three` and `two` are no pair"),
    "a pair of nobody": ("of: [two, one]", "of: [two, on]", "no `on` is known here"),
    "apart from nobody": ("apart: [[three, one]]", "apart: [[three, oen]]", "nearest: `one`"),
    "a fixture": ("values/pair:", "values/pear:", "nearest: `values/pair`"),
    "a bug without mutant": ("backward/writes:", "backwards/writes:", "nearest: `backward/writes`"),
    "an unknown key": ("alone: true", "lonely: true", "unknown key `lonely`"),
    "no marks": (", marks: [0, 4],\n         alone", ",\n         alone", "the key `marks`"),
}


@pytest.mark.parametrize(("old", "new", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_file(made: Exam, old: str, new: str, told: str) -> None:
    assert old in WHOLE
    with pytest.raises(RubricError) as caught:
        loaded(made, WHOLE.replace(old, new, 1))
    assert f"{made.assignment.folder / 'mutants.yaml'}:" in str(caught.value)
    assert told in str(caught.value)


def test_pairs_that_are_no_program_are_told_apart(made: Exam) -> None:
    text = """\
bases:
  - role: forward
    source: "def good_f(x):\\n    return f({left}, {right})"
    slots: {left: x, right: y=x}
    mutants:
      - {id: one, bugs: [writes], change: {left: x=x}, killed_by: [values], marks: [0, 1]}
      - {id: two, bugs: [turns], change: {right: x}, killed_by: [values], marks: [0, 1]}
"""
    with pytest.raises(RubricError, match="2:5: `one` and `two` together are no Python: put them"):
        loaded(made, text)
    assert len(loaded(made, text + "    apart: [[one, two]]\n").mutants) == 2


def test_a_base_whose_role_is_not_judged_is_left_out(made: Exam) -> None:
    two = replace(made.assignment, tasks=(task(), task("backward", symbol="good_b")))
    text = WHOLE.replace("rubric: made", "rubric: other").replace("role: forward", "role: backward")
    assert loaded(replace(made, assignment=two), text).mutants == ()
    with pytest.raises(RubricError, match="no criterion is about this role"):
        loaded(replace(made, assignment=two), text.replace("rubric: other", "rubric: made"))


TEXT = st.text(
    st.characters(codec="ascii", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e"), max_size=9
)


@given(TEXT.filter(lambda text: "\n" not in text and text.strip()), st.integers(0, 8))
def test_a_slot_is_its_text_and_nothing_else(text: str, indent: int) -> None:
    line = " " * indent + "a = [{slot}, {other}, {slot}]"
    entry = BaseEntry.model_validate(
        {
            "role": "forward",
            "source": f"{line}\n",
            "slots": {"slot": text},
            "mutants": [{"id": "m", "bugs": ["b"], "change": {"slot": "1"}, "killed_by": ["c"],
                         "marks": [0, 1]}],
        }
    )  # fmt: skip
    expected = " " * indent + "a = [" + text + ", {other}, " + text + "]\n"
    assert entry.program({}) == expected
    assert entry.program({"slot": "1"}) == line.replace("{slot}", "1") + "\n"
