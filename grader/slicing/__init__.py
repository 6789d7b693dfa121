"""Cells in, slice out: the definition that fills a target and the statements it needs to run."""

from __future__ import annotations

from grader.slicing.cut import cut

__all__ = ["cut"]
