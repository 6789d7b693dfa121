"""The submissions in a ZIP or tar archive, read where they lie: nothing is unpacked to disk.

An archive is made by a stranger as much as what is in it. Sizes are counted while it is unpacked,
names are never used as paths, and links are not followed.
"""

from __future__ import annotations

import bz2
import io
import lzma
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from grader.batch.contents import kind_of
from grader.core.errors import Ungradable
from grader.core.text import plain
from grader.notebook.read import LARGEST

__all__ = ["Broken", "Member", "member_bytes", "members"]

MOST_MEMBERS: Final = 20_000
MOST_UNPACKED: Final = 4 << 30
"""Bytes of all members: thousands of notebooks with their pictures."""

MOST_RATIO: Final = 200
RATIO_FROM: Final = 256 << 20
"""Bytes from which an archive that unpacks to more than `MOST_RATIO` times its size is a bomb."""

_PIECE: Final = 1 << 18
_AT_ONCE: Final = 8 << 20  # what a list of members may take
_LONGEST_HEADER: Final = 1 << 20
_DIGITS: Final = re.compile(rb"\d{200}")  # tarfile looks through them in quadratic time
_XZ_MEMORY: Final = 256 << 20
_LONGEST_NAME: Final = 1_000
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_ENCRYPTED: Final = 0x1
_PLAIN_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
_FAULTS: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    RecursionError,
    IndexError,
    KeyError,
)
"""What the readers of the standard library raise on hostile bytes. OSError: bz2, and seeks."""


class Broken(Exception):
    """The archive cannot be read as a whole; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive.

    place   its number, which is what it is read by: names may be there twice
    name    `/` between its parts, none of them empty, `.` or `..`
    unsafe  why its name cannot be used, empty where it can; then `name` is as it stands there
    """

    place: int
    name: str
    unsafe: str = ""


def members(path: Path) -> tuple[Member, ...]:
    """All members of an archive but its folders. `Broken` where it cannot be read to its end."""
    return _opened(path).members()


def member_bytes(path: Path, place: int) -> bytes:
    """The bytes of one member; quick where places are asked for in rising order.

    Ungradable where it is no ordinary file, is encrypted or damaged, or is larger than `LARGEST`.
    """
    try:
        return _opened(path).read(place)
    except Broken as error:
        raise Ungradable(str(error)) from None


class _Archive(Protocol):
    def members(self) -> tuple[Member, ...]: ...

    def read(self, place: int) -> bytes: ...


def _opened(path: Path) -> _Archive:
    try:
        found = path.lstat()
    except OSError as error:
        raise Broken(f"the archive cannot be read: {error.strerror}") from None
    return _kept_open(path, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(maxsize=2)
def _kept_open(path: Path, _: tuple[int, ...]) -> _Archive:
    """An archive of six hundred members is not opened six hundred times."""
    return _Zip(path) if path.name.lower().endswith(".zip") else _Tar(path)


class _File(io.FileIO):
    """An archive's file; it refuses what would be read into memory at one go, and closes itself."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
        try:
            super().__init__(os.open(path, flags), "rb")
        except OSError as error:
            raise Broken(f"the archive cannot be read: {error.strerror}") from None
        what = kind_of(os.fstat(self.fileno()).st_mode)
        if what:
            raise Broken(f"the archive is {what}")
        self.size = os.fstat(self.fileno()).st_size

    def __del__(self) -> None:
        self.close()

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self.size - self.tell() if size is None or size < 0 else size
        if wanted > _AT_ONCE:
            raise Broken("the archive's list of members is too long")
        return super().read(wanted) or b""


class _Zip:
    """A ZIP archive: any member can be had at any time."""

    def __init__(self, path: Path) -> None:
        self._file = _File(path)
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._infos = self._zip.infolist()
        except _FAULTS as error:
            raise _damaged("ZIP", error) from None
        _refuse_many(len(self._infos))
        packed = sum(info.compress_size for info in self._infos)
        if packed > self._file.size:
            raise Broken("the archive's members overlap, as in a ZIP bomb")
        _refuse_bomb(sum(info.file_size for info in self._infos), self._file.size)

    def members(self) -> tuple[Member, ...]:
        return tuple(
            _member(place, info.orig_filename)
            for place, info in enumerate(self._infos)
            if not info.filename.endswith("/")  # `is_dir` raises for a name that is empty
        )

    def read(self, place: int) -> bytes:
        info = self._infos[place]
        what = kind_of(info.external_attr >> 16)
        if what:
            raise Ungradable(f"the archive has {what} here: an ordinary file has to be handed in")
        if info.flag_bits & _ENCRYPTED:
            raise Ungradable("the file is encrypted in its archive")
        if info.compress_type not in _PLAIN_METHODS:
            raise Ungradable("the file is packed in a way that is not read: pack it again")
        try:
            with self._zip.open(info) as packed:
                return _all_of(packed.read, info.file_size)
        except _FAULTS as error:
            raise Ungradable(f"the file is damaged in its archive ({_told(error)})") from None


class _Tar:
    """A tar archive, packed or not: it can be gone over from front to back only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rewind()

    def _rewind(self) -> None:
        self._stream = _Stream(_File(self._path), self._path.name.lower())
        self._tar: tarfile.TarFile | None = None
        self._next = 0

    def members(self) -> tuple[Member, ...]:
        found: list[Member] = []
        self._rewind()
        while (info := self._step()) is not None:
            _refuse_many(self._next)
            if not info.isdir():
                found.append(_member(self._next - 1, info.name))
        try:
            self._stream.refuse_leftovers()
        except _FAULTS as error:
            raise _damaged("tar", error) from None
        return tuple(found)

    def read(self, place: int) -> bytes:
        if place < self._next:
            self._rewind()
        info: tarfile.TarInfo | None = None
        while self._next <= place:
            info = self._step()
            if info is None:
                raise Ungradable("the archive has changed since it was listed")
        if info is None or not info.isreg() or info.issparse():
            raise Ungradable("the archive has no ordinary file here, but a link or a device")
        try:
            self._stream.seek(info.offset_data)
            return _all_of(self._stream.take, info.size)
        except _FAULTS as error:
            raise Ungradable(f"the file is damaged in its archive ({_told(error)})") from None

    def _step(self) -> tarfile.TarInfo | None:
        try:
            if self._tar is None:
                stream: Any = self._stream
                self._tar = tarfile.TarFile(fileobj=stream, errors="surrogateescape")
            info = self._tar.next()
            # tarfile keeps every header it has seen, and this goes over them once
            self._tar.members.clear()  # type: ignore[attr-defined]  # typeshed leaves it out
        except _FAULTS as error:
            raise _damaged("tar", error) from None
        self._next += 1
        return info


class _Stream:
    """What a tar archive unpacks to, as a file that can only be gone over forwards."""

    def __init__(self, file: _File, name: str) -> None:
        self._pieces = _unpacked(file, name)
        self._size = file.size
        self._have = b""
        self._start = 0
        self._at = 0
        self._last = b""

    def tell(self) -> int:
        return self._at

    def seek(self, to: int) -> int:
        if to < self._at:
            raise Broken("the archive refers back to what came before")
        while self._at < to:
            self.take(min(to - self._at, _PIECE))
            if not self._last:
                break
        return self._at

    def read(self, size: int) -> bytes:
        """What tarfile takes for a header."""
        if size > _LONGEST_HEADER:
            raise Broken("the archive holds a header that is too long")
        header = self.take(size)
        if _DIGITS.search(header):
            raise Broken("the archive holds a header that is no header")
        return header

    def take(self, size: int) -> bytes:
        """Up to `size` bytes, fewer only at the end."""
        parts: list[bytes] = []
        missing = size
        while missing > 0:
            if self._start >= len(self._have):
                self._have, self._start = next(self._pieces, b""), 0
                if not self._have:
                    break
            part = self._have[self._start : self._start + missing]
            self._start += len(part)
            missing -= len(part)
            parts.append(part)
        self._last = b"".join(parts)
        self._at += len(self._last)
        _refuse_bomb(self._at, self._size)
        return self._last

    def refuse_leftovers(self) -> None:
        """`Broken` where the list of members ended though the archive goes on."""
        rest = self._last
        while rest:
            if rest.strip(b"\0"):
                raise Broken("the archive is damaged: get it again")
            rest = self.take(_PIECE)


class _Decoder(Protocol):
    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _unpacked(file: _File, name: str) -> Iterator[bytes]:
    """The bytes of a tar file, in pieces of a bounded size."""
    if name.endswith(".tar"):
        while piece := file.read(_PIECE):
            yield piece
        return
    make: Callable[[], Any] = lambda: zlib.decompressobj(wbits=31)  # noqa: E731 - one of three
    if name.endswith(("bz2", "tbz")):
        make = bz2.BZ2Decompressor
    elif name.endswith("xz"):
        make = lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY)  # noqa: E731
    pending = file.read(_PIECE)
    while pending.strip(b"\0"):
        decoder: _Decoder = make()
        yield from _one_stream(decoder, file, pending)
        pending = decoder.unused_data or file.read(_PIECE)


def _one_stream(decoder: _Decoder, file: _File, pending: bytes) -> Iterator[bytes]:
    while True:
        piece = decoder.decompress(pending, _PIECE)
        if piece:
            yield piece
        if decoder.eof:
            return
        # zlib hands back what it has not looked at, the others keep it
        kept = getattr(decoder, "unconsumed_tail", b"")
        hungry = getattr(decoder, "needs_input", not kept)
        pending = kept or (file.read(_PIECE) if hungry else b"")
        if not piece and not pending:
            raise EOFError("it is cut off")


def _all_of(read: Callable[[int], bytes], size: int) -> bytes:
    """Exactly `size` bytes, in pieces."""
    if size > LARGEST:
        raise Ungradable(f"the file is larger than {LARGEST >> 20} MB")
    parts: list[bytes] = []
    left = size
    while left > 0:
        piece = read(min(left, _PIECE))
        if not piece:
            raise EOFError("it is cut off")
        parts.append(piece)
        left -= len(piece)
    return b"".join(parts)


def _member(place: int, name: str) -> Member:
    """A member, its name checked: it shall mean a place below the archive to whoever reads it."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    unsafe = ""
    if name.startswith("/") or _DRIVE.match(name):
        unsafe = "its name is an absolute path"
    elif ".." in parts:
        unsafe = "its name leads out of the archive"
    elif "\\" in name or "\0" in name:
        unsafe = "its name has a backslash or a zero byte"
    elif len(name) > _LONGEST_NAME:
        unsafe = "its name is too long"
    elif not parts:
        unsafe = "it has no name"
    return Member(place, name[:_LONGEST_NAME] if unsafe else "/".join(parts), unsafe)


def _refuse_many(count: int) -> None:
    if count > MOST_MEMBERS:
        raise Broken(f"the archive has more than {MOST_MEMBERS} members")


def _refuse_bomb(unpacked: int, packed: int) -> None:
    if unpacked > MOST_UNPACKED:
        raise Broken(f"the archive unpacks to more than {MOST_UNPACKED >> 30} GB")
    if unpacked > RATIO_FROM and unpacked > MOST_RATIO * packed:
        raise Broken("the archive unpacks to far more than notebooks do, as a bomb would")


def _damaged(what: str, error: BaseException) -> Broken:
    return Broken(f"the file is no readable {what} archive ({_told(error)}): get it again")


def _told(error: BaseException) -> str:
    return plain(" ".join(str(error).split())[:100]) or type(error).__name__
