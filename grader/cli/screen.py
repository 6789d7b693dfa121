"""The terminal: what goes where, signs, and progress.

Text of submissions is made plain and never parsed for markup: only `rich.text.Text` is printed.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.core.text import plain, unheard

__all__ = ["SIGNS", "Screen", "progress", "screen"]

SIGNS: Final = {
    "passed": ("✓", "+", "green"),
    "partial": ("~", "~", "yellow"),
    "failed": ("✗", "x", "red"),
    "pending": ("?", "?", "cyan"),
    "skipped": ("-", "-", "dim"),
    "not_applicable": ("·", ".", "dim"),
    "error": ("!", "!", "magenta"),
}
"""Status -> its sign, the sign in ASCII, its style."""

_QUIET_SECONDS: Final = 10.0
_PIPE_WIDTH: Final = 200


class Screen:
    """Standard output; `unicode` tells whether it can show the signs."""

    def __init__(self, stream: TextIO) -> None:
        width = None if stream.isatty() else _PIPE_WIDTH
        self.console = Console(
            file=stream, width=width, markup=False, highlight=False, emoji=False, soft_wrap=True
        )
        self.unicode = _shows(stream, "✓✗·")

    def sign(self, status: str) -> Text:
        """The sign of a status, coloured."""
        rich, ascii_only, style = SIGNS[status]
        return Text(rich if self.unicode else ascii_only, style=style)

    def line(self, *parts: str | Text) -> None:
        """Print one line; strings are made plain first."""
        whole = Text()
        for part in parts:
            whole.append_text(part if isinstance(part, Text) else Text(plain(part)))
        if (harmless := unheard(whole.plain)) != whole.plain:
            whole = Text(harmless)
        self.console.print(whole, soft_wrap=True)

    def table(self, table: Table) -> None:
        """Print a table, without the blanks that fill its last column."""
        with self.console.capture() as captured:
            self.console.print(table)
        self.plain_lines(captured.get().splitlines())

    def plain_lines(self, lines: Iterable[str]) -> None:
        """Print lines that are plain already, without the blanks at their ends."""
        self.console.file.write("".join(f"{unheard(line.rstrip())}\n" for line in lines))


def screen() -> Screen:
    """Standard output as it is now."""
    return Screen(sys.stdout)


@contextlib.contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """Progress on standard error: a bar on a terminal, else a line every ten seconds."""
    if not sys.stderr.isatty():
        yield _rare_lines(total)
        return
    from grader.cli.bar import bar

    with bar(total) as advance:
        yield advance


def _rare_lines(total: int) -> Callable[[], None]:
    began = told = time.monotonic()
    done = 0

    def advance() -> None:
        nonlocal done, told
        done += 1
        now = time.monotonic()
        if now - told >= _QUIET_SECONDS and done < total:
            told = now
            left = (now - began) / done * (total - done)
            sys.stderr.write(f"graded {done} of {total}, about {left:.0f} s left\n")
            sys.stderr.flush()

    return advance


def _shows(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
