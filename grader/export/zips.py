"""Zip files: the same for the same content, and no name leaves the folder it is unpacked in."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping
from typing import Final

from grader.core.errors import UsageError
from grader.core.text import inline

__all__ = ["packed", "safe_part"]

_LONGEST: Final = 240
"""Bytes of a part of a name: what file systems take, with room for what unpacking adds."""

_WHEN: Final = (1980, 1, 1, 0, 0, 0)


def safe_part(name: str) -> bool:
    """Whether a text can be the name of a file or folder anywhere."""
    return (
        name == name.strip()
        and name not in ("", ".", "..")
        and not set(name) & set('/\\:*?"<>|')
        and not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in name)
        and len(name.encode("utf-8", "surrogatepass")) <= _LONGEST
    )


def packed(files: Mapping[str, bytes], runs: Iterable[str] = ()) -> bytes:
    """The zip of the files, in order of their names; those of `runs` can be executed.

    UsageError where a name would leave the folder it is unpacked in, or two become one there.
    """
    executable = frozenset(runs)
    names = sorted(files)
    bad = [name for name in names if not all(map(safe_part, name.split("/")))]
    if bad:
        raise UsageError(f"not a name for a zip file: `{inline(bad[0])}`")
    if len({unicodedata.normalize("NFC", name).casefold() for name in names}) != len(names):
        raise UsageError("two names of a zip file differ in case or accents only")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # permissions are kept, and the file is the same everywhere
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, files[name])
    return out.getvalue()
