from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.pages.picture import Picture, picture_of, svg

NUMBERS = st.floats(-1e30, 1e30)


def test_a_row_that_is_off_in_several_places_is_drawn() -> None:
    assert picture_of("g/x", (2,), [1, 1], [0.25, 0.75]) == Picture(
        "g/x", (2,), (1.0, 1.0), (0.25, 0.75)
    )


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ([1.0], [0.5]),
        ([0.1] * 13, [0.2] * 13),
        ([0.5, 0.5], [0.5, 0.25, 0.25]),
        ([float("nan"), 1], [0.5, 0.5]),
        ([float("inf"), 1], [0.5, 0.5]),
        ([0.5, 0.3, 0.2], [0.5, 0.3, 0.6]),  # one entry: the number says it
        ([0.5, 0.501], [0.501, 0.5]),  # nobody would see it
        ([1e9, 1e9], [0.5, 0.5]),  # the other bars would have no height
        ([0.0, 0.0], [0.0, 0.0]),
        ([0.0, 0.0], [0.5, 0.5]),
    ],
)
def test_what_a_picture_does_not_say_better_is_not_drawn(
    got: list[float], expected: list[float]
) -> None:
    assert picture_of("g/x", (), got, expected) is None


def test_bars_stand_on_zero_and_are_as_high_as_their_numbers() -> None:
    drawn = ElementTree.fromstring(svg(Picture("g/x", (), (1.0, -1.0), (0.5, 0.25))))  # noqa: S314 - made here
    bars = [one for one in drawn if one.tag == "rect"]
    line = next(one for one in drawn if one.tag == "line")
    assert [one.get("class") for one in bars] == ["should", "came"] * 2
    heights = [float(one.get("height", "")) for one in bars]
    assert heights == [24.0, 48.0, 12.0, 48.0]
    zero = float(line.get("y1", ""))
    tops = [float(one.get("y", "")) for one in bars]
    assert [top + height for top, height in zip(tops, heights, strict=True)][:3] == [zero] * 3
    assert tops[3] == zero  # a negative one hangs below
    assert drawn.get("aria-label") == "expected 0.5, 0.25; got 1, -1"


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=12))
def test_every_picture_lies_within_its_frame(rows: list[tuple[float, float]]) -> None:
    made = picture_of("g/x", (), [one for one, _ in rows], [two for _, two in rows])
    if made is None:
        return
    text = svg(made)
    drawn = ElementTree.fromstring(text)  # noqa: S314 - made here
    wide, high = (float(drawn.get(name, "")) for name in ("width", "height"))
    for bar in (one for one in drawn if one.tag == "rect"):
        x, y, width, height = (float(bar.get(name, "")) for name in ("x", "y", "width", "height"))
        assert 0 <= x < x + width <= wide
        assert 0 <= y <= y + height <= high + 0.02
    assert re.fullmatch(r"[^<>]*", drawn.get("aria-label", ""))
