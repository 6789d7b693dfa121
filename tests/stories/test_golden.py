"""Golden reports of two submissions in the shapes and with the bugs of the two seeds.

Everything is compared exactly but the numbers that were measured: those of evidence agree within
a thousandth, since another type of CPU rounds otherwise, and of an exception only type and place
count, since its words are torch's. Left out are the `run` block, the layers of the sandbox, which
are the machine's, and the rubric's sha256, which any comment in it changes.

After a change that moves a report on purpose, look at it, then write the files anew:

    GRADER_WRITE_GOLDEN=1 python -m pytest tests/stories/test_golden.py
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from grader.core.report import Report
from tests.stories.command import ROOT, reports, run_grader

GOLDEN: Final = Path(__file__).parent / "golden"
SUBMISSIONS: Final = ROOT / "fixtures" / "submissions"
SOURCES: Final = tuple(
    f"{student}/tutorial1b.{suffix}" for student in ("ivan", "jonas") for suffix in ("ipynb", "txt")
)
CLOSE: Final = 1e-3
RAISED: Final = re.compile(r"(\w+): .*?( \(cell \d+, line \d+\))?", re.DOTALL)
NUMBER: Final = re.compile(r"-?\b\d+\.?\d*(?:e[+-]?\d+)?\b")

pytestmark = pytest.mark.xdist_group("golden")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("golden")
    for student in ("ivan", "jonas"):
        shutil.copytree(SUBMISSIONS / student, folder / "class" / student)
    done = run_grader("grade", "class", "--rubric", "softmax", "--out", "out", cwd=folder)
    assert done.status == 1, done.err
    found = {source: _kept(report) for source, report in reports(folder / "out").items()}
    if os.environ.get("GRADER_WRITE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        for source, report in found.items():
            text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
            _golden(source).write_text(text, encoding="utf-8")
    return found


@pytest.mark.parametrize("source", SOURCES)
def test_the_report_is_the_golden_one(graded: dict[str, dict[str, Any]], source: str) -> None:
    expected = json.loads(_golden(source).read_text(encoding="utf-8"))
    assert list(_differences(graded[source], expected)) == []


@pytest.mark.parametrize("source", SOURCES)
def test_a_stored_report_of_this_version_stays_readable(source: str) -> None:
    document = json.loads(_golden(source).read_text(encoding="utf-8"))
    document["rubric"]["sha256"] = "0" * 64
    document["execution"]["isolation"]["layers"] = []
    document["run"] = {"seconds": 1.0, "at": "2000-01-01T00:00:00Z", "environment": {}}
    report = Report.model_validate(document)
    assert report.schema_version == "1.0"
    again = json.loads(report.model_dump_json())
    assert list(_differences(_kept(again), _kept(document))) == []


def test_there_is_no_golden_report_of_anything_else() -> None:
    assert set(GOLDEN.glob("*.json")) == {_golden(source) for source in SOURCES}


@pytest.mark.parametrize("path", sorted((GOLDEN / "stored").iterdir()), ids=lambda path: path.name)
def test_a_report_of_an_earlier_day_is_read(path: Path) -> None:
    """Reports that graders of this schema wrote before keys were added; never written anew."""
    document = json.loads(path.read_text(encoding="utf-8"))
    document["rubric"]["sha256"] = "0" * 64
    document["execution"]["isolation"]["layers"] = []
    document["run"] = {"seconds": 1.0, "at": "2000-01-01T00:00:00Z", "environment": {}}
    report = Report.model_validate(document)
    assert [row.id for row in report.criteria] == [row["id"] for row in document["criteria"]]
    assert report.written == ()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("criteria", 1, "status"), "passed"),
        (("criteria", 1, "points"), 0.01),
        (("criteria", 1, "evidence", 0, "outcome"), "ok"),
        (("criteria", 1, "evidence", 0, "error"), 0.5),
        (("criteria", 1, "evidence", 0, "text"), "0 at (0, 1), expected 0.8 within 1.5e-06"),
        (("criteria", 1, "evidence"), []),
        (("criteria", 2, "evidence", 0, "outcome"), "raised"),
        (("targets", 0, "location", "line"), 2),
        (("diagnoses",), []),
        (("more",), 1),
    ],
)
def test_a_report_that_moved_would_be_seen(path: tuple[str | int, ...], value: object) -> None:
    expected = json.loads(_golden(SOURCES[0]).read_text(encoding="utf-8"))
    moved = json.loads(json.dumps(expected))
    where = moved
    for step in path[:-1]:
        where = where[step]
    where[path[-1]] = value
    assert list(_differences(moved, expected))


def test_a_thousandth_more_or_less_is_no_difference() -> None:
    expected = json.loads(_golden(SOURCES[0]).read_text(encoding="utf-8"))
    moved = json.loads(json.dumps(expected))
    one = next(one for one in moved["criteria"][1]["evidence"] if one["outcome"] == "wrong")
    one["error"] *= 1 + CLOSE / 2
    one["worst"]["expected"] *= 1 - CLOSE / 2
    assert moved != expected
    assert list(_differences(moved, expected)) == []


def _golden(source: str) -> Path:
    return GOLDEN / f"{source.replace('/tutorial1b.', '-')}.json"


def _kept(report: dict[str, Any]) -> dict[str, Any]:
    """The report without what the machine, the clock or a comment decides."""
    rubric = {name: value for name, value in report["rubric"].items() if name != "sha256"}
    execution = {**report["execution"], "isolation": {"mode": "strict"}}
    kept = {**report, "rubric": rubric, "execution": execution}
    del kept["run"]
    return kept


def _differences(got: Any, expected: Any, *path: str | int) -> Any:
    """Where two documents differ, as lines."""
    if isinstance(got, dict) and isinstance(expected, dict) and got.keys() == expected.keys():
        held = got.get("outcome") == "ok" == expected.get("outcome")
        for name in got:
            # How far inside its bound a right answer lies, and where, is rounding alone.
            if held and name in ("error", "worst"):
                continue
            if name == "text" and got.get("outcome") == "raised" == expected.get("outcome"):
                yield from _differences(_raised(got), _raised(expected), *path, name)
            else:
                yield from _differences(got[name], expected[name], *path, name)
    elif isinstance(got, list) and isinstance(expected, list):
        for at, (one, other) in enumerate(zip(got, expected, strict=False)):
            yield from _differences(one, other, *path, at)
        if len(got) != len(expected):
            yield f"{'.'.join(map(str, path))}: {len(got)} entries, expected {len(expected)}"
    elif not (_close(got, expected) if "evidence" in path else _equal(got, expected)):
        yield f"{'.'.join(map(str, path))}: {got!r}, expected {expected!r}"


def _raised(evidence: dict[str, Any]) -> list[str | Any]:
    """Type and place of an exception; the words between them change with torch."""
    found = RAISED.fullmatch(evidence["text"])
    assert found is not None, evidence["text"]
    return list(found.groups())


def _equal(got: Any, expected: Any) -> bool:
    return type(got) is type(expected) and bool(got == expected)


def _close(got: Any, expected: Any) -> bool:
    """Equal but for the last digits of the numbers, those within a text too."""
    if isinstance(got, float) and isinstance(expected, float):
        return math.isclose(got, expected, rel_tol=CLOSE)
    if isinstance(got, str) and isinstance(expected, str):
        numbers = zip(NUMBER.findall(got), NUMBER.findall(expected), strict=False)
        return NUMBER.sub("#", got) == NUMBER.sub("#", expected) and all(
            math.isclose(float(one), float(other), rel_tol=0.1 if "e" in one else CLOSE)
            for one, other in numbers
        )
    return _equal(got, expected)
