"""Descriptors: a child has its standard streams and the conversation, and nothing else."""

from __future__ import annotations

import os
from typing import Final

__all__ = ["arrange"]

TALK: Final = 20
KEPT: Final = 21


def arrange(conversation: int, stdout: int, stderr: int, keep: int | None) -> tuple[int, int]:
    """Move the child's descriptors to their places and close all others. Raises OSError.

    `keep` is one that is needed until the child is confined. Returns where the conversation and
    `keep` are now.
    """
    talk = os.dup2(conversation, TALK, inheritable=False)
    kept = -1 if keep is None else os.dup2(keep, KEPT, inheritable=False)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (stdout, 1), (stderr, 2)):
        os.dup2(source, target)
    os.closerange(3, TALK)
    os.closerange(TALK + 1 if keep is None else KEPT + 1, 2**16)
    return talk, kept
