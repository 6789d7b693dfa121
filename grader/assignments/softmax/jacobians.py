"""Jacobians of functions that treat every row on its own, in the shapes students give them."""

from __future__ import annotations

import numpy as np

from grader.core.tensor import Float64

__all__ = ["diagonals", "forms", "jacobians"]


def jacobians(probs: Float64) -> Float64:
    """`diag(p) - p p^T` of every row: (B, N, N) from (B, N)."""
    p = probs.reshape(-1, probs.shape[-1])
    return diagonals(p) - p[:, :, None] * p[:, None, :]


def diagonals(rows: Float64) -> Float64:
    """A diagonal matrix for every row: (B, N, N) from (B, N)."""
    return np.asarray(rows[:, :, None] * np.eye(rows.shape[-1]))


def forms(blocks: Float64, between: Float64 | None = None) -> tuple[Float64, ...]:
    """Blocks of shape (B, N, N), as they are and in every other shape that holds the same.

    These are (B, N, B, N) and (B N, B N), with `between` for each row of the batch (else zeros)
    outside of the blocks, and flat; for a single row, where the first two are the block itself,
    flat alone.
    """
    count, size, _ = blocks.shape
    if count == 1:
        return blocks, blocks.reshape(-1)
    outside = np.zeros(count) if between is None else between
    whole = np.array(np.broadcast_to(outside[:, None, None, None], (count, size, count, size)))
    at = np.arange(count)
    whole[at, :, at, :] = blocks
    return blocks, whole, whole.reshape(count * size, count * size), blocks.reshape(-1)
