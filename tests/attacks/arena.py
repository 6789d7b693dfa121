"""Attacks and controls in turn, graded by the real command line in one run and watched from here.

Strict isolation and one job: one zygote forks the child of every attack and of every control, a
right submission, that follows it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import resource
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.attacks.cases import Attack, content
from tests.attacks.verdicts import unmet
from tests.attacks.watched import Watched
from tests.stories.command import reports

__all__ = ["CANARY", "MARK", "Battle", "hold"]

MARK: Final = "grader-attack-was-here"
"""Part of the name of every file that an attack tries to leave, wherever that is."""

CANARY: Final = "canary-in-the-"
"""Begins what no report may hold: words of files, of the environment, of another submission."""

_WHO_AND_WHEN: Final = ("run", "submission")
_OUTSIDE: Final = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/")  # noqa: S108 - where attacks try to leave files
_CONTROL: Final = '''import torch

def good_softmax(x):
    """Control %s."""
    e = torch.exp(x - x.max(dim=-1, keepdim=True).values)
    return e / e.sum(dim=-1, keepdim=True)
'''


@dataclass(frozen=True, slots=True)
class Battle:
    """A topic's batch after it was graded.

    zygotes   processes that the grader forked children from: two, the second for what is run alone
    left      command lines of processes that outlived it
    strays    files that were not there before
    harm      what became of the files and the process that no submission may reach
    alone     the report of a control graded by itself
    """

    attacks: tuple[Attack, ...]
    status: int
    out: bytes
    err: bytes
    folder: Path
    reports: Mapping[str, Mapping[str, Any]]
    zygotes: int
    left: tuple[str, ...]
    strays: tuple[str, ...]
    harm: tuple[str, ...]
    alone: Mapping[str, Any]

    def report(self, attack: Attack) -> Mapping[str, Any]:
        """The report of `attack`."""
        return self._report(2 * self.attacks.index(attack))

    def control(self, attack: Attack) -> Mapping[str, Any]:
        """The report of the control right after `attack`."""
        return self._report(2 * self.attacks.index(attack) + 1)

    def remains(self) -> list[str]:
        """What is left of the batch, or not as it was; empty where all is well.

        Two zygotes at most: one for all, one for those that are run again alone.
        """
        found = [*self.left, *self.strays, *self.harm]
        if self.zygotes > 2:
            found.append(f"{self.zygotes} zygotes")
        if self.status not in (0, 1):
            found.append(f"exit status {self.status}: {self.err.decode(errors='replace')}")
        return found

    def _report(self, number: int) -> Mapping[str, Any]:
        wanted = f"{number:04}/"
        (found,) = (one for source, one in self.reports.items() if source.startswith(wanted))
        return found

    def amiss(self, attack: Attack) -> list[str]:
        """How the outcome differs from what `attack` must come to; empty where it does not."""
        report = self.report(attack)
        text = json.dumps(report, ensure_ascii=False)
        found = unmet(attack.verdict, report)
        if found and report["execution"]:
            found.append(report["execution"]["stdout"])
        found += [f"does not show {one}" for one in attack.shows if not re.search(one, text)]
        found += [f"shows {one}" for one in (*attack.hides, CANARY) if self._anywhere(one)]
        return found

    def _anywhere(self, pattern: str) -> bool:
        sought = re.compile(pattern.encode())
        return any(sought.search(one) for one in (self.out, self.err, *_all_of(self.folder)))

    def unfair(self, attack: Attack) -> list[str]:
        """How the control after `attack` differs from the one graded alone."""
        control, alone = _compared(self.control(attack)), _compared(self.alone)
        if "run again alone, with twice the limits" in control["execution"]["notes"]:
            # A machine under load may stop it once; what must be equal is what came of it.
            for one in (control, alone):
                one["execution"] = {**one["execution"], "notes": [], "limits": {}}
        return [
            f"{key}: {control.get(key)} instead of {alone[key]}"
            for key in alone
            if control.get(key) != alone[key]
        ]


@functools.cache
def _all_of(folder: Path) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def _compared(report: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in report.items() if key not in _WHO_AND_WHEN}


def hold(
    attacks: Sequence[Attack], arena: Path, *, impatient: bool = False, rubric: str = "softmax"
) -> Battle:
    """Grade `attacks`, a control after each, in the empty folder `arena`.

    In a source `@HOME@` is the user's home, with secrets in it, `@OUT@` the output folder,
    `@NEXT@` the next submission's, `@ROOT@` the checkout, `@VICTIM@` the id of a process of the
    user's, and `@GRADER@` that of the grader.
    """
    module = "tests.attacks.impatient" if impatient else "grader"
    submissions, out = arena / "submissions", arena / "graded"
    arguments = ["grade", submissions, "--rubric", rubric, "--out", out, "--jobs", "1"]
    with _victim() as victim, Watched(module, arguments, arena) as run:
        _keep_secrets(arena / "home")
        words = {
            "@HOME@": str(arena / "home"),
            "@OUT@": str(out),
            "@ROOT@": str(Path(__file__).parents[2]),
            "@VICTIM@": str(victim.pid),
            "@GRADER@": str(run.process.pid),
        }
        _hand_in(attacks, submissions, words)
        watched = (arena / "home", submissions)
        before = [_digest(folder) for folder in watched], _state_of(victim.pid)
        status = run.go()
        left = run.left()
        after = [_digest(folder) for folder in watched], _state_of(victim.pid)
    return Battle(
        attacks=tuple(attacks),
        status=status,
        out=run.text("out"),
        err=run.text("err"),
        folder=out,
        reports=reports(out),
        zygotes=len(run.zygotes),
        left=left,
        strays=_strays(arena),
        harm=tuple(
            f"{was} became {now}" for was, now in zip(before, after, strict=True) if was != now
        ),
        alone=_control_alone(module, rubric),
    )


@functools.cache
def _control_alone(module: str, rubric: str) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as arena:
        folder, out = Path(arena) / "submissions", Path(arena) / "graded"
        arguments = ["grade", folder, "--rubric", rubric, "--out", out]
        with Watched(module, arguments, Path(arena)) as run:
            _put(folder / "control.py", (_CONTROL % "alone").encode())
            run.go()
        (report,) = reports(out).values()
        return report


def _hand_in(attacks: Sequence[Attack], submissions: Path, words: Mapping[str, str]) -> None:
    for number, attack in enumerate(attacks):
        following = submissions / f"{2 * number + 1:04}"
        told = {**words, "@NEXT@": str(following)}
        name = attack.file if isinstance(attack.file, bytes) else os.fsencode(attack.file)
        _put(submissions / f"{2 * number:04}" / os.fsdecode(name), content(attack, told))
        _put(following / "control.py", (_CONTROL % number).encode())
        _put(following / "notes.md", b"canary-in-the-next-submission")


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _keep_secrets(home: Path) -> None:
    _put(home / "canary.txt", b"canary-in-the-home")
    _put(home / ".config" / "token", b"canary-in-the-home")
    (home / "link").symlink_to("canary.txt")


@contextlib.contextmanager
def _victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the same user that only waits."""
    waiting = [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE) as victim:
        yield victim


def _digest(folder: Path) -> str:
    """Of names, kinds, modes, owners, times of change and content of all below a folder."""
    facts = []
    for path in sorted(folder.rglob("*")):
        told = path.lstat()
        data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        facts.append((str(path), told.st_mode, told.st_uid, told.st_mtime_ns, told.st_nlink, data))
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _state_of(pid: int) -> object:
    """What others could change in a process: its life, limits, processors, place and niceness."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    state, parent, group, session, nice = (fields[place] for place in (0, 1, 2, 3, 16))
    assert state in "SRD", f"the process of id {pid} is {state}"
    every = sorted(name for name in vars(resource) if name.startswith("RLIMIT_"))
    limits = [resource.prlimit(pid, getattr(resource, name)) for name in every]
    return limits, sorted(os.sched_getaffinity(pid)), parent, group, session, nice


def _strays(arena: Path) -> tuple[str, ...]:
    found = list((arena / "temporary").rglob("*"))
    for place in (*_OUTSIDE, Path.home(), sysconfig.get_path("purelib"), arena, Path.cwd()):
        with contextlib.suppress(OSError):
            found += Path(place).glob(f"*{MARK}*")
    found += (arena / "submissions").rglob(f"*{MARK}*")
    return tuple(map(str, found))
