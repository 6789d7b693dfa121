"""`grader compare`: whose mark changed between two output folders, and why."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from grader.cli.screen import screen
from grader.core.errors import UsageError
from grader.core.text import inline
from grader.deciding.compare import Comparison, Side, compare
from grader.store import Store

__all__ = ["run"]


def run(old: Path, new: Path, *, as_json: bool) -> int:
    """Compare; returns the exit status: 1 where any mark changed."""
    found = compare(_side(old), _side(new))
    if as_json:
        sys.stdout.write(json.dumps(asdict(found), indent=2) + "\n")
    else:
        _print(found)
    return 1 if found.changes or found.only_old or found.only_new else 0


def _side(folder: Path) -> Side:
    store = Store(folder)
    facts = store.run
    if facts is None:
        raise UsageError(f"{folder} is no output folder of grader's: it has no run.json")
    told = {
        "rubric": f"{facts.rubric_id} {facts.rubric_version} ({facts.rubric_sha256[:12]})",
        "seed": str(facts.seed),
        "decisions": str(len(store.ledger)),
        **facts.versions,
    }
    return Side(tuple(one.report for one in store.decided()), told, facts.fixtures)


def _print(found: Comparison) -> None:
    out = screen()
    for line in found.facts:
        out.line(Text(f"differs: {inline(line)}", style="dim"))
    for change in found.changes:
        marks = " -> ".join(
            "none" if one is None else f"{one:g}" for one in (change.old, change.new)
        )
        between = "\n    " if out.console.is_terminal else "; "
        why = between.join(map(inline, change.why)) or "nothing that the reports tell"
        out.line(f"{inline(change.source)}: {marks}{between}{why}")
    for what, names in (("only in the old", found.only_old), ("only in the new", found.only_new)):
        for name in names:
            out.line(f"{what}: {inline(name)}")
    if found.close:
        out.line(f"close to the tolerance, worth a look: {inline(', '.join(found.close))}")
    out.line(f"{len(found.changes)} marks changed, {found.same} are as they were")
