"""Edits of source text: reading a student's functions, and putting patches into them.

What is found here is about tensor code in general; which of it is a bug, an assignment says.
"""

from __future__ import annotations

from grader.editing.code import Code, Function
from grader.editing.reductions import Reduction, reductions
from grader.editing.text import apply, diff

__all__ = ["Code", "Function", "Reduction", "apply", "diff", "reductions"]
