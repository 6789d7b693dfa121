"""The real command line in a process of its own, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = [
    "ROOT",
    "Done",
    "by_source",
    "command",
    "environment",
    "put",
    "reports",
    "run_grader",
    "statuses",
    "without_run",
]

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Done:
    """How a run of the command line ended."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as JSON: an error where anything else is written beside it."""
        return json.loads(self.out)


def run_grader(*arguments: str | Path, cwd: Path) -> Done:
    """`python -m grader ARGUMENTS` in `cwd`, to its end."""
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "grader", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """The environment of the tests, with an encoding and a width that depend on no terminal."""
    return {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "120", **more}


def put(folder: Path, **texts: str) -> Path:
    """Files of a folder, made with it; `ada__work_py` is the file `ada/work.py`."""
    for name, text in texts.items():
        path = folder / re.sub(r"_(py|txt|ipynb|yaml|toml)$", r".\1", name).replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def reports(out: Path) -> dict[str, dict[str, Any]]:
    """The reports of an output folder by their source."""
    return by_source(
        json.loads(path.read_text(encoding="utf-8")) for path in (out / "reports").glob("*.json")
    )


def by_source(documents: Any) -> dict[str, dict[str, Any]]:
    """Reports by their source; two of one source are an error."""
    found: dict[str, dict[str, Any]] = {}
    for document in documents:
        source = document["submission"]["source"]
        assert source not in found, f"two reports of {source}"
        found[source] = document
    return found


def statuses(report: dict[str, Any]) -> dict[str, str]:
    """Status by criterion."""
    return {row["id"]: row["status"] for row in report["criteria"]}


def without_run(path: Path) -> bytes:
    """The bytes of a report before its `run` block, which comes last."""
    data = path.read_bytes()
    head, block, tail = data.partition(b'\n  "run": {')
    assert block
    assert set(json.loads(b"{" + tail.rstrip()[:-1])) == {"seconds", "at", "environment"}
    return head
