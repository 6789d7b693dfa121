"""Text that would act where it is shown: on terminals, in spreadsheets, in the logs of a build.

Checked in everything that is written: the terminal's raw bytes, reports, tables, explanations.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from pathlib import Path
from typing import Final

import pytest

from grader.batch.plan import ExamSpec, load_exam
from grader.cli.explanation import explain
from grader.cli.screen import Screen
from grader.core.report import Report
from grader.store import Store
from tests.attacks.arena import Battle, hold
from tests.attacks.cases import Attack, read_cases
from tests.attacks.watched import Watched
from tests.stories.command import reports

pytestmark = pytest.mark.xdist_group("attacks-text")

RIGHT: Final = b"""import torch

def good_softmax(x):
    e = torch.exp(x - x.amax(dim=-1, keepdim=True))
    return e / e.sum(dim=-1, keepdim=True)
"""
WRONG: Final = RIGHT.replace(b"return e", b"raise ValueError(x) #")


def _bomb(middle: bytes) -> bytes:
    return RIGHT + b"\nbomb = " + middle + b"\n"


RAW: Final = (
    Attack("null-bytes-in-a-script", "any", RIGHT.replace(b"\n\n", b"\n\0\n"), "work.py"),
    Attack("null-bytes-in-a-string", "any", _bomb(b"'\0'"), "work.py"),
    Attack("form-feeds-between-lines", "full", RIGHT.replace(b"\n\n", b"\n\x0c\n"), "work.py"),
    Attack("carriage-returns-alone", "any", RIGHT.replace(b"\n", b"\r"), "work.py"),
    Attack(
        "carriage-returns-that-hide-a-line",
        "full",
        RIGHT.replace(b"\n\n", b"\n# 20/20\rimport os\n\n"),
        "work.py",
    ),
    Attack("raw-escapes-in-a-comment", "full", RIGHT + b"# \x1b[2J\x1b]0;owned\x07\n", "work.py"),
    Attack("raw-escapes-in-a-string", "full", _bomb(b"'\x1b[2J\x9b31m'"), "work.py"),
    Attack("raw-escapes-in-a-name", "any", _bomb(b"1\nb\x1b[2J = 1"), "work.py"),
    Attack("raw-escapes-in-an-export", "any", b"In [1]:\n\x1b[2J" + RIGHT, "work.txt"),
    Attack("ends-in-the-middle-of-a-letter", "any", RIGHT + b"# \xe2\x80", "work.py"),
    Attack(
        "letters-too-long-for-utf-8", "any", RIGHT + b"# \xc0\x80\xf8\x88\x80\x80\x80", "work.py"
    ),
    Attack("an-encoding-that-is-none", "any", b"# coding: \x1b[2Jrot13\n" + RIGHT, "work.py"),
    Attack(
        "an-encoding-that-decodes-to-code", "any", b"# coding: unicode_escape\n" + RIGHT, "w.py"
    ),
    Attack("a-byte-order-mark", "full", b"\xef\xbb\xbf" + RIGHT, "work.py"),
    Attack("parentheses-without-an-end", "any", _bomb(b"(" * 50_000), "work.py"),
    Attack("nested-beyond-every-stack", "any", _bomb(b"[" * 5000 + b"]" * 5000), "work.py"),
    Attack("signs-beyond-every-stack", "any", _bomb(b"-" * 100_000 + b"1"), "work.py"),
    Attack("sums-beyond-every-stack", "any", _bomb(b"1" + b"+1" * 50_000), "work.py"),
    Attack("attributes-beyond-every-stack", "any", _bomb(b"x" + b".x" * 50_000), "work.py"),
    Attack("calls-beyond-every-stack", "any", _bomb(b"f" + b"()" * 50_000), "work.py"),
    Attack("powers-that-are-folded", "any", _bomb(b"2**2**2**2**2**2"), "work.py"),
    Attack("strings-that-are-folded", "any", _bomb(b"'ab' * 2**30 * 2"), "work.py"),
    Attack("digits-beyond-every-limit", "any", _bomb(b"9" * 100_000), "work.py"),
    Attack(
        "blocks-beyond-every-indent",
        "any",
        b"".join(b" " * depth + b"if 1:\n" for depth in range(150)) + RIGHT,
        "work.py",
    ),
    Attack("cells-of-magics-with-escapes", "any", "%%bash \x1b[2J::error::\n" + RIGHT.decode()),
    Attack("magics-with-commands", "full", "!echo ::error::x\n%cd \x1b[2J\n" + RIGHT.decode()),
)
ATTACKS: Final = (*read_cases("text"), *RAW)

NAMES: Final = (
    b"::error::owned.py",
    b"  ::warning file=a,line=1::owned.py",
    b"##[error]owned.py",
    b"x##vso[task.complete result=Succeeded].py",
    b"line\n::error::owned\n##[group]x.py",
    b"\x1b[2J\x1b]0;owned\x07.py",
    b"\xc2\x9b31m\xc2\x85.py",
    b"undecodable-\xff\xfe.py",
    b"=cmd|' C calc'!A0.py",
    b"+1.py",
    b"@SUM(1+1).py",
    b"a,b\"c';=1+1.py",
    b"\t=1+1.py",
    b"[bold red]x[link=http:evil].py",
    b"<img src=x onerror=alert(1)>.py",
    "\u202eyp.turned\u202c\u200b.py".encode(),
    "line\u2028separator.py".encode(),
    b"%s%n{0}.py",
)

_COMMAND: Final = re.compile(r"\s*::|.*##\[|.*##vso\[|\s*##teamcity\[")
"""What a build takes for its own: the first behind blanks too, the next two anywhere in a line."""


@pytest.fixture(scope="module")
def battle(tmp_path_factory: pytest.TempPathFactory) -> Battle:
    return hold(ATTACKS, tmp_path_factory.mktemp("text"))


def _acting(data: bytes) -> list[str]:
    """What in `data` is more than letters for people: unseen characters, commands to a build."""
    text = data.decode("utf-8")
    unseen = {one for one in text if one != "\n" and unicodedata.category(one)[0] in "CZ"} - {" "}
    commands = [line[:80] for line in text.split("\n") if _COMMAND.match(line)]
    return [*map(ascii, sorted(unseen)), *commands]


def _explained(folder: Path, identifier: str) -> bytes:
    """What `grader explain` writes, for all criteria and for each of them."""
    store, exam = Store(folder), load_exam(ExamSpec("softmax"))
    report, record = store.report(identifier), store.record(identifier)
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8", errors="strict", write_through=True)
    for criterion in (None, *(row.id for row in report.criteria)):
        explain(Screen(stream), report, record, exam, criterion)
    return raw.getvalue()


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_gets_what_it_deserves(battle: Battle, attack: Attack) -> None:
    assert not battle.amiss(attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_control_after_it_is_unharmed(battle: Battle, attack: Attack) -> None:
    assert not battle.unfair(attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_an_explanation_only_tells(battle: Battle, attack: Attack) -> None:
    identifier = battle.report(attack)["submission"]["id"]
    assert not _acting(_explained(battle.folder, identifier))


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_a_report_holds_only_text(battle: Battle, attack: Attack) -> None:
    identifier = battle.report(attack)["submission"]["id"]
    data = (battle.folder / "reports" / f"{identifier}.json").read_bytes()
    Report.model_validate_json(data)
    for text in _strings(json.loads(data)):
        assert not [one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co")
                    and one not in "\n\t"]  # fmt: skip


def test_the_terminal_is_only_told(battle: Battle) -> None:
    assert not _acting(battle.out)
    assert not _acting(battle.err)


def test_leaves_nothing_behind(battle: Battle) -> None:
    assert not battle.remains()


# Names of files: top-level ones, so that a name is the first thing on its line and in its cell.


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, bytes]:
    folder = tmp_path_factory.mktemp("names")
    (folder / "class").mkdir()
    for number, name in enumerate(NAMES):
        path = bytes(folder / "class") + b"/" + name
        Path(path.decode("utf-8", "surrogateescape")).write_bytes(WRONG if number % 2 else RIGHT)
    arguments = ["grade", folder / "class", "--rubric", "softmax", "--out", folder / "graded"]
    with Watched("grader", [*arguments, "--jobs", "1"], folder) as run:
        run.go()
        return folder / "graded", run.text("out"), run.text("err")


def test_a_file_of_any_name_is_graded(named: tuple[Path, bytes, bytes]) -> None:
    found = reports(named[0])
    assert len(found) == len(NAMES)
    assert {one["automatic"]["score"] for one in found.values()} == {0.0, 20.0}


def test_names_on_the_terminal_only_tell(named: tuple[Path, bytes, bytes]) -> None:
    _, out, err = named
    assert not _acting(out)
    assert not _acting(err)


def test_names_in_an_explanation_only_tell(named: tuple[Path, bytes, bytes]) -> None:
    acting = {
        one["submission"]["source"]: told
        for one in reports(named[0]).values()
        if (told := _acting(_explained(named[0], one["submission"]["id"])))
    }
    assert not acting


def test_a_spreadsheet_of_them_computes_nothing(named: tuple[Path, bytes, bytes]) -> None:
    text = (named[0] / "scores.csv").read_bytes().decode("utf-8")
    header, *rows = csv.reader(io.StringIO(text), strict=True)
    assert len(rows) == len(NAMES) == len(text.splitlines()) - 1
    assert {len(row) for row in rows} == {len(header)}
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if not cell.isprintable()]
    # a program that parts cells at semicolons sees further beginnings
    for part in (*cells, *re.split(";", text)[1:]):
        assert not re.match(r"\s*[=+\-@|%]", part) or _is_number(part)


def test_a_summary_of_them_is_plain(named: tuple[Path, bytes, bytes]) -> None:
    document = json.loads((named[0] / "summary.json").read_bytes())
    assert len(document["rows"]) == len(NAMES)
    assert not [text for text in _strings(document) if "\x1b" in text or "\x9b" in text]


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"-?\d+\.\d\d", cell))


def _strings(document: object) -> list[str]:
    if isinstance(document, dict):
        return [text for one in (*document, *document.values()) for text in _strings(one)]
    if isinstance(document, list):
        return [text for one in document for text in _strings(one)]
    return [document] if isinstance(document, str) else []
