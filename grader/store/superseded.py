"""`superseded.json`: reports of files that have another content now.

They stay on disk, since a dispute may be about one, and are in no summary and no export.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from grader.core.errors import StorageError
from grader.store import files

__all__ = ["read_superseded", "write_superseded"]


def read_superseded(path: Path) -> dict[str, str]:
    """Id of the report -> source of its file; StorageError where the file is damaged."""
    with files.told("read", path):
        if not path.exists():
            return {}
    document = files.read_json(path)
    known = document.get("reports") if isinstance(document, dict) else None
    if not isinstance(known, dict) or not all(isinstance(one, str) for one in known.values()):
        raise StorageError(f"{path} is damaged; remove it, and grade the class again")
    return known


def write_superseded(path: Path, known: Mapping[str, str]) -> None:
    """Write the file, whole or not at all."""
    files.write(path, files.pretty({"schema_version": "1.0", "reports": dict(known)}), durable=True)
