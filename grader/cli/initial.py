"""`grader rubric init`: a rubric to start from. Light: nothing of it is run here."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from grader.core.text import plain
from grader.rubric import starting

__all__ = ["run"]


def run(name: str, function: str | None, arguments: Sequence[str], into: Path) -> int:
    """Write the files, and say what to do with them."""
    start = starting.plan(name, function, arguments)
    written = starting.write(start, into)
    rubric = into / f"{start.name}.yaml"
    folder = into / start.name
    shown = shlex.quote(str(rubric))
    call = f"{start.function}({', '.join(start.arguments)})"
    told = f"""\
wrote {rubric} and {len(written) - 1} files in {folder}/, about {call}

They work as they are, with an example that scales rows to length one:
  grader rubric lint {shown}
  grader rubric verify {shown}

Three places make it yours; verify after each:
  1. {folder}/oracle.py
     the right answer in float64, how far from it a right function may end, what is refused
  2. {folder}/fixtures/, and `criteria` in {rubric}
     the inputs, and the points they decide
  3. {folder}/bugs.py, references/ and mutants.yaml beside it
     the bugs you can name, and programs whose mark you know

docs/authoring.md goes this way with a function of its own.
"""
    sys.stdout.write(plain(told))
    return 0
