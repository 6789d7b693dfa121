"""The autograder zip for Gradescope: three scripts, the course's files, the grader itself."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Final

from grader.core.errors import UsageError
from grader.core.text import inline
from grader.export.gradescope import held
from grader.export.zips import packed

__all__ = ["package_gradescope"]

_SETUP: Final = """\
#!/usr/bin/env bash
# Runs once, when Gradescope builds the image.
set -euo pipefail
home=${AUTOGRADER_HOME:-/autograder}
source=$home/source

export DEBIAN_FRONTEND=noninteractive
python=
for one in python3.13 python3.12 python3.11 python3; do
    check='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
    if "$one" -c "$check" 2>/dev/null; then
        python=$one
        break
    fi
done
if [ -z "$python" ]; then
    apt-get update
    apt-get install -y --no-install-recommends python3.11 python3.11-venv
    python=python3.11
fi
"$python" -m venv "$home/venv"
cd "$source"
"$home/venv/bin/pip" install --no-input @INSTALL@
"""

_RUN: Final = """\
#!/usr/bin/env bash
# Runs for each submission; leaves a results.json whatever happens.
set -u
home=${AUTOGRADER_HOME:-/autograder}
source=$home/source
results=$home/results/results.json
PATH=$home/venv/bin:$PATH

mkdir -p "$home/results"
# In place before anything can go wrong, also for when the time is up.
cp "$source/failed.json" "$results"

work=$(mktemp -d) || exit 0
trap 'rm -rf "$work"' EXIT
cd "$source" || exit 0

grader grade "$home/submission" --rubric @RUBRIC@ --out "$work/graded" --isolation @ISOLATION@ >&2
status=$?
# 1: graded, and a person has something left to do.
if [ "$status" -gt 1 ]; then
    echo "grader grade ended with status $status" >&2
    exit 0
fi
grader export gradescope "$work/graded" --into "$work/export" --partial >&2
status=$?
if [ "$status" -gt 1 ]; then
    echo "grader export ended with status $status" >&2
    exit 0
fi
if [ -s "$work/export/results.json" ]; then
    # Renamed, so that a stop never leaves half a file.
    cp "$work/export/results.json" "$results.new" && mv -f "$results.new" "$results"
elif [ -e "$work/export/gradescope.zip" ]; then
    cp "$source/several.json" "$results"
fi
exit 0
"""

_FAILED: Final = (
    "The grader could not judge this submission. That is no mark: your course staff have been left "
    "a note in the log."
)
_SEVERAL: Final = "Not exactly one file could be graded. Hand in one notebook, and nothing else."


def package_gradescope(
    rubric: str,
    files: Mapping[str, bytes] | None = None,
    wheels: Mapping[str, bytes] | None = None,
    *,
    install: str = "grader",
    isolation: str = "best-effort",
) -> bytes:
    """The zip to upload as a Gradescope autograder.

    rubric     a shipped rubric's name, or that of a file in `files`
    files      the course's own rubric folder: relative name -> content, laid into `course/`
    wheels     name -> content of the wheels to install; without them `install`, a requirement
    isolation  as for `grader grade`

    `run_autograder` sends what is decided so far (`--partial`): written answers are marked in
    Gradescope itself. UsageError where a name is none or the rubric is not among the files.
    """
    course, built = dict(files or {}), dict(wheels or {})
    if course and rubric not in course:
        raise UsageError(f"the course's files hold no `{inline(rubric)}`")
    if not rubric or any(letter in rubric for letter in "\0\r\n") or rubric.startswith("-"):
        raise UsageError(f"not a rubric: `{inline(rubric)}`")
    bad = [name for name in built if "/" in name or not name.endswith(".whl")]
    if bad:
        raise UsageError(f"not a wheel: `{inline(bad[0])}`")
    wanted = [f"./wheels/{name}" for name in sorted(built)] or [install]
    where = f"./course/{rubric}" if course else rubric
    setup = _SETUP.replace("@INSTALL@", shlex.join(wanted))
    run = _RUN.replace("@ISOLATION@", shlex.quote(isolation)).replace(
        "@RUBRIC@", shlex.quote(where)
    )
    inside = {
        "setup.sh": setup.encode(),
        "run_autograder": run.encode(),
        "failed.json": json.dumps(held(_FAILED), indent=2).encode(),
        "several.json": json.dumps(held(_SEVERAL), indent=2).encode(),
        **{f"course/{name}": data for name, data in course.items()},
        **{f"wheels/{name}": data for name, data in built.items()},
    }
    return packed(inside, runs=("setup.sh", "run_autograder"))
