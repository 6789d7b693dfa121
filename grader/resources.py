"""Where shipped data lies: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

__all__ = ["shipped"]


def shipped(kind: str) -> Path:
    """The folder of shipped `rubrics` or `fixtures`."""
    package = Path(__file__).resolve().parent
    inside = package / "_shipped" / kind
    return inside if inside.is_dir() else package.parent / kind
