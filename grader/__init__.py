"""Grade numerical-code notebooks: right verdicts, named bugs, confined code."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
