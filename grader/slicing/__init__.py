"""Cells in, slice out: the definition that fills a target and the statements it needs to run."""

from __future__ import annotations

from grader.slicing.candidates import candidates, nothing
from grader.slicing.cut import cut
from grader.slicing.prose import prose

__all__ = ["candidates", "cut", "nothing", "prose"]
