"""What files are called: archives by their names alone, so that a usage error costs no import."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

__all__ = ["is_archive"]

_ARCHIVES: Final = re.compile(r"\.(?:zip|tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz))$", re.IGNORECASE)


def is_archive(path: Path) -> bool:
    """Whether a file is called as ZIP and tar archives are."""
    return _ARCHIVES.search(path.name) is not None
