"""`make bench`: submissions a second, beside the floor of the same run.

    floor   fork, confine and reap of an empty child, one after another
    batch   200 distinct submissions through the real command line, reports written, 1 and 2 jobs
    cold    one submission through the real command line, beside `python -c "import torch"`
    layers  what each layer of the confinement costs (`benchmarks/isolation.py`)

Absolute times drift from machine to machine; the ratios are what to read. Prints a Markdown table
and, with `--record`, appends it to `benchmarks/RESULTS.md` with the machine's facts.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks.isolation import measure as isolation_costs
from grader.sandbox.zygote import Zygote

HERE = Path(__file__).resolve().parent
REFERENCES = HERE.parent / "grader" / "assignments" / "softmax" / "references"
COUNT = 200
COLD_RUNS = 7
GRADER = [sys.executable, "-c", "from grader.cli.main import main; main()"]


def make_class(folder: Path, count: int) -> None:
    """`count` submissions of different content: every right style and most wrong ones, in turn."""
    sources = sorted((REFERENCES / "right").glob("*.py"))
    sources += [path for path in sorted((REFERENCES / "wrong").glob("*.py")) if _ends(path)]
    for number in range(count):
        source = sources[number % len(sources)]
        target = folder / f"student{number:03d}.py"
        target.write_text(
            f"{source.read_text(encoding='utf-8')}\n# handed in by student {number}\n",
            encoding="utf-8",
        )


def _ends(path: Path) -> bool:
    """Endless loops measure the limits, not the grader."""
    return "loop" not in path.stem and "endless" not in path.stem and "hang" not in path.stem


def floor(count: int) -> float:
    """Seconds a child: fork, confine, reap, with nothing in between."""
    with Zygote() as zygote:
        zygote.wait_ready()
        for warm in (True, False):
            began = time.perf_counter()
            for _ in range(count if not warm else 5):
                child = zygote.spawn()
                child.talk.settimeout(30)
                child.talk.recv(1)  # the child speaks first, once it is confined
                zygote.reap(child)
                child.close()
        return (time.perf_counter() - began) / count


def run_and_watch(command: list[str], cwd: Path) -> tuple[float, int]:
    """Wall seconds of a command, and its own peak memory (not its children's) in bytes."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, _peak(process.pid))
            time.sleep(0.02)
        seconds = time.perf_counter() - began
        errors = process.stderr.read().decode() if process.stderr else ""
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command} ended with {process.returncode}:\n{errors}")
    return seconds, peak


def _peak(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def median(measure: Callable[[], float], runs: int) -> float:
    return statistics.median(measure() for _ in range(runs))


def measure() -> list[tuple[str, str, str]]:
    """Rows of the table: what, figure, ratio."""
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory(prefix="grader-bench-") as name:
        folder = Path(name)
        (folder / "class").mkdir()
        make_class(folder / "class", COUNT)
        each = floor(COUNT)
        rows.append(("floor: fork, confine, reap", f"{each * 1e3:.1f} ms a child", "1"))
        for jobs, isolation in ((1, "strict"), (2, "strict"), (2, "none")):
            command = [*GRADER, "grade", "class", "--rubric", "softmax", "--jobs", str(jobs)]
            command += ["--isolation", isolation, "--out", f"out-{isolation}-{jobs}"]
            seconds, peak = run_and_watch(command, folder)
            rate = COUNT / seconds
            rows.append(
                (
                    f"{COUNT} submissions, {jobs} job{'s' * (jobs > 1)}, {isolation}",
                    f"{rate:.1f} a second, {seconds:.1f} s in all, parent's peak"
                    f" {peak / 2**20:.0f} MB",
                    f"{seconds / COUNT / each:.2f} x floor (one child at a time)",
                )
            )
        cold, bare = cold_pair(folder)
        rows.append(('python -c "import torch"', f"{bare:.2f} s", "1"))
        rows.append(("one cold submission", f"{cold:.2f} s", f"{cold / bare:.2f} x import"))
    return rows + isolation_costs(REFERENCES)


def cold_pair(folder: Path) -> tuple[float, float]:
    """Median seconds of one cold submission and of a bare import, measured in turn."""
    one = str(folder / "class" / "student000.py")
    colds, bares = [], []
    for _ in range(COLD_RUNS):
        colds.append(run_and_watch([*GRADER, "grade", one, "--rubric", "softmax"], folder)[0])
        bares.append(run_and_watch([sys.executable, "-c", "import torch"], folder)[0])
    return statistics.median(colds), statistics.median(bares)


def machine() -> str:
    """The facts that figures depend on, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()},"
        f" {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()},"
        f" torch {metadata.version('torch')}, grader {metadata.version('grader')}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="append to benchmarks/RESULTS.md")
    options = parser.parse_args()
    lines = [f"### {datetime.now(UTC):%Y-%m-%d}", "", machine(), ""]
    lines += ["| what | figure | ratio |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in measure()]
    print("\n".join(lines))
    if options.record:
        with (HERE / "RESULTS.md").open("a", encoding="utf-8") as results:
            results.write("\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
