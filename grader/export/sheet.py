"""CSV as it comes and goes: a receiver's file, read and filled in."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from grader.core.errors import UsageError
from grader.core.text import inline

__all__ = ["Sheet", "read_sheet"]

_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file somebody else wrote: its rows, and how it was written.

    `ended` tells whether the last line has an end.
    """

    rows: tuple[tuple[str, ...], ...]
    delimiter: str
    newline: str
    marked: bool
    ended: bool = True

    def filled(self, changes: Iterable[tuple[int, int, str]]) -> Sheet:
        """With other texts at (row, column); shorter rows are filled up with blanks."""
        rows = [list(row) for row in self.rows]
        for at, column, text in changes:
            row = rows[at]
            row.extend("" for _ in range(column + 1 - len(row)))
            row[column] = text
        return replace(self, rows=tuple(map(tuple, rows)))

    def data(self) -> bytes:
        """The file: every cell as it was read, since it goes back to the system that wrote it."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator=self.newline)
        for row in self.rows:
            if row:
                writer.writerow(row)
            else:
                out.write(self.newline)
        text = out.getvalue()
        if not self.ended:
            text = text.removesuffix(self.newline)
        return (_BOM if self.marked else b"") + text.encode()


def read_sheet(
    data: bytes, what: str, delimiters: str, known: Callable[[Sequence[str]], bool]
) -> Sheet:
    """The file, parted by the first delimiter that gives a header which is `known`.

    UsageError where it is no CSV file in UTF-8 with such a header; `what` names the file.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is not UTF-8: give the file as it was downloaded") from error
    newline = "\r\n" if "\r\n" in text else "\n"
    for delimiter in delimiters:
        try:
            rows = tuple(
                tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            )
        except csv.Error as error:
            raise UsageError(f"{what} is not a CSV file: {inline(str(error))}") from error
        if rows and known(rows[0]):
            ended = text.endswith(("\n", "\r"))
            return Sheet(rows, delimiter, newline, data.startswith(_BOM), ended)
    raise UsageError(f"{what} does not have the header that was expected: give it as downloaded")
