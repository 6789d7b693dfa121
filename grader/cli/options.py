"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Final, get_args

import click

from grader.cli.request import DEFAULT_ISOLATION, Isolation

__all__ = ["ISOLATION", "OUT", "RUBRIC", "SEED", "TARGET"]

RUBRIC: Final = click.option(
    "--rubric", metavar="NAME|FILE", help="Rubric: a shipped name or a YAML file."
)
OUT: Final = click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="Output folder (./graded)."
)
SEED: Final = click.option(
    "--seed", metavar="N", type=click.IntRange(min=0), help="Seed of the fixtures."
)
ISOLATION: Final = click.option(
    "--isolation",
    type=click.Choice(get_args(Isolation)),
    default=DEFAULT_ISOLATION,
    show_default=True,
    help="How strictly submissions are confined; `grader doctor` says what can be had here.",
)
TARGET: Final = click.option(
    "--target",
    "targets",
    metavar="ROLE=NAME",
    multiple=True,
    help="Take this name for a role, this run only.",
)
