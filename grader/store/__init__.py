"""The output folder: reports, summary, scores and observations, written whole or not at all."""

from __future__ import annotations

from grader.store.names import submission_id
from grader.store.rows import Row, row_of
from grader.store.run import RunInfo, digest_of
from grader.store.store import Store

__all__ = ["Row", "RunInfo", "Store", "digest_of", "row_of", "submission_id"]
