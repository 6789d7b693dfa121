"""Commands for the evening after the deadline: marks by hand, pages, exports, disputes.

Options and help only; each command imports its own module when it is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from grader.cli.request import check_output

__all__ = ["COMMANDS"]

_KINDS: Final = (
    "canvas",
    "canvas-api",
    "canvas-feedback",
    "moodle",
    "moodle-feedback",
    "gradescope",
    "lti-ags",
    "csv",
    "junit",
)
_FOLDER: Final = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_BY: Final = click.option("--by", metavar="NAME", help="Who decides (your login name).")


@click.command("mark", short_help="Mark written answers by hand.")
@_FOLDER
@_BY
@click.option("--criterion", metavar="ID", help="Only this one.")
@click.option(
    "--page",
    "pages",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write marking pages (HTML) there instead, to be marked in a browser.",
)
@click.option(
    "--share", "shares", metavar="NAME=1/2", multiple=True, help="Who marks how much; with --page."
)
@click.option(
    "--import",
    "tables",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Take the marks that a marking page exported; may be given several times.",
)
@click.option("--list", "listing", is_flag=True, help="List decisions, conflicts and stale ones.")
@click.option(
    "--repair", is_flag=True, help="Cut off a last line of the ledger that a power cut left begun."
)
def _mark(folder: Path, **options: Any) -> int:
    """Mark written answers by hand: one after another here, or on a page in a browser.

    Every mark is a line in DIR/ledger.jsonl and none is ever changed; a later one supersedes it.
    Stop at any time, run it again and it goes on. Names are not shown.

    \b
    For example:
      grader mark graded --by ann
      grader mark graded --page marking --share ann=1/2 --share bo=1/2
      grader mark graded --import marks-ann.csv --import marks-bo.csv
      grader mark graded --list
    """
    check_output(folder)
    from grader.cli.marks import run

    return run(folder, **options)


@click.command("override", short_help="Decide otherwise than the grader, with a reason.")
@click.argument("what", metavar="ID")
@click.argument("criterion", required=False)
@click.option("--points", type=click.FloatRange(min=0), help="The points it gets.")
@click.option("--excuse", is_flag=True, help="No mark is wanted.")
@click.option("--until", metavar="WHEN", help="May be handed in until then (ISO 8601 with a zone).")
@click.option("--comment", is_flag=True, help="Points stay; the reason is told the student.")
@click.option("--void", metavar="ENTRY", help="Take back a decision; `grader mark --list` has ids.")
@click.option("--reason", required=True, help="Why; students read it, but for an excuse.")
@_BY
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Output folder.")
def _override(what: str, criterion: str | None, **options: Any) -> int:
    """Decide otherwise than the grader, with a reason; the verdict itself stays as it is.

    ID is the id or path of a graded submission. Without CRITERION the final mark is set, also of a
    submission that could not be graded. A decision holds for the file it was made about: of a
    later attempt, or where the verdict has changed since, it is listed as stale and not applied.

    \b
    For example:
      grader override ada-3f2a91 stable --points 2 --reason "The handout was ambiguous."
      grader override ada-3f2a91 --excuse --reason "Doctor's note."
      grader override ada-3f2a91 --until 2026-12-01T23:59+01:00 --reason "Ill."
    """
    from grader.cli.override import run

    return run(what, criterion, **options)


@click.command("pages", short_help="Write a page for each student.")
@_FOLDER
@click.option("--into", metavar="DIR", type=click.Path(path_type=Path), help="Folder (DIR/pages).")
@click.option("--appeal", metavar="TEXT", default="", help="Whom to ask, on every page.")
def _pages(folder: Path, into: Path | None, appeal: str) -> int:
    """Write a page for each student: one HTML file that needs no network.

    It shows what `grader` tells students: causes first, score, criteria, the line in their code.
    Hidden inputs stay hidden.
    """
    check_output(folder)
    from grader.cli.pages import run

    return run(folder, into, appeal)


@click.command("report", short_help="Write one page about the whole class.")
@_FOLDER
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page (DIR/overview.html).",
)
def _report(folder: Path, out: Path | None) -> int:
    """Write one page about the whole class, for staff: one HTML file that needs no network.

    It shows the distribution of scores, how each criterion did, submissions by the bug they have
    with code side by side, who needs a person, whose results were close, and a table of all to
    search and sort. Nothing is run.
    """
    check_output(folder)
    from grader.cli.report import run

    return run(folder, out)


@click.command("export", short_help="Write marks and feedback as a system takes them.")
@click.argument("kind", type=click.Choice(_KINDS))
@_FOLDER
@click.option("--into", metavar="DIR", type=click.Path(path_type=Path), help="Folder (DIR/export).")
@click.option(
    "--template",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The CSV that Canvas or Moodle gave, to be filled in.",
)
@click.option("--assignment", metavar="NAME|ID", default="", help="Its column in that file.")
@click.option(
    "--rubric-ids",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML or JSON: criterion = id of Canvas's rubric criterion.",
)
@click.option(
    "--column",
    "columns",
    metavar="WHAT=NAME",
    multiple=True,
    help="Moodle: its column for identifier, grade, maximum, changeable or feedback.",
)
@click.option("--appeal", metavar="TEXT", default="", help="Whom to ask, on every page.")
@click.option("--partial", is_flag=True, help="Send what is decided so far where marks are open.")
def _export(kind: str, folder: Path, **options: Any) -> int:
    """Write marks and feedback as a system takes them, from stored reports; nothing is run.

    What has no mark yet, or could not be graded, goes out as no score, never as 0.

    \b
    For example:
      grader export canvas graded --template gradebook.csv --assignment "Tutorial 1b"
      grader export canvas-feedback graded
      grader export moodle graded --template worksheet.csv
      grader export csv graded
    """
    check_output(folder)
    from grader.cli.export import run

    return run(kind, folder, **options)


@click.group("package")
def _package() -> None:
    """Make an autograder for a system that runs graders itself."""


@_package.command("gradescope")
@click.option("--rubric", metavar="NAME|FILE", help="Rubric: a shipped name or a YAML file.")
@click.option(
    "--wheel",
    "wheels",
    metavar="FILE",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The grader itself (`python -m build --wheel`), installed from the zip and no index.",
)
@click.option(
    "--into",
    metavar="FILE",
    default="gradescope.zip",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The zip to write.",
)
def _package_gradescope(rubric: str | None, wheels: Sequence[Path], into: Path) -> int:
    """Make the autograder zip that Gradescope takes: rubric, scripts, and grader as a wheel."""
    from grader.cli.export import package

    return package(rubric, wheels, into)


@click.command("compare", short_help="Whose mark changed between two folders, and why.")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write JSON to standard output.")
def _compare(old: Path, new: Path, *, as_json: bool) -> int:
    """Say whose mark changed between two output folders, and why.

    Reasons are the rubric, fixtures, torch, the grader, or a decision. The exit status is 1 where
    any mark changed.
    """
    check_output(old)
    check_output(new)
    from grader.cli.compare import run

    return run(old, new, as_json=as_json)


@click.command("forget", short_help="Remove a student from an output folder.")
@click.argument("key")
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Output folder.")
def _forget(key: str, out: Path | None) -> int:
    """Remove a student from everything in an output folder: reports, observations, decisions.

    KEY is what reports call the student (`submitters`), an e-mail address or id of the roster, or
    the id of a submission. The files that were handed in are not grader's and stay where they are.
    """
    from grader.cli.forget import run

    return run(key, out)


COMMANDS: Final[Sequence[click.Command]] = (
    _mark,
    _override,
    _pages,
    _report,
    _export,
    _package,
    _compare,
    _forget,
)
