"""Every finding of lint: its line and column, its severity, and the way out it offers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.core.errors import RubricError, UsageError
from grader.fixtures.spec import load_specs
from grader.rubric import Finding, FixtureFacts, facts, lint
from grader.rubric.findings import taken

GROUPS = {
    "values": (FixtureFacts("values/pair", shown=True), FixtureFacts("values/row", shown=False)),
    "late": (FixtureFacts("late/row", shown=False), FixtureFacts("late/pair", shown=True)),
    "dark": (FixtureFacts("dark/row", shown=False),),
    "grad": (FixtureFacts("grad/pair", shown=True, upstream=True),),
    "info": (FixtureFacts("info/odd", shown=True, scored=False),),
    "more-values": (FixtureFacts("more-values/pair", shown=True, role="more"),),
}
HEAD = 'id: made\nversion: "1.0"\ntitle: Made\nassignment: made\ncriteria:\n'
VALUES = "  - {id: values, title: V, check: values, points: 4, fixtures: [values]}\n"


def groups(assignment: str, folder: Path) -> Mapping[str, tuple[FixtureFacts, ...]]:
    assert assignment == "made"
    return GROUPS


def found(folder: Path, rows: str, *, head: str = HEAD) -> list[str]:
    """Findings as `line:column severity: message`."""
    path = folder / "made.yaml"
    path.write_text(head + rows)
    return [
        f"{each.line}:{each.column} {each.severity}: {each.message}" for each in lint(path, groups)
    ]


def test_nothing_is_wrong(tmp_path: Path) -> None:
    assert found(tmp_path, VALUES) == []


def row(rest: str, *, name: str = "other", points: float = 1) -> str:
    """The second criterion: line 7."""
    return f"{VALUES}  - {{id: {name}, title: O, points: {points}, {rest}}}\n"


CASES = {
    "id twice": (
        row("check: values, fixtures: [values]", name="values"),
        "7:10 error: expected each id once, `values` is here again",
    ),
    "three decimals": (
        row("check: values, fixtures: [values]", points=0.125),
        "7:35 error: expected points of at most two decimals, found 0.125",
    ),
    "gate with points": (
        row("check: implemented, gate: true"),
        "7:35 error: expected 0 points, a gate holds for any answer at all: "
        "give them to a criterion that the right numbers decide",
    ),
    "free points": (
        row("check: pure, fixtures: [values]"),
        "7:35 warning: `pure` can hold where no value is right: name the criteria that earn its "
        "points in `scale_with`",
    ),
    "worth nothing": (
        row("check: values, fixtures: [values]", points=0),
        "7:35 warning: `other` has no points and is no gate: it is shown and decides nothing",
    ),
    "unknown id": (
        row("check: values, fixtures: [values], skip_unless: [valeus]"),
        "7:87 error: no criterion `valeus`, nearest: `values`",
    ),
    "itself": (
        row("check: values, fixtures: [values], scale_with: [other]"),
        "7:86 error: expected another criterion, `other` is this one",
    ),
    "id listed twice": (
        row("check: values, fixtures: [values], scale_with: [values, values]"),
        "7:94 error: expected each criterion once, `values` is here again",
    ),
    "scaled with a person's mark": (
        row("check: values, fixtures: [values], scale_with: [values, essay]")
        + "  - {id: essay, title: E, check: manual, points: 1}\n",
        "7:94 error: expected a criterion that the grader decides, `essay` is manual",
    ),
    "nothing to scale with": (
        row("check: values, fixtures: [values], scale_with: [there]")
        + "  - {id: there, title: T, check: implemented, points: 0, gate: true}\n",
        "7:85 error: expected a criterion with points, these have none to go by",
    ),
    "manual with fixtures": (
        row("check: manual, fixtures: [values]"),
        "7:63 error: a manual criterion is marked by a person: remove `fixtures`",
    ),
    "manual without its question": (
        row("check: manual, asks: why") + "  - {id: essay, title: E, check: manual, points: 1}\n",
        "8:5 error: `essay` is one of 2 manual criteria: add `asks`, words that its question has "
        "in the handed-out notebook and the others have not",
    ),
    "a question of the grader's": (
        row("check: values, fixtures: [values], asks: why"),
        "7:79 error: `values` is decided by the grader: only a manual criterion has `asks`",
    ),
    "a question that is no pattern": (
        row("check: manual, asks: '('"),
        "7:59 error: expected a regular expression: missing ), unterminated subpattern at "
        "position 0",
    ),
    "manual bonus": (
        row("check: manual, bonus: true"),
        "7:60 error: a manual criterion is marked by a person: remove `bonus`",
    ),
    "no fixtures": (
        row("check: dtype"),
        "7:5 error: `dtype` is decided on fixtures: add `fixtures: [other]` or others that the "
        "assignment has",
    ),
    "fixture twice": (
        row("check: values, fixtures: [values, values]"),
        "7:72 error: expected each fixture once, `values` is here again",
    ),
    "fixture in its group": (
        row("check: values, fixtures: [values, values/pair]"),
        "7:72 error: `values/pair` is in its group, which is listed too: remove one of the two",
    ),
    "unknown group": (
        row("check: values, fixtures: [vaules]"),
        "7:64 error: no fixtures `vaules`, nearest: `values`",
    ),
    "group like none": (
        row("check: values, fixtures: [xyz]"),
        "7:64 error: no fixtures `xyz`, expected one of: dark, grad, info, late, more-values, "
        "values",
    ),
    "another role's fixtures": (
        row("check: values, fixtures: [more-values]"),
        "7:64 error: `more-values` is about `more`: name fixtures of one role",
    ),
    "fixtures of no role": (
        row("check: values, role: more, fixtures: [values]"),
        "7:76 error: `values` is not about that role: name fixtures of one role",
    ),
    "manual with a stand-in": (
        row("check: manual, stand_in: true"),
        "7:63 error: a manual criterion is marked by a person: remove `stand_in`",
    ),
    "unknown fixture": (
        row("check: values, fixtures: [values/piar]"),
        "7:64 error: no fixture `values/piar`, nearest: `values/pair`",
    ),
    "for information": (
        row("check: values, fixtures: [info]"),
        "7:63 error: all of them are for information only (`scored: false`): add one that decides",
    ),
    "no line to paste": (
        row("check: values, fixtures: [dark]"),
        "7:63 warning: no visible literal fixture of at most four numbers: a student who fails "
        "has no line to paste; add one, first",
    ),
    "line to paste too late": (
        row("check: values, fixtures: [late]"),
        "7:63 warning: the line to paste is tried too late: list `late/pair` first",
    ),
    "no upstream": (
        row("check: gradient, fixtures: [grad, dark], scale_with: [values]"),
        "7:65 error: `gradient` needs fixtures with `upstream`, missing in: dark/row",
    ),
    "forbids nothing": (
        row("check: from-scratch, fixtures: [values], scale_with: [values]"),
        "7:5 error: `from-scratch` needs `forbid` with `names` and `ops`: the library functions "
        "that must not give the answer",
    ),
    "forbid elsewhere": (
        row("check: values, fixtures: [values], forbid: {names: [torch.relu]}"),
        "7:81 error: only `from-scratch` forbids library functions: move it there",
    ),
}


@pytest.mark.parametrize(("rows", "expected"), CASES.values(), ids=CASES.keys())
def test_one_finding(tmp_path: Path, rows: str, expected: str) -> None:
    assert found(tmp_path, rows) == [expected]


FORBID = "check: from-scratch, fixtures: [values], scale_with: [values], forbid: "
LISTS = {
    "{names: ['torch relu']}": "expected a name as an import resolves it (`torch.relu`) or a "
    "method (`.relu`), found 'torch relu'",
    "{ops: ['aten.relu']}": "expected an operator as torch's dispatcher names it (`aten::relu`), "
    "found 'aten.relu'",
    "{ops: ['aten::*']}": "this forbids `aten::add`, which every solution needs: name fewer",
    "{ops: ['*exp']}": "this forbids `aten::exp`, which every solution needs: name fewer",
    "{}": "`from-scratch` needs `forbid`",
}


@pytest.mark.parametrize(("lists", "expected"), LISTS.items())
def test_forbidden_names(tmp_path: Path, lists: str, expected: str) -> None:
    (line,) = found(tmp_path, row(FORBID + lists))
    assert expected in line
    assert line.startswith("7:")


@pytest.mark.parametrize(
    "lists", ["{names: [torch.relu, .relu]}", "{ops: ['aten::relu*', 'aten::*elu']}"]
)
def test_right_forbidden_names(tmp_path: Path, lists: str) -> None:
    assert found(tmp_path, row(FORBID + lists)) == []


CAPS = {
    "{failed: valeus, score: 2, reason: R}": "8:17 error: no criterion `valeus`, nearest: `values`",
    "{failed: values, score: 5, reason: R}": "8:32 error: expected less than the 5 points to be "
    "had, 5 caps nothing",
    "{failed: values, score: 1.005, reason: R}": "8:32 error: expected a score of at most two "
    "decimals",
    "{failed: values, score: 2, reason: ' '}": "8:43 error: expected the reason that the student "
    "reads",
}


@pytest.mark.parametrize(("cap", "expected"), CAPS.items())
def test_caps(tmp_path: Path, cap: str, expected: str) -> None:
    rows = row("check: values, fixtures: [values]")
    assert found(tmp_path, f"{rows}caps: [{cap}]\n") == [expected]


def test_one_cap_a_criterion(tmp_path: Path) -> None:
    caps = "caps:\n  - {failed: values, score: 2, reason: R}\n"
    caps += "  - {failed: values, score: 1, reason: R}\n"
    assert found(tmp_path, VALUES + caps) == [
        "9:14 error: expected one cap a criterion, `values` is here again"
    ]


def test_a_cycle_through_a_gate(tmp_path: Path) -> None:
    gate = "  - {id: gate, title: G, check: implemented, points: 0, gate: true, "
    lines = found(tmp_path, f"{VALUES}{gate}skip_unless: [values]}}\n")
    assert len(lines) == 1
    assert "these wait for each other: values -> gate -> values" in lines[0]


def test_only_bonus_and_gates(tmp_path: Path) -> None:
    rows = VALUES.replace("points: 4", "points: 4, bonus: true")
    assert found(tmp_path, rows) == [
        "6:3 error: expected a criterion with points that are no bonus"
    ]


def test_findings_come_in_file_order(tmp_path: Path) -> None:
    rows = "".join(
        f"  - {{id: {name}, title: T, check: values, points: 1.001, fixtures: [nope]}}\n"
        for name in "ab"
    )
    lines = found(tmp_path, rows)
    assert [line.split(" ")[0] for line in lines] == ["6:46", "6:64", "7:46", "7:64"]


def test_a_file_that_is_no_rubric(tmp_path: Path) -> None:
    (line,) = found(tmp_path, VALUES.replace("check: values", "check: valuse"))
    assert line.startswith("6:35 error: ")
    assert "nearest: `values`" in line


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    (finding,) = lint(path, groups)
    assert (finding.line, finding.severity) == (0, "error")
    assert str(finding).startswith(f"{path}: cannot be read")


def test_an_unknown_assignment_is_told_where_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "made.yaml"
    path.write_text(HEAD + VALUES)

    def nowhere(assignment: str, folder: Path) -> Mapping[str, tuple[FixtureFacts, ...]]:
        assert folder == tmp_path
        raise UsageError(f"no assignment `{assignment}`")

    assert [str(each) for each in lint(path, nowhere)] == [f"{path}:4:13: no assignment `made`"]


def test_a_wrong_fixture_file_keeps_its_own_place(tmp_path: Path) -> None:
    path = tmp_path / "made.yaml"
    path.write_text(HEAD + VALUES)

    def broken(assignment: str, folder: Path) -> Mapping[str, tuple[FixtureFacts, ...]]:
        raise RubricError(("fixtures/values.yaml:3:5: expected numbers",))

    (finding,) = lint(path, broken)
    assert finding == Finding(Path("fixtures/values.yaml"), 3, 5, "error", "expected numbers")


def test_a_finding_reads_like_a_compilers() -> None:
    finding = Finding(Path("a.yaml"), 3, 5, "warning", "look here")
    assert str(finding) == "a.yaml:3:5: warning: look here"
    error = Finding(Path("a.yaml"), 3, 5, "error", "wrong")
    assert taken(Path("a.yaml"), str(error)) == error


def test_facts_of_fixture_files(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(
        "- {name: pair, says: two, visibility: visible, inputs: {x: {literal: [[0, 1]]}}}\n"
        "- name: row\n  says: many\n  scored: false\n"
        "  inputs: {x: {shape: [1, 8], spread: [0, 1]}}\n"
        "  upstream: {shape: [1, 8], spread: [0, 1]}\n"
    )
    assert facts(load_specs(tmp_path)) == {
        "values": (
            FixtureFacts("values/pair", shown=True),
            FixtureFacts("values/row", shown=False, scored=False, upstream=True),
        )
    }


def test_a_roles_own_fixtures_are_right(tmp_path: Path) -> None:
    assert found(tmp_path, row("check: values, role: more, fixtures: [more-values]")) == []


def test_facts_tell_the_role_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "values.yaml").write_text(
        "- {name: pair, says: two, visibility: visible, inputs: {x: {literal: [[0, 1]]}}}\n"
    )
    assert facts(load_specs(tmp_path)) == {
        "more-values": (FixtureFacts("more-values/pair", shown=True, role="more"),)
    }


GATE = "  - {id: gate, title: G, check: implemented, points: 0, gate: true}\n"


@pytest.mark.parametrize(("bonus", "count"), [("true", 0), ("false", 1)])
def test_a_bonus_offers_no_way_past_a_cap(tmp_path: Path, bonus: str, count: int) -> None:
    rest = f"check: values, role: more, bonus: {bonus}, fixtures: [more-values]"
    caps = "caps:\n  - {failed: values, score: 2, reason: R}\n"
    lines = found(tmp_path, row(rest) + GATE + caps)
    assert len(lines) == count
    assert all("can be skipped" in line for line in lines)


def test_a_cap_on_what_can_be_skipped_is_refused(tmp_path: Path) -> None:
    second = (
        "  - {id: more, title: M, check: values, points: 4, fixtures: [values], "
        "skip_unless: [values]}\n"
    )
    lines = found(tmp_path, f"{VALUES}{second}caps:\n  - {{failed: more, score: 2, reason: R}}\n")
    assert len(lines) == 1
    assert lines[0].startswith("9:14 error: `more` can be skipped")


def test_an_informational_fixture_beside_one_that_decides_is_welcome(tmp_path: Path) -> None:
    row = "  - {id: values, title: V, check: values, points: 4, fixtures: [values, info]}\n"
    assert found(tmp_path, row) == []


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("bonus: fills-up\n", ["warning: no criterion has `bonus: true`"]),
        ("bonus: on-top\n", []),
        ("late: {per_day: 0.1, most: 0.5, grace_minutes: 5}\n", []),
        ("late: {per_day: 0.1}\n", []),
        ("late: {per_day: 0.2, most: 0.1}\n", ["error: expected at least the 0.2 that the first"]),
    ],
)
def test_how_the_mark_is_made(tmp_path: Path, policy: str, said: list[str]) -> None:
    lines = found(tmp_path, VALUES + policy)
    assert len(lines) == len(said)
    assert all(text in line for text, line in zip(said, lines, strict=True))
    filled = f"{row('check: values, bonus: true, fixtures: [values]')}bonus: fills-up\n"
    assert found(tmp_path, filled) == []
