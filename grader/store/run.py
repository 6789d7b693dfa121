"""`run.json`: what the reports of a folder were made with, and what may be added to it."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from grader.core.errors import StorageError, UsageError
from grader.core.text import inline
from grader.store import files

__all__ = ["RunInfo", "check", "digest_of", "read_run", "write_run"]


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a folder's reports were made with.

    inputs     paths as they were given, of every run into this folder
    reference  the rubric as it was given: a shipped name or a path
    fixtures   name -> digest of every fixture
    targets    names that replace the assignment's, by role (`--target`)
    versions   of grader, torch, numpy and Python
    """

    inputs: tuple[str, ...]
    reference: str
    rubric_id: str
    rubric_version: str
    rubric_sha256: str
    seed: int
    fixtures: Mapping[str, str]
    isolation: str
    targets: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def merged(self, earlier: RunInfo | None) -> RunInfo:
        """The facts with the inputs of an earlier run into the same folder."""
        if earlier is None:
            return self
        return replace(self, inputs=tuple(sorted({*self.inputs, *earlier.inputs})))


def digest_of(fixtures: Mapping[str, str]) -> str:
    """sha256 over names and digests of all fixtures, whatever their order."""
    return hashlib.sha256(json.dumps(dict(fixtures), sort_keys=True).encode()).hexdigest()


def read_run(path: Path) -> RunInfo | None:
    """The stored facts; None where there is no `run.json`."""
    with files.told("read", path):
        if not path.exists():
            return None
    document = files.read_json(path)
    try:
        rubric = document["rubric"]
        return RunInfo(
            inputs=_texts(document["inputs"]),
            reference=_text(rubric["reference"]),
            rubric_id=_text(rubric["id"]),
            rubric_version=_text(rubric["version"]),
            rubric_sha256=_text(rubric["sha256"]),
            seed=_whole(document["seed"]),
            fixtures=_named(document["fixtures"]),
            isolation=_text(document["isolation"]),
            targets=_named(document["targets"]),
            versions=_named(document["versions"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        said = inline(str(error))[:200]
        raise StorageError(f"{path} is damaged, no `grader` run wrote it: {said}") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    return value


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"expected an integer, found {type(value).__name__}")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, found {type(value).__name__}")
    return tuple(map(_text, value))


def _named(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError(f"expected a mapping, found {type(value).__name__}")
    return {str(name): _text(one) for name, one in value.items()}


def write_run(path: Path, info: RunInfo) -> None:
    """Write `run.json`; it holds no clock reading."""
    told: dict[str, Any] = asdict(info)
    told["rubric"] = {
        "reference": told.pop("reference"),
        "id": told.pop("rubric_id"),
        "version": told.pop("rubric_version"),
        "sha256": told.pop("rubric_sha256"),
    }
    files.write(path, files.pretty({"schema_version": "1.0", **told}), durable=True)


def check(folder: Path, earlier: RunInfo, now: RunInfo) -> None:
    """Refuse to mix reports that cannot be compared; UsageError names the command to use."""
    names = "".join(f" --target {role}={name}" for role, name in sorted(now.targets.items()))
    again = f"grader grade {shlex.join(now.inputs)} --rubric {shlex.quote(now.reference)}{names}"
    other = f"{again} --seed {now.seed} --out {shlex.quote(f'{folder}-2')}"
    if earlier.seed != now.seed or dict(earlier.fixtures) != dict(now.fixtures):
        what = "seed" if earlier.seed != now.seed else "set of fixtures"
        raise UsageError(f"{folder} was graded with another {what}; use another folder: {other}")
    if earlier.rubric_sha256 != now.rubric_sha256:
        rejudge = f"grader rejudge {shlex.quote(str(folder))} --rubric {shlex.quote(now.reference)}"
        raise UsageError(
            f"{folder} was graded with another rubric "
            f"({earlier.rubric_id} {earlier.rubric_version}, "
            f"sha256 {earlier.rubric_sha256[:12]}); judge what is there by the new one first: "
            f"{rejudge} - or use another folder: {other}"
        )
    if dict(earlier.targets) != dict(now.targets):
        raise UsageError(
            f"{folder} was graded with other --target names; use another folder: {other}"
        )
