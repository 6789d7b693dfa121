"""Files in a child that may write none: what is opened for writing goes nowhere instead.

A function that also keeps a log computes no worse for it, and some libraries make a cache folder
when they are imported. Nothing is protected here; that is Landlock's work, and what is refused was
tried first.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import io
import os
import tempfile
from typing import Any, Final

__all__ = ["lose_what_is_written"]

_WRITING: Final = frozenset("wax+")
_open: Final = io.open
_mkdir: Final = os.mkdir


def _open_existing(path: str, flags: int) -> int:
    # seccomp refuses to make or empty even this one
    return os.open(path, flags & ~(os.O_CREAT | os.O_TRUNC | os.O_EXCL))


def lose_what_is_written() -> None:
    """In the zygote, once: `open` for writing and `os.mkdir` pretend when they are refused."""
    tempfile.tempdir = os.environ["TMPDIR"]  # else looked for by writing a file

    @functools.wraps(_open)
    def open_or_lose(file: Any, mode: Any = "r", *rest: Any, **options: Any) -> Any:
        try:
            return _open(file, mode, *rest, **options)
        except OSError:
            told = isinstance(file, int) or options.get("opener") is not None
            if told or not _WRITING.intersection(str(mode)):
                raise
            options["opener"] = _open_existing
            return _open(os.devnull, mode.replace("x", "w"), *rest, **options)

    @functools.wraps(_mkdir)
    def make_or_pretend(*arguments: Any, **options: Any) -> None:
        with contextlib.suppress(PermissionError):
            _mkdir(*arguments, **options)

    os.mkdir = make_or_pretend
    builtins.open = open_or_lose
    io.open = open_or_lose
