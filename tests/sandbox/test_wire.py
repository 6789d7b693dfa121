"""Frames: what is packed is read back, and nothing else gets through."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from grader.sandbox import wire


@given(
    kind=st.sampled_from([wire.SETUP, wire.READY, wire.CALL, wire.ANSWER]),
    header=st.dictionaries(
        st.text(), st.one_of(st.integers(1 - 2**63, 2**63 - 1), st.text(), st.none())
    ),
    block=st.binary(max_size=200),
)
def test_a_frame_is_read_back_as_it_was_packed(
    kind: int, header: dict[str, object], block: bytes
) -> None:
    frame = wire.pack(kind, header, block)
    found, header_bytes, block_bytes = wire.head(frame[: wire.HEAD.size], most=1000)
    start = wire.HEAD.size
    assert found == kind
    assert wire.unpack_header(frame[start : start + header_bytes]) == header
    assert frame[start + header_bytes :] == block
    assert len(block) == block_bytes


@given(data=st.binary(min_size=wire.HEAD.size, max_size=wire.HEAD.size))
def test_no_thirteen_bytes_ask_for_more_than_the_cap(data: bytes) -> None:
    try:
        _, header, block = wire.head(data, most=5000)
    except wire.WireError:
        return
    assert header <= wire.HEADER_BYTES
    assert block <= 5000


@given(data=st.binary(max_size=300))
def test_any_bytes_as_header_or_block_are_read_or_refused(data: bytes) -> None:
    for reader in (wire.unpack_header, wire.unpack_tensors):
        try:
            found = reader(data)
        except wire.WireError:
            continue
        assert isinstance(found, dict)


@pytest.mark.parametrize("text", [b"[]", b"3", b"nul", b"[" * 100_000])
def test_a_header_must_be_an_object(text: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.unpack_header(text)


def test_tensors_keep_dtype_shape_and_bytes() -> None:
    block = save({"value": np.arange(6, dtype=np.float32).reshape(2, 3)})
    ((dtype, shape, data),) = wire.unpack_tensors(block).values()
    assert (dtype, shape) == ("float32", (2, 3))
    assert np.frombuffer(data, "<f4").tolist() == [0, 1, 2, 3, 4, 5]


def test_a_dtype_outside_the_list_is_refused() -> None:
    with pytest.raises(wire.WireError, match="dtype"):
        wire.unpack_tensors(save({"value": np.zeros(2, dtype=np.uint64)}))


def test_nine_dimensions_are_refused() -> None:
    with pytest.raises(wire.WireError, match="9 dims"):
        wire.unpack_tensors(save({"value": np.zeros((1,) * 9, dtype=np.float32)}))


def test_a_block_that_lies_about_its_size_is_refused() -> None:
    table = json.dumps({"v": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 8]}}).encode()
    with pytest.raises(wire.WireError, match="broken"):
        wire.unpack_tensors(len(table).to_bytes(8, "little") + table + b"\0" * 8)
