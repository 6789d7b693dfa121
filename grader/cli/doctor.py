"""`grader doctor`: what this machine offers, and a trial of what grading needs.

Nothing heavy is imported here; the trial imports torch in a process of its own, as grading does.
"""

from __future__ import annotations

import os
import sys
import textwrap
import time
from importlib import metadata
from importlib.util import find_spec
from platform import machine, python_version, release, system
from typing import TYPE_CHECKING, Final

import grader
from grader.cli.request import Isolation, shipped_names
from grader.core.errors import GraderError, IsolationRefused, SandboxFault
from grader.core.text import plain

if TYPE_CHECKING:
    from grader.core.observation import Call, Program
    from grader.sandbox.trial import Trial

__all__ = ["run"]

_PACKAGES: Final = ("torch", "numpy", "safetensors", "pydantic", "ruamel.yaml", "ipython")
_INDENT: Final = " " * 13
_COLUMNS: Final = 80


def run() -> int:
    """Print the findings; 3 where no child can be started here, or it does not answer rightly."""
    _say("grader", grader.__version__)
    _say("python", python_version())
    _say("system", f"{system()} {release()} {machine()}, {os.cpu_count()} cores")
    versions = {package: _version(package) for package in _PACKAGES}
    for package, version in versions.items():
        _say(package, version or "missing")
    if find_spec("_ruamel_yaml") is None:
        _say("", "ruamel.yaml is without its C parser: rubrics are read more slowly")
    _say("rubrics", ", ".join(shipped_names()))
    missing = [package for package, version in versions.items() if not version]
    if missing:
        _say("trial", f"not made; install first: {', '.join(missing)}")
        return IsolationRefused.exit_status
    return _isolation()


def _isolation() -> int:
    """Try the strictest isolation that can be had."""
    try:
        try:
            mode: Isolation = "strict"
            trial, seconds = _trial(mode)
        except IsolationRefused as error:
            _say("strict", f"refused: {error}")
            mode = "best-effort"
            trial, seconds = _trial(mode)
    except (GraderError, OSError) as error:
        _say("trial", f"failed, nothing can be graded here: {error}")
        return IsolationRefused.exit_status
    _say(mode, f"{len(trial.layers)} layers in force: {', '.join(trial.layers)}")
    if trial.missing:
        _say("missing", ", ".join(trial.missing))
    _tell_acts(trial)
    _say("trial", f"a child started, ran a function and answered in {seconds:.1f} s")
    return 0


def _tell_acts(trial: Trial) -> None:
    from grader.sandbox.trial import ACTS

    refused = ", ".join(words for act, (words, _) in ACTS.items() if act not in trial.done)
    if refused:
        _say("tried", f"a confined child could not {refused}")
    if trial.done:
        _say("", f"but it could {', '.join(ACTS[act][0] for act in trial.done)}")


def _trial(mode: Isolation) -> tuple[Trial, float]:
    """Run a tiny program: what a throw-away child could do, and the seconds from a cold start.

    GraderError where a child cannot be started or answers anything but what is right.
    """
    from grader.sandbox.parent import Sandbox

    program, call = _question()
    began = time.monotonic()
    with Sandbox(isolation=mode) as sandbox:
        run = sandbox.run(program, [call])
        seconds = time.monotonic() - began
        trial = sandbox.trial()
    answer = run.calls[call.key]
    if answer.value is None or answer.value.numbers().tolist() != [2.0, 4.0]:
        raise SandboxFault(
            f"a child did not answer rightly (its program {run.setup.outcome}, "
            f"its call {answer.outcome}) {'; '.join(run.notes)}".rstrip()
        )
    return trial, seconds


def _question() -> tuple[Program, Call]:
    """A function that doubles its argument, and a call of it."""
    import numpy as np

    from grader.core.fixture import Argument
    from grader.core.observation import Call, Program
    from grader.core.slice import Location, Statement
    from grader.core.tensor import pack

    code = "def double(x):\n    return x * 2\n"
    statement = Statement(code, "<cell 1>", Location(1, 1), binds=("double",))
    argument = Argument("x", pack(np.array([1.0, 2.0]), "float32"))
    return Program((statement,), "double"), Call("trial", (argument,))


def _version(package: str) -> str:
    """The installed version; empty where it is missing."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _say(what: str, text: str) -> None:
    lines = textwrap.wrap(plain(text), _COLUMNS - len(_INDENT), break_on_hyphens=False)
    sys.stdout.write(f"{what:<{len(_INDENT)}}" + f"\n{_INDENT}".join(lines) + "\n")
