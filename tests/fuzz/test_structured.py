"""Real files changed at random hold to what every fuzz target asks."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from fuzz import seeds
from fuzz.holds import one_line, reads
from fuzz.strategies import documents, json_texts, notebooks, submissions, yaml_texts
from fuzz.targets import answers, fixtures, frames, rubric, stored
from fuzz.targets import settings as settings_target
from grader.core.text import inline
from grader.sandbox import wire

BRIEFLY = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

_NAMES = (
    *("outcome", "returned", "flows", "custom", "changed", "ops", "fault", "form", "faults"),
    *("type", "message", "filename", "line", "missing_name", "seconds", "layers"),
)
_WORDS = st.sampled_from(("ok", "raised", "not_run", "killed", "\x1b[2J", "\u202e", "\ud800"))
_TOLD: st.SearchStrategy[Any] = st.recursive(
    documents() | _WORDS | st.integers(-(2**70), 2**70),
    lambda inner: (
        st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6)
        | st.lists(st.tuples(st.integers(-2, 3) | st.booleans(), inner).map(list), max_size=3)
    ),
    max_leaves=20,
)
_HEADERS = st.dictionaries(st.sampled_from(_NAMES), _TOLD, max_size=8).flatmap(
    lambda told: _WORDS.map(lambda outcome: {**told, "outcome": outcome})
)
_SIZES = st.lists(st.integers(0, 3) | st.sampled_from([2**31, 2**61, 2**63, -1]), max_size=9)


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    """A tensor block: a right one, or a table that says what it likes."""
    if draw(st.booleans()):
        return save({"value": np.ones(draw(st.tuples(st.integers(0, 3), st.integers(0, 3))), "f4")})
    names = st.sampled_from(("value", "gradient", "\x1b", "__metadata__"))
    kinds = st.sampled_from((*wire.OUR_NAMES, "U8", "F8_E4M3", "C64", "F4", ""))
    ends = st.lists(st.integers(-1, 20), min_size=2, max_size=2)
    facts = st.fixed_dictionaries({"dtype": kinds, "shape": _SIZES, "data_offsets": ends})
    table = json.dumps(draw(st.dictionaries(names, facts, max_size=2))).encode()
    return len(table).to_bytes(8, "little") + table + draw(st.binary(max_size=20))


@BRIEFLY
@given(notebooks())
def test_notebooks_changed_as_json(data: bytes) -> None:
    reads(data, "work.ipynb")


@BRIEFLY
@given(submissions())
def test_submissions_changed_as_tokens(one: tuple[bytes, str]) -> None:
    reads(*one)


@BRIEFLY
@given(st.binary(max_size=300), st.sampled_from((".ipynb", ".py", ".txt", "", ".\x1b")))
def test_any_bytes_under_any_name(data: bytes, suffix: str) -> None:
    reads(data, f"work{suffix}")


@BRIEFLY
@given(yaml_texts(seeds.yaml_files("rubrics")))
def test_rubrics_changed_as_lines(data: bytes) -> None:
    rubric.check(data)


@BRIEFLY
@given(yaml_texts(seeds.yaml_files("fixtures")))
def test_fixtures_changed_as_lines(data: bytes) -> None:
    fixtures.check(data)


@settings(BRIEFLY, max_examples=30)
@given(_HEADERS, blocks(), st.binary(max_size=40))
def test_whatever_a_child_answers(told: dict[str, Any], block: bytes, printed: bytes) -> None:
    frame = wire.pack(wire.ANSWER, told, block)
    answers.check(bytes([len(printed)]) + printed + frame)


@settings(BRIEFLY, max_examples=30)
@given(_HEADERS, blocks(), st.binary(min_size=wire.HEAD.size, max_size=wire.HEAD.size))
def test_whatever_a_frame_holds(told: dict[str, Any], block: bytes, head: bytes) -> None:
    header = json.dumps(told).encode()[:255]
    frames.check(head + bytes([len(header)]) + header + block)


@BRIEFLY
@given(st.sampled_from(stored.seeds()[:3]).flatmap(lambda seed: _damaged(seed[:1], seed[1:])))
def test_stored_documents_changed_as_json(data: bytes) -> None:
    stored.check(data)


def _damaged(which: bytes, right: bytes) -> st.SearchStrategy[bytes]:
    return json_texts((right,)).map(lambda text: which + text)


@BRIEFLY
@given(blocks() | st.binary(max_size=100), st.integers(0, 2**16))
def test_stored_observations_changed_as_bytes(block: bytes, at: int) -> None:
    right = stored.seeds()[3]
    place = at % len(right)
    stored.check(right[:1] + block)
    stored.check(right[: 1 + place] + block[:1] + right[2 + place :])


_TOML = (b"[", b"]", b"{", b"}", b'"', b"=", b"\\u001b", b"#", b",", b".", b"\n", b"out", b"rubric")


@settings(BRIEFLY, max_examples=100)
@given(st.lists(st.sampled_from(_TOML), max_size=12))
def test_whatever_the_settings_say(parts: list[bytes]) -> None:
    settings_target.check(b"".join(parts))


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=60))
def test_text_made_inline_is_one_plain_line(text: str) -> None:
    one_line(inline(text))
    assert inline(inline(text)) == inline(text)
