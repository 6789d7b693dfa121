"""Ids of submissions: readable, safe as a file name, and never shared."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

__all__ = ["submission_id"]

_SLUG_LENGTH: Final = 60
_HASH_LENGTH: Final = 12


def submission_id(source: str, data: bytes) -> str:
    """Slug of the relative path plus a short hash of path and content.

    The hash covers the path as well, so that two copies of one file keep a report each, and the
    slug is ASCII without dots or separators, so that no path can reach outside the folder.
    """
    plain = unicodedata.normalize("NFKD", source).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.rsplit(".", 1)[0]).strip("-")
    if len(slug) > _SLUG_LENGTH:
        slug = slug[-_SLUG_LENGTH:].strip("-")
    path = source.encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(len(path).to_bytes(8, "big") + path)
    digest.update(data)  # not joined to the path: a file may be large
    return f"{slug or 'submission'}-{digest.hexdigest()[:_HASH_LENGTH]}"
