"""Every target in turn, or those named: `python -m fuzz [--seconds N] [--folder DIR] [NAME ...]`.

N is for each target. DIR (`build/fuzz` unless said) keeps the corpus of each target, so that the
next run goes on from it, and whatever was found. Ends with status 1 where something was.
"""

from __future__ import annotations

import argparse
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fuzz import targets

__all__ = ["TARGETS", "main"]

TARGETS: Final = tuple(sorted(found.name for found in pkgutil.iter_modules(targets.__path__)))

_LIMITS: Final = (
    "-timeout=20",  # seconds an input may take before it counts as found
    "-rss_limit_mb=2500",
    "-max_len=20000",
    "-print_final_stats=1",
    "-verbosity=1",
)
_STATISTICS: Final = re.compile(r"stat::(number_of_executed_units|average_exec_per_sec): +(\d+)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the targets one after another, a line each; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"))
    given = parser.parse_args(arguments)
    unknown = set(given.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no target {min(unknown)}; there are {', '.join(TARGETS)}")
    found = [
        name for name in given.targets or TARGETS if not _clean(name, given.seconds, given.folder)
    ]
    return 1 if found else 0


def _clean(name: str, seconds: int, folder: Path) -> bool:
    """Whether a run of the target found nothing; its log is kept beside what it found."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    log = place / "log.txt"
    command = [sys.executable, "-m", "fuzz.drive", name, *_LIMITS]
    command += [f"-max_total_time={seconds}", f"-artifact_prefix={place}/", str(place / "corpus")]
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - only for its speed
    with log.open("wb") as out, tempfile.TemporaryDirectory(dir=memory) as scratch:
        ended = subprocess.run(  # noqa: S603 - our own interpreter and modules
            command, stdout=out, stderr=out, check=False, env={**os.environ, "TMPDIR": scratch}
        )
    said = log.read_text(encoding="utf-8", errors="replace")
    figures = dict(_STATISTICS.findall(said))
    runs, speed = (
        figures.get(key, "?") for key in ("number_of_executed_units", "average_exec_per_sec")
    )
    verdict = "nothing found" if ended.returncode == 0 else f"FOUND, see {place}"
    sys.stdout.write(f"{name:10} {runs:>9} runs, {speed:>6} a second: {verdict}\n")
    sys.stdout.flush()
    return ended.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
