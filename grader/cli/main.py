"""Entry point: options of every command, and exit statuses.

0 done; 1 done, some need a person; 2 usage, configuration or rubric; 3 isolation refused;
5 internal or disk; 130 interrupted. (4 is kept for a threshold in continuous integration.)
Nothing heavy is imported here: each command imports its own module when it is run.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, get_args

import click

from grader.cli.hooks import COMMANDS as HOOKS
from grader.cli.options import ISOLATION, OUT, RUBRIC, SEED, TARGET
from grader.cli.people import COMMANDS
from grader.cli.request import (
    INTERRUPTED,
    Isolation,
    Policy,
    Request,
    System,
    check_output,
    check_reference,
    folder_of,
    is_there_and_no_folder,
    reference_of,
)
from grader.core.errors import GraderError
from grader.core.text import plain

__all__ = ["app", "main"]


_ONE_RUBRIC: Final = click.argument("rubric", metavar="NAME|FILE")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal need not know every letter
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for them is dear
    gc.set_threshold(50_000)  # imports make what stays: looking for garbage meanwhile is dear
    given = None if arguments is None else list(arguments)
    try:
        status = app.main(given, prog_name="grader", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except GraderError as error:
        _say(f"grader: error: {error}")
        sys.exit(error.exit_status)
    except (KeyboardInterrupt, click.Abort):
        _say("grader: interrupted")
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last stop: a sentence instead of a traceback
        _confess(error)
        sys.exit(GraderError.exit_status)
    sys.exit(status)


def _confess(error: Exception) -> None:
    if os.environ.get("GRADER_DEBUG"):
        import traceback

        traceback.print_exc()
    told = " ".join(f"{type(error).__name__}: {error}".split())
    _say(f"grader: error: {told} - this is a bug in grader; GRADER_DEBUG=1 shows where it happened")


def _say(text: str) -> None:
    sys.stderr.write(plain(text) + "\n")


def _version(context: click.Context, _: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click's own signature
    if asked:
        from grader import __version__

        click.echo(f"grader {__version__}")
        context.exit()


@click.group()
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version.",
)
def app() -> None:
    """Grade numerical-code notebooks: right verdicts, named bugs, confined code.

    \b
    Start with:
      grader rubric list                  which rubrics there are
      grader grade FILE --rubric NAME     one file: explained, nothing written

    \b
    Then:
      grader grade FOLDER --rubric NAME   a class: reports and scores in ./graded
      grader explain ID                   one of them again, with inputs to paste
      grader mark DIR                     written answers, marked by hand
      grader export KIND DIR              marks and feedback as an LMS takes them

    \b
    Exit status:
      0  done                             3    isolation refused
      1  done, some need a person         5    internal error, or disk
      2  usage, configuration or rubric   130  interrupted
    """


@app.command("grade", short_help="Grade submissions, or folders of them.")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@RUBRIC
@OUT
@click.option("--jobs", metavar="N", type=click.IntRange(min=1), help="Worker processes.")
@SEED
@ISOLATION
@TARGET
@click.option(
    "--from",
    "origin",
    type=click.Choice(get_args(System)),
    help="Whose download it is (found out).",
)
@click.option(
    "--roster",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV of students: who is missing, groups, due dates, ids to export by.",
)
@click.option("--due", metavar="WHEN", help="When it was due (ISO 8601 with a zone).")
@click.option(
    "--attempts",
    type=click.Choice(get_args(Policy)),
    default="latest",
    show_default=True,
    help="Which of several attempts counts.",
)
@click.option("--pseudonyms", is_flag=True, help="No name or path in any report; see grader.toml.")
@click.option("--fresh", is_flag=True, help="Grade what is graded already.")
@click.option(
    "--changed", is_flag=True, help="Only what is new or handed in anew; tell of no other."
)
@click.option(
    "--student",
    "students",
    metavar="WHO",
    multiple=True,
    help="Only theirs, graded again: a name, an id, an address, or part of a path.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON to standard output.")
def _grade(**options: Any) -> int:
    """Grade notebooks, Python files and text exports, or folders and archives of them.

    One file without --out is explained on the terminal and nothing is written. Folders, several
    files, or --out write reports to DIR; run again after a stop and it goes on.

    \b
    For example:
      grader grade ada.ipynb --rubric NAME
      grader grade submissions/ --rubric NAME --out graded
      grader grade download.zip --rubric NAME --from canvas --roster students.csv
      grader grade ada.ipynb --rubric NAME --target forward=my_function

    Downloads of Canvas, Moodle and Gradescope are known by their names; with a roster it is told
    who is missing, and marks can be exported under the ids of each system. Of clones of GitHub
    Classroom the last commit before --due is graded, as fetches saw it.

    A grader.toml in the working directory can hold the rubric, the output folder, the roster and
    the name of a file with the course's secret (for --pseudonyms). The exit
    status is 1 where some need a person, for example because a criterion is marked by hand.
    """
    request = Request(**options)
    request.check()
    from grader.cli.grade import run

    return run(request)


@app.command("explain", short_help="Explain a verdict, criterion by criterion.")
@click.argument("what")
@click.argument("criterion", required=False)
@RUBRIC
@OUT
@SEED
@ISOLATION
@TARGET
@click.option("--rerun", is_flag=True, help="Run a graded one again first, and say what differs.")
def _explain(what: str, criterion: str | None, *, rerun: bool, **options: Any) -> int:
    """Explain a verdict, criterion by criterion, with the smallest input that fails.

    WHAT is a file, graded now, or the id or path of a graded submission in the output folder.
    With CRITERION everything that fails is shown of that one. For staff: hidden fixtures are
    shown, and marked. With --rerun a graded submission is run again from the file it was graded
    from, and what is not as it was is told first; nothing is stored.

    \b
    For example:
      grader explain ada.ipynb --rubric NAME
      grader explain ada-3f2a91 --out graded
      grader explain ada-3f2a91 values
      grader explain ada-3f2a91 --rerun
    """
    request = Request(**options)
    stored = request.out is not None or not is_there_and_no_folder(Path(what))
    if stored:
        check_output(folder_of(request), instead_of=what)
    else:
        reference_of(request)
    from grader.cli.explain import run

    if rerun and not stored:
        raise click.UsageError(f"{what} is a file and is run now anyway; --rerun is for an id")
    return run(what, criterion, request, stored=stored, rerun=rerun)


@app.command("rejudge", short_help="Judge stored observations again; nothing is run.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@RUBRIC
def _rejudge(folder: Path, rubric: str | None) -> int:
    """Judge stored observations again and say whose points moved; nothing is run.

    \b
    For example, after a change of points or words:
      grader rejudge graded --rubric my_rubric.yaml
    """
    check_output(folder)
    if rubric is not None:
        check_reference(rubric)
    from grader.cli.rejudge import run

    return run(folder, rubric)


for _one in (*COMMANDS, *HOOKS):
    app.add_command(_one)


@app.command("doctor", short_help="Say what this machine offers and what is missing.")
def _doctor() -> int:
    """Say what this machine offers, what is missing, and whether a submission could run."""
    from grader.cli.doctor import run

    return run()


@app.group("rubric")
def _rubric() -> None:
    """Show, check and verify rubrics."""


@_rubric.command("list")
def _rubric_list() -> int:
    """Name the rubrics that come with the grader."""
    from grader.cli import rubrics

    return rubrics.show_all()


@_rubric.command("show")
@_ONE_RUBRIC
def _rubric_show(rubric: str) -> int:
    """Show a rubric's criteria and points."""
    check_reference(rubric)
    from grader.cli import rubrics

    return rubrics.show(rubric)


@_rubric.command("lint", short_help="Check rubrics: what is wrong, and where.")
@click.argument("references", metavar="NAME|FILE...", nargs=-1, required=True)
def _rubric_lint(references: Sequence[str]) -> int:
    """Check rubrics: file, line, column, what was expected, the nearest spelling."""
    for one in references:
        check_reference(one)
    from grader.cli import rubrics

    return rubrics.check(references)


@_rubric.command("init", short_help="Start a rubric for a function of your own.")
@click.argument("name")
@click.option("--function", metavar="NAME", help="What students call it (good_NAME).")
@click.option(
    "--argument", "arguments", metavar="NAME", multiple=True, help="One of its arguments (x)."
)
@click.option(
    "--into",
    metavar="DIR",
    default=".",
    type=click.Path(path_type=Path),
    help="Folder to write to (the working directory).",
)
def _rubric_init(name: str, function: str | None, arguments: Sequence[str], into: Path) -> int:
    """Start a rubric for a function of your own: NAME.yaml, and a folder NAME beside it.

    The folder holds what decides marks: the right answer with its error bound, the inputs, known
    bugs, and programs whose mark is known. All of it is an example that works as it is, to be
    changed piece by piece. Nothing is overwritten.

    \b
    For example:
      grader rubric init layer_norm
      grader rubric init huber --function huber_loss --argument y --argument t

    \b
    Then, now and after every change:
      grader rubric lint layer_norm.yaml
      grader rubric verify layer_norm.yaml
    """
    from grader.cli import initial

    return initial.run(name, function, arguments, into)


@_rubric.command("schema")
@click.option("--report", is_flag=True, help="The report's schema, not the rubric's.")
def _rubric_schema(*, report: bool) -> int:
    """Print the JSON Schema for editors and readers."""
    from grader.cli import rubrics

    return rubrics.schema(report=report)


@_rubric.command("verify", short_help="Grade programs whose mark is known.")
@_ONE_RUBRIC
@ISOLATION
@click.option("--jobs", metavar="N", type=click.IntRange(min=1), help="Worker processes.")
@click.option("--no-mutants", is_flag=True, help="References only.")
@click.option("--no-pairs", is_flag=True, help="Known bugs alone, no two together: quicker.")
@click.option(
    "--on",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Judge a graded folder by this rubric instead, and write nothing.",
)
def _rubric_verify(
    rubric: str,
    isolation: Isolation,
    jobs: int | None,
    folder: Path | None,
    *,
    no_mutants: bool,
    no_pairs: bool,
) -> int:
    """Grade programs whose mark is known, and say where the rubric gives another.

    References are right or wrong in a known way. Mutants are programs with known bugs, alone and
    in pairs: each must lose points to the criteria meant for it, each criterion must catch
    something, and no two the same. The exit status is 2 where anything is not as it must be.

    With --on, the stored observations of DIR are judged by this rubric: who would get another
    mark. Nothing is run or written; the exit status is 1 where anybody would.

    \b
    For example:
      grader rubric verify NAME
      grader rubric verify my_rubric.yaml --on graded-last-year
    """
    check_reference(rubric)
    if folder is not None:
        check_output(folder)
        from grader.cli.verify_on import run as judge

        return judge(rubric, folder)
    from grader.cli.verify import run

    return run(rubric, isolation, mutants=not no_mutants, jobs=jobs, pairs=not no_pairs)
