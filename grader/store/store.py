"""One output folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from grader.core.errors import StorageError, UsageError
from grader.core.record import Graded, Record
from grader.core.report import Report
from grader.store import files, records
from grader.store.rows import Row, finite, row_of, scores_csv, summary_of
from grader.store.run import RunInfo, check, digest_of, read_run, write_run

__all__ = ["Store"]

_LOCK: Final = ".lock"
_STAGED: Final = ".staged"
_FOLDERS: Final = ("reports", "observations", "observations/index")


@dataclass(slots=True)
class Store:
    """The folder DIR of a run.

        run.json        what the reports were made with
        reports/        one report a submission
        observations/   what ran and what came back: `rejudge` needs nothing else
        summary.json    the rows of all reports
        scores.csv      the same for a spreadsheet
        identities.json (mode 0600) is the place for names; nothing writes it yet

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
        known = records.report_digest(self._observations, identifier)
        if known and known != records.digest(data):
            raise StorageError(f"{path} is damaged: it is not as it was written; grade it again")
        return report

    def ids(self) -> tuple[str, ...]:
        """Ids of the stored reports, sorted."""
        found = (self.folder / "reports").glob("*.json")
        return tuple(sorted(one.stem for one in found if not one.name.startswith(files.TEMPORARY)))

    def rows(self) -> dict[str, Row]:
        """The rows of the stored reports by id.

        One that is damaged, or whose observations are, is left out, to be graded again.
        """
        rows = {}
        for identifier in self.ids():
            with contextlib.suppress(StorageError):
                records.check_observations(self._observations, identifier)
                rows[identifier] = row_of(self.report(identifier))
        return rows

    def records(self) -> Iterator[Record]:
        """Every stored record, in order of the ids."""
        for identifier in self.record_ids():
            yield self.record(identifier)

    def record(self, identifier: str) -> Record:
        """One record; StorageError where there is none or it is damaged."""
        return records.read_record(self._observations, identifier)

    def record_ids(self) -> tuple[str, ...]:
        """Ids of the stored records, sorted."""
        return tuple(records.identifiers(self._observations))

    def finish(self, rows: Iterable[Row]) -> None:
        """Write `summary.json` and `scores.csv`, and remove what killed workers left."""
        known = tuple(rows)
        self._clear_partial()
        files.write(self.folder / "summary.json", files.pretty(summary_of(known)), durable=True)
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
