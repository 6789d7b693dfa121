"""Whether two programs did the same on every fixture, but for rounding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from grader.core.observation import Exchange, Observation
from grader.core.record import Record, role_of
from grader.core.tensor import EPS, RawTensor

__all__ = ["did_the_same"]

_ULPS: Final = 16
"""Two orders of the same few operations end this far from each other, relative to the larger."""


def did_the_same(one: Record, other: Record, role: str) -> bool:
    """Whether every call that both were asked came to the same: result, exception and gradient.

    Results are the same within rounding; a NaN is one like any other.
    """
    first, second = (_of_role(record, role) for record in (one, other))
    if first.keys() != second.keys():
        return False
    return all(_same_exchanges(first[key], second[key]) for key in first)


def _of_role(record: Record, role: str) -> dict[str, Mapping[str, Exchange]]:
    return {key: named for key, named in record.exchanges.items() if role_of(key) == role}


def _same_exchanges(one: Mapping[str, Exchange], other: Mapping[str, Exchange]) -> bool:
    return all(_same_calls(one[name], other[name]) for name in one.keys() & other.keys())


def _same_calls(one: Exchange, other: Exchange) -> bool:
    first, second = one.run.calls, other.run.calls
    return all(_same(first[key], second[key]) for key in first.keys() & second.keys())


def _same(one: Observation, other: Observation) -> bool:
    told = [
        (each.outcome, each.returned, each.flows, each.changed, each.fault and each.fault.type)
        for each in (one, other)
    ]
    return (
        told[0] == told[1]
        and _close(one.value, other.value)
        and _close(one.gradient, other.gradient)
    )


def _close(one: RawTensor | None, other: RawTensor | None) -> bool:
    if one is None or other is None:
        return one is other
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    eps = EPS.get(one.dtype, 0.0)
    first, second = one.numbers(), other.numbers()
    # differences of near numbers end that far from each other beside the largest
    largest = np.max(np.abs(first), initial=0.0, where=np.isfinite(first))
    return bool(np.allclose(first, second, rtol=_ULPS * eps, atol=eps * largest, equal_nan=True))
