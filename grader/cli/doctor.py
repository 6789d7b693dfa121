"""`grader doctor`: what this machine offers, without importing anything heavy here."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib import metadata
from platform import machine, python_version, release, system

import grader
from grader.core.errors import GraderError, IsolationRefused
from grader.core.text import plain

__all__ = ["run"]


def run() -> int:
    """Print the findings; 3 where strict isolation cannot be had."""
    from grader.rubric.loading import shipped_names
    from grader.sandbox.parent import Sandbox

    _say("grader", grader.__version__)
    _say("python", python_version())
    _say("system", f"{system()} {release()} {machine()}, {os.cpu_count()} cores")
    for package in ("torch", "numpy", "safetensors", "pydantic"):
        _say(package, _version(package))
    _say("rubrics", ", ".join(shipped_names()))
    try:
        with Sandbox(isolation="strict") as sandbox:
            for line in _findings(sandbox):
                _say("isolation", line)
    except IsolationRefused as error:
        _say("isolation", f"strict is refused: {error}")
        return IsolationRefused.exit_status
    except GraderError as error:
        _say("isolation", f"cannot be tried: {error}")
        return error.exit_status
    return 0


def _findings(sandbox: object) -> Iterable[str]:
    examine = getattr(sandbox, "doctor", None)
    if examine is None:
        return ("strict",)
    told = examine()
    return (told,) if isinstance(told, str) else map(str, told)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _say(what: str, text: str) -> None:
    sys.stdout.write(f"{what:<12} {plain(text)}\n")
