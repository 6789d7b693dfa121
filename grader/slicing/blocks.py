"""Compound statements at top level, and what stands in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

__all__ = ["BLOCKS", "LOOPS", "children"]

LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)
BLOCKS: Final = (*LOOPS, ast.If, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match)
"""Compound statements that run where they stand: what they bind, they may bind."""


def children(block: ast.stmt) -> Iterator[ast.stmt]:
    """The statements directly inside a block, in source order; a branch never taken is left out."""
    if isinstance(block, ast.If | ast.While) and isinstance(block.test, ast.Constant):
        yield from block.body if block.test.value else block.orelse
        return
    for name in ("body", "handlers", "cases", "orelse", "finalbody"):
        for part in getattr(block, name, []):
            if isinstance(part, ast.ExceptHandler | ast.match_case):
                yield from part.body
            else:
                yield part
