"""What `fixtures/submissions/README.md` promises, as data.

A test compares the files named here with the table there and with the folder, so that neither
can grow alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from tests.stories.command import ROOT, statuses

__all__ = ["BONUS", "CRITERIA", "ENDLESS", "FOLDER", "PROMISES", "Promise", "broken", "listed"]

FOLDER: Final = ROOT / "fixtures" / "submissions"
ENDLESS: Final = "vera.py"
"""Takes its time-outs' time; the classes of the stories leave it out."""

VALUES: Final = ("values", "stable", "batch", "per-row-shift", "differentiable")
CRITERIA: Final = ("implemented", *VALUES, "own-argument", "pure", "dtype", "from-scratch")
BONUS: Final = (
    "backward-values",
    "backward-batch",
    "backward-stable",
    "backward-from-scratch",
)
NOT_PASSED: Final = ("failed", "partial", "skipped")


@dataclass(frozen=True, slots=True)
class Promise:
    """What must come out of a submission.

    statuses   allowed ones by criterion; others are left open
    diagnoses  exactly these ids; None: left open
    most       the automatic score is at most this; `full`: it is the rubric's
    """

    statuses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    diagnoses: tuple[str, ...] | None = None
    most: float = 20.0
    full: bool = False


def _promise(
    passed: str = "",
    failed: str = "",
    short: str = "",
    *,
    most: float = 20.0,
    diagnoses: tuple[str, ...] | None = None,
) -> Promise:
    """`short` names criteria that do not pass, in whatever way."""
    told = dict.fromkeys(passed.split(), ("passed",))
    told |= dict.fromkeys(failed.split(), ("failed",))
    told |= dict.fromkeys(short.split(), NOT_PASSED)
    return Promise(told, diagnoses, most)


ALL: Final = Promise(dict.fromkeys(CRITERIA, ("passed",)), diagnoses=(), full=True)
UNGRADABLE: Final = Promise(most=0)

_GLOBAL: Final = Promise(
    dict.fromkeys(("implemented", "pure", "from-scratch"), ("passed",))
    | dict.fromkeys(
        ("values", "stable", "batch", "own-argument", "differentiable", "dtype"), ("failed",)
    )
    | {"per-row-shift": ("failed", "skipped")},
    most=1,
)
_BUILTIN: Final = _promise(
    "implemented own-argument pure from-scratch", "values stable batch differentiable", most=1
)

PROMISES: Final = {
    "ada/tutorial1b.ipynb": ALL,
    "bruno/tutorial1b.ipynb": ALL,
    "carla.py": ALL,
    "chidi.ipynb": ALL,
    "dana.py": ALL,
    "emil.txt": ALL,
    "farida/tutorial1b.ipynb": _promise(
        " ".join(name for name in CRITERIA if name != "differentiable"),
        "differentiable",
        diagnoses=("breaks-autograd",),
    ),
    "goran.ipynb": ALL,
    "hana/tutorial1b.ipynb": ALL,
    "ivan/tutorial1b.ipynb": _GLOBAL,
    "ivan/tutorial1b.txt": _GLOBAL,
    "jonas/tutorial1b.ipynb": _BUILTIN,
    "jonas/tutorial1b.txt": _BUILTIN,
    "kira.ipynb": _promise(
        "values batch differentiable own-argument pure from-scratch", short="stable"
    ),
    "liam.ipynb": _promise(
        " ".join(name for name in CRITERIA if name != "per-row-shift"), "per-row-shift"
    ),
    "bela.txt": _promise("values batch pure own-argument from-scratch", short="stable"),
    "mei/tutorial1b.ipynb": _promise("values stable pure from-scratch", "batch per-row-shift"),
    "nadia.py": _promise("implemented pure from-scratch", "values stable batch"),
    "olek.ipynb": _promise("values stable pure from-scratch", "batch per-row-shift"),
    "priya.txt": _promise("implemented pure own-argument", "values stable batch"),
    "quinn.ipynb": _promise(" ".join(VALUES), "from-scratch", most=5),
    "rosa/tutorial1b.ipynb": _promise(" ".join((*VALUES, "own-argument", "from-scratch")), "pure"),
    "sami.ipynb": _promise(
        "implemented pure from-scratch", short="values stable batch per-row-shift dtype"
    ),
    "tara/tutorial1b.ipynb": _promise("", "implemented", most=0, diagnoses=("stub",)),
    "ugo.ipynb": _promise("", "implemented", most=0, diagnoses=("missing",)),
    "wim.ipynb": _promise("", "values stable batch", most=0),
    "xenia.ipynb": UNGRADABLE,
    "yann.ipynb": UNGRADABLE,
    "zoe/tutorial1b.ipynb": _promise("", "implemented", most=0, diagnoses=("missing",)),
}


def listed() -> set[str]:
    """The files that the table names."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE))


def broken(report: dict[str, Any], promise: Promise) -> list[str]:
    """What of a promise a report does not keep."""
    found, automatic = statuses(report), report["automatic"]
    wrong = [
        f"{name}: {found.get(name)}, expected {' or '.join(allowed)}"
        for name, allowed in promise.statuses.items()
        if found.get(name) not in allowed
    ]
    named = tuple(one["id"] for one in report["diagnoses"])
    if promise.diagnoses is not None and named != promise.diagnoses:
        wrong.append(f"diagnosed {named}, expected {promise.diagnoses}")
    if automatic["score"] > promise.most:
        wrong.append(f"{automatic['score']} points, expected at most {promise.most}")
    if promise.full and automatic["score"] != automatic["max"]:
        wrong.append(f"{automatic['score']} points of {automatic['max']}, expected all")
    return wrong
