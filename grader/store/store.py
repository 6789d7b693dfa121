"""One output folder."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from grader.core.errors import StorageError, UsageError
from grader.core.record import Graded, Record
from grader.core.report import Report
from grader.store import files, records
from grader.store.rows import Row, row_of, scores_csv, summary_of
from grader.store.run import RunInfo, check, digest_of, read_run, write_run

__all__ = ["Store"]


@dataclass(slots=True)
class Store:
    """The folder DIR of a run.

        run.json        what the reports were made with
        reports/        one report a submission
        observations/   what ran and what came back: `rejudge` needs nothing else
        summary.json    the rows of all reports
        scores.csv      the same for a spreadsheet
        identities.json (mode 0600) is the place for names; nothing writes it yet

    A Store is cheap and holds nothing: a worker makes its own for the same folder. `fixtures` is
    the digest of all fixtures, a part of the key of observations. Every method raises
    StorageError where the disk does.
    """

    folder: Path
    fixtures: str = ""
    _lock: IO[bytes] | None = field(default=None, repr=False)

    @property
    def run(self) -> RunInfo | None:
        """The facts of `run.json`, None where the folder is new."""
        return read_run(self.folder / "run.json")

    def begin(self, info: RunInfo) -> RunInfo | None:
        """Take the folder for a run; returns the facts of the run before, None if it is new.

        UsageError where the folder holds other things, was graded with another rubric, seed or
        target, or another grader is writing to it.
        """
        earlier = self.run
        if earlier is not None:
            check(self.folder, earlier, info)
        elif self.folder.is_dir() and any(self.folder.iterdir()):
            raise UsageError(
                f"{self.folder} is not empty and no folder of grader's; name another with --out"
            )
        self.prepare()
        self.write_info(info.merged(earlier))
        return earlier

    def prepare(self) -> None:
        """Create the folders, take the lock, and remove what a killed run left half-written."""
        files.make_folder(self.folder)
        self._take_lock()
        self._clear(self._staged)
        index = self.folder / "observations" / "index"
        for folder in (self.folder / "reports", self.folder / "observations", index):
            files.make_folder(folder)
            self._clear(folder, f"{files.TEMPORARY}*")
        known = self.run
        self.fixtures = self.fixtures or (digest_of(known.fixtures) if known else "")

    def close(self) -> None:
        """Let go of the lock."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def write_info(self, info: RunInfo) -> None:
        """Write `run.json`."""
        write_run(self.folder / "run.json", info)
        self.fixtures = digest_of(info.fixtures)

    def save(self, graded: Graded) -> Row:
        """Store a report and its record; returns the row for the summary.

        The record goes first: a report is on disk only if it can be judged again.
        """
        records.write_record(self.folder / "observations", graded.record, self.fixtures)
        return self.save_report(graded.report)

    def save_report(self, report: Report) -> Row:
        """Store a report alone."""
        files.write(self._report_path(report.submission.id), _to_bytes(report))
        return row_of(report)

    def stage(self, report: Report) -> None:
        """Put a new report of a known submission aside until `publish`."""
        files.make_folder(self._staged)
        files.write(self._staged / f"{report.submission.id}.json", _to_bytes(report))

    def publish(self) -> None:
        """Move all staged reports to their places."""
        with files.told("replace the reports of", self.folder):
            for path in sorted(self._staged.glob("*.json")):
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
        try:
            return Report.model_validate_json(files.read(path))
        except ValidationError as error:
            first = error.errors()[0]["msg"]
            raise StorageError(f"{path} is damaged: {first}; grade it again") from error

    def ids(self) -> tuple[str, ...]:
        """Ids of the stored reports, sorted."""
        found = (self.folder / "reports").glob("*.json")
        return tuple(sorted(one.stem for one in found if not one.name.startswith(files.TEMPORARY)))

    def rows(self) -> dict[str, Row]:
        """The rows of the stored reports by id; damaged ones are left out, to be graded again."""
        rows = {}
        for identifier in self.ids():
            with contextlib.suppress(StorageError):
                rows[identifier] = row_of(self.report(identifier))
        return rows

    def records(self) -> Iterator[Record]:
        """Every stored record, in order of the ids."""
        for identifier in self.record_ids():
            yield self.record(identifier)

    def record(self, identifier: str) -> Record:
        """One record; StorageError where there is none or it is damaged."""
        return records.read_record(self.folder / "observations", identifier)

    def record_ids(self) -> tuple[str, ...]:
        """Ids of the stored records, sorted."""
        return tuple(records.identifiers(self.folder / "observations"))

    def finish(self, rows: Iterable[Row]) -> None:
        """Write `summary.json` and `scores.csv`."""
        known = tuple(rows)
        files.write(self.folder / "summary.json", files.pretty(summary_of(known)))
        table = scores_csv(known).encode("utf-8", "backslashreplace")
        files.write(self.folder / "scores.csv", table)

    @property
    def _staged(self) -> Path:
        return self.folder / ".staged"

    @staticmethod
    def _clear(folder: Path, names: str = "*") -> None:
        with contextlib.suppress(OSError):
            for path in folder.glob(names):
                path.unlink()

    def _report_path(self, identifier: str) -> Path:
        return self.folder / "reports" / f"{identifier}.json"

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        try:
            self._lock = (self.folder / ".lock").open("ab")
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
