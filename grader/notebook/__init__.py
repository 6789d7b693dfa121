"""A submitted file's bytes -> `core.notebook.Notebook`, whatever the format was."""

from __future__ import annotations

from grader.notebook.read import read

__all__ = ["read"]
