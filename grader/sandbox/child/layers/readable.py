"""What a child may read: Python, its packages and shared libraries, but nothing of ours.

Rubrics, fixtures and references are part of our package: wherever it is installed, what lies
around it is granted piece by piece.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Readable", "readable"]


@dataclass(frozen=True, slots=True)
class Readable:
    """A file or a whole folder; `names_only`: a folder's listing; `sink`: may be written too."""

    path: Path
    names_only: bool = False
    sink: bool = False


_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_FILES: Final = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
)


def readable(package: Path | None = None) -> tuple[Readable, ...]:
    """Everything a child may open: nothing of `package` (ours), nor of a checkout around it but a
    virtual environment's packages.

    A folder on the way to what is withheld may be listed, as importing needs, but only names are
    read there.
    """
    package = (package or Path(__file__).parents[3]).resolve()
    python = {path.resolve() for path in _python_folders()}
    # In a checkout rubrics and fixtures lie beside the package.
    withheld = package if package.parent in python else package.parent
    wanted = [*python, *(Path(path).resolve() for path in _LIBRARIES), *_mapped_folders()]
    found = [one for path in _outermost(wanted) for one in _around(path, withheld)]
    found += [Readable(Path(path)) for path in _FILES]
    return (*found, Readable(Path(os.devnull), sink=True))


def _python_folders() -> Iterator[Path]:
    for kind in ("stdlib", "platstdlib", "purelib", "platlib"):
        yield Path(sysconfig.get_path(kind))
    yield from map(Path, site.getsitepackages())
    yield Path(sys.base_prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"


def _mapped_folders() -> Iterator[Path]:
    """Folders of the shared libraries in use, wherever a distribution puts them."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        path = line.partition("/")[2]
        if ".so" in path:
            yield Path(f"/{path}").parent.resolve()


def _outermost(paths: Sequence[Path]) -> Iterator[Path]:
    known = {path for path in paths if path != Path("/")}
    for path in sorted(known):
        if known.isdisjoint(path.parents) and path.is_dir():
            yield path


def _around(path: Path, withheld: Path) -> Iterator[Readable]:
    if path == withheld:
        return
    if path not in withheld.parents:
        yield Readable(path)
        return
    yield Readable(path, names_only=True)
    for part in sorted(path.iterdir()):
        yield from _around(part.resolve(), withheld)
