"""JUnit XML (pytest's xunit2 family), for the pages of build servers, which students see."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from grader.core.gradebook import Gradebook, Line, rounded
from grader.core.report import CriterionResult
from grader.core.text import inline, plain
from grader.export.marks import criterion_line, pupils, score_of, written
from grader.export.model import Export, Options

__all__ = ["junit"]


def junit(book: Gradebook, options: Options) -> Export:
    """`junit.xml`: a suite a submission, a test case a criterion, points as properties.

    Suites are named after the submission's source, never after a student. A submission that could
    not be graded is one test case with an error.
    """
    list(pupils(book))
    suites = [_suite(line, book, options) for line in book.lines]
    root = ET.Element("testsuites", {"name": inline(book.title), **_counts(suites)})
    root.extend(suites)
    ET.indent(root)
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Export({"junit.xml": data + b"\n"})


def _counts(suites: list[ET.Element]) -> dict[str, str]:
    names = ("tests", "failures", "errors", "skipped")
    return {name: str(sum(int(suite.attrib[name]) for suite in suites)) for name in names}


def _suite(line: Line, book: Gradebook, options: Options) -> ET.Element:
    source = inline(line.view.submission.source)
    cases = [_case(source, row) for row in line.view.criteria]
    if line.view.status == "ungradable":
        case = ET.Element("testcase", {"classname": source, "name": "readable"})
        _outcome(case, "error", line.view.reason or "could not be graded", "ungradable")
        cases = [case]
    tags = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counts = {
        name: str(sum(case.find(tag) is not None for case in cases)) for name, tag in tags.items()
    }
    suite = ET.Element("testsuite", {"name": source, "tests": str(len(cases)), **counts})
    score = score_of(line, options)
    facts = {
        "submission": inline(line.view.submission.id),
        "maximum": written(book.maximum),
        **({} if score is None else {"score": written(score)}),
        **{
            f"adjustment.{at}": _worth(each.points, each.reason or each.kind)
            for at, each in enumerate(line.view.adjustments, 1)
        },
    }
    _properties(suite, facts)
    suite.extend(cases)
    return suite


def _worth(points: float, why: str) -> str:
    return inline(f"{written(rounded(points))}: {why}")


def _properties(parent: ET.Element, facts: dict[str, str]) -> None:
    block = ET.SubElement(parent, "properties")
    for name, value in facts.items():
        ET.SubElement(block, "property", {"name": name, "value": value})


def _case(source: str, row: CriterionResult) -> ET.Element:
    case = ET.Element("testcase", {"classname": source, "name": inline(row.id)})
    facts = {"title": inline(row.title), "max_points": written(rounded(row.max_points))}
    if row.status not in ("pending", "error"):
        facts["points"] = written(rounded(row.points))
    _properties(case, {**facts, "status": row.status})
    if row.status in ("failed", "partial"):
        failure = _outcome(case, "failure", row.feedback or "not passed", row.status)
        failure.text = "\n".join(
            [criterion_line(row), *(plain(each.text) for each in row.evidence if each.text)]
        )
    elif row.status == "error":
        _outcome(case, "error", row.feedback or "the grader could not judge this", "error")
    elif row.status in ("skipped", "pending"):
        why = "waits for a person" if row.status == "pending" else "not asked"
        _outcome(case, "skipped", row.feedback or why, row.status)
    return case


def _outcome(case: ET.Element, tag: str, message: str, kind: str) -> ET.Element:
    return ET.SubElement(case, tag, {"message": inline(message), "type": kind})
