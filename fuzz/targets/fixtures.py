"""Fixture files, expanded and judged by the mathematics of every shipped assignment."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fuzz.holds import must, scratch, sentence
from fuzz.seeds import yaml_files
from grader import fixtures
from grader.assignments import load, names
from grader.core.errors import RubricError

__all__ = ["check", "seeds"]

_FOLDER: Final = scratch()
_TASKS: Final = tuple(load(name, Path()).tasks[0] for name in names())
_MOST: Final = 1_000_000


def seeds() -> tuple[bytes, ...]:
    """The shipped ones, and every key of an array at once."""
    odd = b"""\
- name: odd
  says: everything at once
  kind: separated
  dtype: bfloat16
  scored: false
  inputs:
    x: {shape: [2, 0, 3], spread: [-1, 1.5], grid: 2, offset: [1, -1e3], repeated: true,
        set: [{row: 0, column: 1, value: -.inf}], layout: expanded}
  upstream: {shape: [2, 3], classes: 3}
- {name: two, says: two, inputs: {x: {literal: [[1, 2.5], [.inf, 0]], layout: transposed}}}
"""
    return (*yaml_files("fixtures"), odd)


def check(data: bytes) -> None:
    """Only `RubricError` comes out; what is loaded is small, finite in its bounds, and the same."""
    (_FOLDER / "group.yaml").write_bytes(data)
    for task in _TASKS:
        try:
            found = fixtures.load(_FOLDER, task)
        except RubricError as error:
            must(error.findings, "refused without a word")
            for line in error.findings:
                sentence(line)
            continue
        for one in found:
            must(one.name.startswith("group/"), "outside its group")
            must(one.truth.bound.shape == one.truth.expected.shape, "a bound of another shape")
            for argument in one.arguments:
                must(argument.tensor.numbers().size <= _MOST, "too many numbers")
        again = fixtures.load(_FOLDER, task)
        must([one.digest for one in found] == [one.digest for one in again], "expands anew")
