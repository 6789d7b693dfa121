"""Entry point: options of every command, and exit statuses.

0 done; 1 done, some need a person; 2 usage, configuration or rubric; 3 isolation refused;
5 internal or disk; 130 interrupted. (4 is kept for a threshold in continuous integration.)
Nothing heavy is imported here: each command imports its own module when it is run.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from grader.cli.request import (
    DEFAULT_ISOLATION,
    Isolation,
    Request,
    check_output,
    folder_of,
    reference_of,
)
from grader.core.errors import GraderError
from grader.core.text import plain

__all__ = ["app", "main"]

INTERRUPTED: Final = 128 + signal.SIGINT

app = typer.Typer(
    name="grader",
    help="Grade numerical-code notebooks: right verdicts, named bugs, confined code.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
rubric_app = typer.Typer(
    help="Show, check and verify rubrics.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(rubric_app, name="rubric")

RubricOption = Annotated[
    str | None,
    typer.Option("--rubric", metavar="NAME|FILE", help="Rubric: a shipped name or a YAML file."),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Output folder (./graded).")
]
IsolationOption = Annotated[
    Isolation, typer.Option("--isolation", help="How strictly submissions are confined.")
]
TargetOption = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="ROLE=NAME", help="Take this name for a role, this run only."),
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", metavar="N", min=0, help="Seed of the fixtures.")
]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal need not know every letter
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for them is dear
    try:
        app(args=None if arguments is None else list(arguments), prog_name="grader")
    except GraderError as error:
        _say(f"grader: error: {error}")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        _say("grader: interrupted")
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last stop: a sentence instead of a traceback
        if os.environ.get("GRADER_DEBUG"):
            traceback.print_exc()
        told = " ".join(f"{type(error).__name__}: {error}".split())
        _say(
            f"grader: error: {told} - this is a bug in grader; "
            "GRADER_DEBUG=1 shows where it happened"
        )
        sys.exit(GraderError.exit_status)
    sys.exit(0)


def _say(text: str) -> None:
    sys.stderr.write(plain(text) + "\n")


def _version(*, asked: bool) -> None:
    if asked:
        from grader import __version__

        typer.echo(f"grader {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            help="Show the version.",
            callback=lambda value: _version(asked=value),
        ),
    ] = False,
) -> None:
    pass


@app.command("grade")
def _grade(
    *,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Submissions, or folders of them.")
    ],
    rubric: RubricOption = None,
    out: OutOption = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="N", min=1, help="Worker processes.")
    ] = None,
    seed: SeedOption = None,
    isolation: IsolationOption = DEFAULT_ISOLATION,
    target: TargetOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Grade what is graded already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Grade submissions.

    One file without --out is explained on the terminal and nothing is written. Folders, several
    files, or --out write reports to DIR; run again after a stop and it goes on.
    """
    request = Request(
        paths=tuple(paths),
        rubric=rubric,
        out=out,
        jobs=jobs,
        seed=seed,
        isolation=isolation,
        targets=tuple(target or ()),
        fresh=fresh,
        as_json=as_json,
    )
    request.check()
    from grader.cli.grade import run

    raise typer.Exit(run(request))


@app.command("explain")
def _explain(
    *,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A file, or the id or path of a graded one.")
    ],
    criterion: Annotated[
        str | None, typer.Argument(metavar="[CRITERION]", help="This criterion only, in full.")
    ] = None,
    rubric: RubricOption = None,
    out: OutOption = None,
    seed: SeedOption = None,
    isolation: IsolationOption = DEFAULT_ISOLATION,
    target: TargetOption = None,
) -> None:
    """Explain a verdict, criterion by criterion, with the smallest input that fails.

    For staff: hidden fixtures are shown, and marked.
    """
    request = Request(
        rubric=rubric, out=out, seed=seed, isolation=isolation, targets=tuple(target or ())
    )
    stored = out is not None or not Path(what).is_file()
    if stored:
        check_output(folder_of(request))
    else:
        reference_of(request)
    from grader.cli.explain import run

    raise typer.Exit(run(what, criterion, request, stored=stored))


@app.command("rejudge")
def _rejudge(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The output folder of a run.")],
    rubric: RubricOption = None,
) -> None:
    """Judge stored observations again and say whose points moved; nothing is run."""
    check_output(folder)
    from grader.cli.rejudge import run

    raise typer.Exit(run(folder, rubric))


@app.command("doctor")
def _doctor() -> None:
    """Say what this machine offers and what is missing."""
    from grader.cli.doctor import run

    raise typer.Exit(run())


@rubric_app.command("list")
def _rubric_list() -> None:
    """Name the rubrics that come with the grader."""
    from grader.cli import rubrics

    raise typer.Exit(rubrics.show_all())


@rubric_app.command("show")
def _rubric_show(
    *, rubric: Annotated[str, typer.Argument(metavar="NAME|FILE", help="The rubric.")]
) -> None:
    """Show a rubric's criteria and points."""
    from grader.cli import rubrics

    raise typer.Exit(rubrics.show(rubric))


@rubric_app.command("lint")
def _rubric_lint(
    *,
    rubric: Annotated[list[str], typer.Argument(metavar="NAME|FILE...", help="Rubrics to check.")],
) -> None:
    """Check rubrics: file, line, column, what was expected, the nearest spelling."""
    from grader.cli import rubrics

    raise typer.Exit(rubrics.check(rubric))


@rubric_app.command("schema")
def _rubric_schema(
    *,
    report: Annotated[
        bool, typer.Option("--report", help="The report's schema, not the rubric's.")
    ] = False,
) -> None:
    """Print the JSON Schema for editors and readers."""
    from grader.cli import rubrics

    raise typer.Exit(rubrics.schema(report=report))


@rubric_app.command("verify")
def _rubric_verify(
    *,
    rubric: Annotated[str, typer.Argument(metavar="NAME|FILE", help="The rubric.")],
    isolation: IsolationOption = DEFAULT_ISOLATION,
) -> None:
    """Grade the assignment's references, with the mark each must get."""
    from grader.cli import rubrics

    raise typer.Exit(rubrics.verify(rubric, isolation))
