"""One output folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from grader.core.decision import Entry
from grader.core.errors import StorageError, UsageError
from grader.core.handin import Identities
from grader.core.record import Graded, Record
from grader.core.report import Report
from grader.deciding.book import due_of
from grader.deciding.decide import Decided, decided
from grader.store import files, ledger, records
from grader.store.identities import merged, read_identities, without, write_identities
from grader.store.ledger import read_ledger
from grader.store.rows import Row, brief_row, finite, row_of, scores_csv, summary_bytes
from grader.store.run import RunInfo, check, digest_of, read_run, write_run
from grader.store.superseded import read_superseded, write_superseded

__all__ = ["Store"]

_LOCK: Final = ".lock"
_STAGED: Final = ".staged"
_IDENTITIES: Final = "identities.json"
_LEDGER: Final = "ledger.jsonl"
_SUPERSEDED: Final = "superseded.json"
_FOLDERS: Final = ("reports", "observations", "observations/index")


@dataclass(slots=True)
class Store:
    """The folder DIR of a run.

        run.json        what the reports were made with
        reports/        one report a submission
        observations/   what ran and what came back: `rejudge` needs nothing else
        summary.json    the rows of all reports
        scores.csv      the same for a spreadsheet
        superseded.json reports of files that have another content now
        identities.json (mode 0600) names, e-mail addresses, ids of other systems
        ledger.jsonl    (mode 0600) what people decided

    Reports and records that are not as they were written count as damaged: they are told of, or
    left out and so graded again, and never believed. A Store is cheap and holds nothing: a worker
    makes its own for the same folder. `fixtures` is the digest of all fixtures, a part of the key
    of observations. Every method raises StorageError where the disk does.
    """

    folder: Path
    fixtures: str = ""
    _lock: int | None = field(default=None, repr=False)

    @property
    def run(self) -> RunInfo | None:
        """The facts of `run.json`, None where the folder is new."""
        return read_run(self.folder / "run.json")

    def begin(self, info: RunInfo) -> RunInfo | None:
        """Take the folder for a run; returns the facts of the run before, None if it is new.

        UsageError where the folder holds other things, was graded with another rubric, seed or
        target, or another grader is writing to it.
        """
        if self.run is None and not self._is_new():
            raise UsageError(
                f"{self.folder} is not empty and no folder of grader's; name another with --out"
            )
        files.make_folder(self.folder)
        self._take_lock()
        try:
            # Only now: another grader may have begun, or ended, a moment ago.
            earlier = self.run
            if earlier is not None:
                check(self.folder, earlier, info)
            self.prepare()
            self.write_info(info.merged(earlier))
        except BaseException:
            self.close()
            raise
        return earlier

    def prepare(self) -> None:
        """Create the folders, take the lock, and remove what a killed run left half-written."""
        files.make_folder(self.folder)
        self._take_lock()
        for name in (_STAGED, *_FOLDERS):
            if (self.folder / name).is_symlink():
                raise StorageError(
                    f"{self.folder / name} is a symbolic link; nothing is written behind one"
                )
        for name in _FOLDERS:
            files.make_folder(self.folder / name)
        files.clear(self._staged, "*")
        self._clear_partial()
        known = self.run
        self.fixtures = self.fixtures or (digest_of(known.fixtures) if known else "")

    def close(self) -> None:
        """Let go of the lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def write_info(self, info: RunInfo) -> None:
        """Write `run.json`."""
        write_run(self.folder / "run.json", info)
        self.fixtures = digest_of(info.fixtures)

    def save(self, graded: Graded) -> Row:
        """Store a report and its record; returns the row for the summary.

        The record takes its place first, with the digest of the report: a report is on disk only
        if it can be judged again, and an older one beside a new record is seen not to be of it.
        """
        data = _to_bytes(graded.report)
        with files.pending(self._report_path(graded.report.submission.id), data):
            told = records.digest(data)
            records.write_record(self._observations, graded.record, self.fixtures, told)
        return row_of(graded.report)

    @property
    def superseded(self) -> dict[str, str]:
        """Ids of reports that are kept and count no more, with the sources of their files."""
        return read_superseded(self.folder / _SUPERSEDED)

    def supersede(self, rows: Mapping[str, Row], current: Mapping[str, str]) -> dict[str, Row]:
        """The rows without those of an earlier content; `current` is the id of every source now.

        What comes back to an earlier content counts again. Take the lock first.
        """
        before = self.superseded
        known = {name: source for name, source in before.items() if current.get(source) != name}
        for name, row in rows.items():
            if current.get(row.source, name) != name:
                known[name] = row.source
        if known != before:
            write_superseded(self.folder / _SUPERSEDED, known)
        return {name: row for name, row in rows.items() if name not in known}

    @property
    def identities(self) -> Identities:
        """Who handed in what; nobody where that was never told."""
        return read_identities(self.folder / _IDENTITIES)

    def identify(self, found: Identities) -> None:
        """Keep what a run was told about students, beside what earlier ones were."""
        both = merged(self.identities, found)
        write_identities(self.folder / _IDENTITIES, both)

    @property
    def ledger(self) -> tuple[Entry, ...]:
        """Every decision, whether it is in force or not."""
        return read_ledger(self.folder / _LEDGER)

    def decide(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """Add decisions to the ledger; `refresh` makes them show. Take the lock first."""
        return ledger.append(self.folder / _LEDGER, entries)

    def repair_ledger(self) -> bytes:
        """Cut off a last line of the ledger that a power cut left begun; returns it."""
        return ledger.repair(self.folder / _LEDGER)

    def decider(self) -> Callable[[Report], Decided]:
        """What applies decisions and identities, as they are now, to any report of this folder.

        `rejudge` puts its reports through it before it compares and stages them.
        """
        by_id: dict[str, list[Entry]] = {}
        for entry in self.ledger:
            by_id.setdefault(entry.submission, []).append(entry)
        identities = self.identities
        handins = {handin.submission: handin for handin in identities.handins}

        def decide(report: Report) -> Decided:
            handin = handins.get(report.submission.id)
            own = by_id.get(report.submission.id, ())
            return decided(report, own, handin, due_of(identities, handin))

        return decide

    def decided(self) -> Iterator[Decided]:
        """Every stored report with the decisions about it, in order of the ids."""
        return map(self.decider(), self.reports())

    def refresh(self, rows: Mapping[str, Row] | None = None) -> dict[str, Row]:
        """Write decisions, students and attempts into the reports; returns the rows of all.

        Only what changes is written, and a damaged report stays as it is. Reports that are made
        anew (`save`, `publish`) know nothing of decisions before this is called. `rows` are those
        of the reports as they are now, where they are known. Take the lock first, and `finish` with
        the rows.
        """
        changes: dict[str, Row] = {}
        if any((self.folder / name).exists() for name in (_LEDGER, _IDENTITIES)):
            decide = self.decider()
            for identifier in self.ids():
                try:
                    known = self.report(identifier)
                except StorageError:  # told of by whoever asks for it
                    continue
                changed = decide(known).report
                if changed != known:
                    self.stage(changed)
                    changes[identifier] = row_of(changed)
            self.publish()
        known_rows = dict(rows) if rows is not None else self.rows()
        known_rows.update((name, row) for name, row in changes.items() if name in known_rows)
        return known_rows

    def forget(self, students: Collection[str], submissions: Collection[str], by: str) -> int:
        """Remove students, and submissions with all that was kept of them.

        Returns how many lines of the ledger went. Take the lock first. Who was forgotten is known
        until the end, so that calling it again ends what a killed one began.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds")
        submissions = self._with_superseded(submissions)
        removed = ledger.forget(self.folder / _LEDGER, submissions, by=by, at=at)
        records.forget(self._observations, submissions)
        with files.told("remove reports from", self.folder):
            for identifier in submissions:
                self._report_path(identifier).unlink(missing_ok=True)
        known = self.identities
        if known.students or known.handins:
            kept = without(known, students)
            left = tuple(one for one in kept.handins if one.submission not in submissions)
            write_identities(self.folder / _IDENTITIES, kept.model_copy(update={"handins": left}))
        before = self.superseded
        after = {name: source for name, source in before.items() if name not in submissions}
        if after != before:
            write_superseded(self.folder / _SUPERSEDED, after)
        self.finish(self.refresh().values())
        return removed

    def _with_superseded(self, submissions: Collection[str]) -> set[str]:
        """Those, and earlier contents of the same files."""
        known, sources = self.superseded, set()
        for identifier in submissions:
            with contextlib.suppress(StorageError):
                sources.add(self.report(identifier).submission.source)
        return {*submissions, *(name for name, source in known.items() if source in sources)}

    def stage(self, report: Report) -> None:
        """Put a new report of a known submission aside until `publish`."""
        files.make_folder(self._staged)
        files.write(self._staged / f"{report.submission.id}.json", _to_bytes(report))

    def publish(self) -> None:
        """Move all staged reports to their places."""
        with files.told("replace the reports of", self.folder):
            for path in sorted(self._staged.glob("*.json")):
                told = records.digest(files.read(path))
                records.set_report(self._observations, path.stem, told)
                path.replace(self._report_path(path.stem))
            if self._staged.is_dir():
                self._staged.rmdir()

    def reports(self) -> Iterator[Report]:
        """Every stored report, in order of the ids."""
        for identifier in self.ids():
            yield self.report(identifier)

    def report(self, identifier: str) -> Report:
        """One report; StorageError where there is none or it is damaged."""
        return self._report(identifier, records.report_digest(self._observations, identifier))

    def _report(self, identifier: str, known: str) -> Report:
        """The report whose digest is `known`; empty where none was kept."""
        path = self._report_path(identifier)
        data = files.read(path)
        try:
            report = Report.model_validate_json(data)
        except ValidationError as error:
            first = error.errors()[0]["msg"]
            raise StorageError(f"{path} is damaged: {first}; grade it again") from error
        if report.submission.id != identifier:
            raise StorageError(f"{path} is of another submission; grade its own again")
        if not finite(row_of(report)):
            raise StorageError(f"{path} is damaged: a mark in it is no number; grade it again")
        if known and known != records.digest(data):
            raise StorageError(f"{path} is damaged: it is not as it was written; grade it again")
        return report

    def ids(self) -> tuple[str, ...]:
        """Ids of the stored reports that count, sorted."""
        found = (self.folder / "reports").glob("*.json")
        names = (one.stem for one in found if not one.name.startswith(files.TEMPORARY))
        return tuple(sorted({*names}.difference(self.superseded)))

    def rows(self) -> dict[str, Row]:
        """The rows of the stored reports by id.

        One that is damaged, or whose observations are, is left out, to be graded again.
        """
        rows = {}
        for identifier in self.ids():
            with contextlib.suppress(StorageError):
                rows[identifier] = self._row(identifier)
        return rows

    def _row(self, identifier: str) -> Row:
        known = records.checked_digest(self._observations, identifier)
        data = files.read(self._report_path(identifier)) if known else b""
        if not known or known != records.digest(data):
            return row_of(self._report(identifier, known))
        # as it was written, and so a report: the few parts that a row has are all that is read
        return brief_row(data)

    def records(self) -> Iterator[Record]:
        """Every stored record, in order of the ids."""
        for identifier in self.record_ids():
            yield self.record(identifier)

    def record(self, identifier: str) -> Record:
        """One record; StorageError where there is none or it is damaged."""
        return records.read_record(self._observations, identifier)

    def record_ids(self) -> tuple[str, ...]:
        """Ids of the stored records whose reports count, sorted."""
        gone = self.superseded
        return tuple(one for one in records.identifiers(self._observations) if one not in gone)

    def finish(self, rows: Iterable[Row]) -> None:
        """Write `summary.json` and `scores.csv`, and remove what killed workers left."""
        known = tuple(rows)
        self._clear_partial()
        files.write(self.folder / "summary.json", summary_bytes(known), durable=True)
        table = scores_csv(known).encode("utf-8", "backslashreplace")
        files.write(self.folder / "scores.csv", table, durable=True)

    @property
    def _staged(self) -> Path:
        return self.folder / _STAGED

    @property
    def _observations(self) -> Path:
        return self.folder / "observations"

    def _is_new(self) -> bool:
        """Whether nothing was ever kept here.

        A run that was killed, or found the disk full, before it wrote `run.json` leaves folders.
        """
        ours = {_LOCK, _STAGED, *_FOLDERS}
        with files.told("read", self.folder):
            if not self.folder.is_dir():
                return True
            names = {path.name for path in self.folder.iterdir()}
        left = {name for name in names - ours if not name.startswith(files.TEMPORARY)}
        return not left and not self.ids() and not self.record_ids()

    def _clear_partial(self) -> None:
        for folder in (self.folder, *(self.folder / name for name in _FOLDERS)):
            files.clear(folder)

    def _report_path(self, identifier: str) -> Path:
        return self.folder / "reports" / f"{identifier}.json"

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        try:
            self._lock = files.open_lock(self.folder / _LOCK)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise UsageError(f"another grader is writing to {self.folder}; wait for it") from error
        except OSError as error:
            self.close()
            raise StorageError(f"cannot lock {self.folder}: {error.strerror}") from error


def _to_bytes(report: Report) -> bytes:
    # The order of the model, not of the alphabet: as fixed, and a person reads the mark first.
    return (report.model_dump_json(indent=2) + "\n").encode()
