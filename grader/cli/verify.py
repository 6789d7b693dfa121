"""`grader rubric verify`: references and mutants graded, and whether their marks are right."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.table import Table
from rich.text import Text

from grader.batch.find import Found
from grader.batch.plan import ExamSpec, IsolationMode, Plan, load_exam
from grader.batch.run import Postponed, default_jobs, grade_all
from grader.cli.notices import check_isolation
from grader.cli.screen import Screen, progress, screen
from grader.core.record import Exam, Graded
from grader.judging.plan import criteria_of, roles
from grader.rubric.killing import Killing, Tried, kill
from grader.rubric.mutants import Base, Mutant, Mutants, load_mutants
from grader.rubric.verify import Verification, load_references, verify
from grader.store import Store

__all__ = ["run"]

_FAILS: Final = 2
_WORDS: Final = {
    "passed": "survived",
    "partial": "killed in part",
    "failed": "killed",
    "skipped": "skipped",
    "not_applicable": "not applicable",
    "error": "not judged",
}


def run(
    reference: str,
    isolation: IsolationMode,
    *,
    mutants: bool,
    jobs: int | None,
    pairs: bool = True,
) -> int:
    """Grade what the rubric's assignment knows the mark of; 2 where a mark is not as it must be."""
    spec = ExamSpec(reference)
    exam = load_exam(spec)
    known = load_references(exam.assignment.folder / "references")
    wrong = load_mutants(exam) if mutants else None
    if wrong is not None and not pairs:
        alone = tuple(each for each in wrong.mutants if not each.singles)
        wrong = replace(wrong, mutants=alone, whole=False)
    check_isolation(isolation)
    with tempfile.TemporaryDirectory(prefix="grader-verify-") as made:
        found = {each.file: Found(each.file, each.path) for each in known}
        found |= _written(wrong, Path(made) / "mutants")
        folder = Path(made) / "graded"
        plan = Plan(spec, isolation=isolation, folder=folder)
        jobs = min(jobs or default_jobs(len(found)), len(found))
        graded = _graded(tuple(found.values()), plan, exam, jobs, Store(folder))
    result = verify(known, lambda each: graded[each.file].report)
    out = screen()
    if mutants and wrong is None:
        out.line(f"no mutants: there is no mutants.yaml in {exam.assignment.folder}")
    _print_references(out, result)
    if wrong is None:
        return 0 if result.holds else _FAILS
    reports = [graded[each.file].report for each in known]
    killing = kill(exam, wrong, reports, lambda each: graded[_file(each.name)])
    _print_mutants(out, exam, wrong, killing)
    return 0 if result.holds and killing.holds else _FAILS


def _file(name: str) -> str:
    return f"mutants/{name}.py"


def _written(mutants: Mutants | None, folder: Path) -> dict[str, Found]:
    """Every base and mutant as a file, by its source."""
    found = {}
    programs: tuple[Base | Mutant, ...] = (*mutants.bases, *mutants.mutants) if mutants else ()
    for each in programs:
        source = _file(each.name)
        path = folder / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(each.program, encoding="utf-8")
        found[source] = Found(source, path)
    return found


def _graded(
    found: Sequence[Found], plan: Plan, exam: Exam, jobs: int, store: Store
) -> dict[str, Graded]:
    """By source; what a limit stopped is graded again alone, as in any batch."""
    store.prepare()
    graded = {}
    try:
        stream = grade_all(found, plan, exam, jobs)
        with progress(len(found)) as advance, closing(stream):
            for row in stream:
                if isinstance(row, Postponed):
                    continue
                graded[row.source] = Graded(store.report(row.id), store.record(row.id))
                advance()
    finally:
        store.close()
    return graded


def _print_references(out: Screen, result: Verification) -> None:
    for outcome in result.outcomes:
        sign = "holds" if outcome.holds else "FAILS"
        out.line(f"{sign}  {outcome.score:5g} of {outcome.max:g}  {outcome.reference.file}")
        for miss in outcome.misses:
            out.line(f"       {miss}")
    wrong = sum(not outcome.holds for outcome in result.outcomes)
    out.line(f"{len(result.outcomes)} references, {wrong or 'none'} not as expected")


def _print_mutants(out: Screen, exam: Exam, mutants: Mutants, killing: Killing) -> None:
    for role in roles(exam):
        here = [each for each in killing.tried if each.mutant.role == role]
        if here:
            out.line()
            out.table(_table(out, here, role, binding=mutants.binding))
            _print_criteria(out, [each.id for each in criteria_of(exam, role)], here)
    out.line()
    if killing.dropped:
        pairs = ", ".join(f"{name} ({same})" for name, same in killing.dropped.items())
        out.line(f"{len(killing.dropped)} pairs do what one program does alone: {pairs}")
    if not mutants.binding:
        out.line("they are meant for another rubric: expected marks and criteria are not compared")
    for line in killing.wrong:
        out.line(f"FAILS  {line}")
    tried = killing.tried
    pairs_ = sum(bool(each.mutant.singles) for each in tried)
    right = sum(each.named_right for each in tried)
    survivors = sum(each.survives for each in tried)
    out.line(
        f"{len(tried) - pairs_} mutants and {pairs_} pairs, {survivors or 'none'} survived; "
        f"{right} of {len(tried)} named as they are; {len(killing.wrong) or 'nothing'} to mend"
    )


def _table(out: Screen, tried: Sequence[Tried], role: str, *, binding: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"mutants, {role}", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("expected", no_wrap=True)
    table.add_column("criteria", no_wrap=True)
    table.add_column("named as", overflow="fold")
    for each in tried:
        low, high = each.mutant.marks
        signs = Text()
        for status in each.statuses.values():
            signs.append_text(out.sign(status))
        table.add_row(
            Text(each.mutant.name.partition("/")[2]),
            Text(f"{each.mark:g}", style="" if low <= each.mark <= high else "red"),
            Text(f"{low:g}-{high:g}" if binding else ""),
            signs,
            Text(_named(each), style="" if each.named_right else "yellow"),
        )
    return table


def _named(tried: Tried) -> str:
    """What the report names; and what is true of the mutant, where that is something else."""
    named = ", ".join(tried.named) or "nothing"
    return named if tried.named_right else f"{named} (is {', '.join(tried.mutant.bugs)})"


def _print_criteria(out: Screen, names: Iterable[str], tried: Sequence[Tried]) -> None:
    kills = {name: sum(name in each.killers for each in tried) for name in names}
    seen = {status for each in tried for status in each.statuses.values()}
    legend = [
        Text.assemble(out.sign(status), f" {word}")
        for status, word in _WORDS.items()
        if status in seen
    ]
    out.line(Text("  ").join(legend))
    order = ", ".join(f"{name} {count}" for name, count in kills.items())
    for line in textwrap.wrap(f"in order, with how many each kills: {order}", out.console.width):
        out.line(line)
