"""Structured input: real notebooks changed as JSON, and real code changed as Python tokens."""

from __future__ import annotations

import io
import json
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from fuzz import odd, seeds

__all__ = ["code", "documents", "json_texts", "notebooks", "submissions", "yaml_texts"]


@dataclass(frozen=True)
class _Pairs:
    """A JSON object that may hold a name twice."""

    items: tuple[tuple[str, Any], ...]


_NAMES: Final = ("cells", "worksheets", "source", "input", "cell_type", "id", "outputs", "nbformat")


@dataclass(frozen=True)
class _Number:
    """A number as it is spelled."""

    text: str


_ODD: Final = st.recursive(
    st.sampled_from(odd.TEXTS)
    | st.sampled_from(odd.NUMBERS).map(_Number)
    | st.sampled_from((None, True, False))
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(st.tuples(st.sampled_from(_NAMES) | st.text(max_size=4), inner), max_size=3).map(
            lambda pairs: _Pairs(tuple(pairs))
        )
    ),
    max_leaves=6,
)
_DEEP: Final = st.sampled_from((50, 400, 3000)).map(
    lambda depth: _Number("[" * depth + "]" * depth)
)


def _parsed(text: str | bytes) -> Any:
    return json.loads(text, object_pairs_hook=lambda pairs: _Pairs(tuple(pairs)))


def _spelled(value: Any) -> Iterator[str]:
    """JSON of it, piece by piece, twice-held names and odd numbers as they are."""
    if isinstance(value, _Number):
        yield value.text
    elif isinstance(value, _Pairs):
        yield "{"
        for at, (name, item) in enumerate(value.items):
            yield f"{',' if at else ''}\n{json.dumps(name)}: "
            yield from _spelled(item)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for at, item in enumerate(value):
            yield ",\n" if at else ""
            yield from _spelled(item)
        yield "]"
    else:
        yield json.dumps(value)


@st.composite
def _changed(draw: st.DrawFn, value: Any) -> Any:
    """One thing of a JSON value replaced, left out, renamed or said twice, at any depth."""
    children = value.items if isinstance(value, _Pairs) else value
    if not isinstance(value, _Pairs | list) or not children or draw(st.integers(0, 9)) == 0:
        return draw(_ODD | _DEEP)
    at = draw(st.integers(0, len(children) - 1))
    act = draw(st.sampled_from(("into", "into", "into", "without", "twice", "name")))
    before, one, after = children[:at], children[at], children[at + 1 :]
    if act == "without":
        made: Any = []
    elif act == "twice":
        made = [one, one]
    elif isinstance(value, _Pairs):
        name = draw(st.sampled_from(_NAMES)) if act == "name" else one[0]
        made = [(name, one[1] if act == "name" else draw(_changed(one[1])))]
    else:
        made = [draw(_changed(one))]
    whole = [*before, *made, *after]
    return _Pairs(tuple(whole)) if isinstance(value, _Pairs) else whole


@st.composite
def json_texts(draw: st.DrawFn, originals: tuple[bytes, ...], most: int = 4) -> bytes:
    """One of the JSON documents with up to `most` changes."""
    value = _parsed(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, most))):
        value = draw(_changed(value))
    return "".join(_spelled(value)).encode("utf-8", "surrogatepass")


def notebooks() -> st.SearchStrategy[bytes]:
    """Shipped notebooks changed as JSON."""
    originals = tuple(data for data in seeds.submissions(".ipynb") if data.startswith(b"{"))
    return json_texts((*_valid(originals), seeds.ipynb()))


def _valid(originals: tuple[bytes, ...]) -> tuple[bytes, ...]:
    found = []
    for data in originals:
        try:
            json.loads(data)
        except ValueError:  # a submission that is cut off on purpose
            continue
        found.append(data)
    return tuple(found)


def _tokens(source: str) -> list[str]:
    """Tokens with the white space before them; what does not tokenize falls into lines."""
    found: list[str] = []
    lines = source.splitlines(keepends=True)
    row, column = 1, 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            gap = _between(lines, (row, column), token.start)
            found.append(gap + token.string)
            row, column = token.end
    except (SyntaxError, tokenize.TokenError, IndexError):
        return lines
    return [token for token in found if token]


def _between(lines: list[str], begin: tuple[int, int], end: tuple[int, int]) -> str:
    (row, column), (last, stop) = begin, end
    if row == last:
        return lines[row - 1][column:stop] if row <= len(lines) else ""
    return "".join([lines[row - 1][column:], *lines[row : last - 1], lines[last - 1][:stop]])


@st.composite
def code(draw: st.DrawFn) -> str:
    """Real code with up to six changes of tokens."""
    tokens = _tokens(draw(st.sampled_from(_REAL)))
    for _ in range(draw(st.integers(0, 6))):
        if not tokens:
            break
        at = draw(st.integers(0, len(tokens) - 1))
        act = draw(st.sampled_from(("without", "twice", "swap", "odd", "odd")))
        other = draw(st.integers(0, len(tokens) - 1))
        if act == "without":
            del tokens[at : at + draw(st.integers(1, 4))]
        elif act == "twice":
            tokens.insert(other, tokens[at])
        elif act == "swap":
            tokens[at], tokens[other] = tokens[other], tokens[at]
        else:
            tokens.insert(at, draw(st.sampled_from(odd.TOKENS)))
    return "".join(tokens)


_REAL: Final = (
    *seeds.CODE,
    "".join(seeds.CODE),
    *(cell for data in _valid(seeds.submissions(".ipynb")) for cell in seeds.cells_of(data)),
    *(
        data.decode("utf-8", "replace")
        for data in (*seeds.submissions(".py"), *seeds.submissions(".txt"))
    ),
)

_AS: Final = {
    ".ipynb": seeds.ipynb,
    ".txt": seeds.export,
    ".py": seeds.percent,
}


@st.composite
def submissions(draw: st.DrawFn) -> tuple[bytes, str]:
    """(bytes, file name) of changed code in cells, as a notebook, an export or a script."""
    suffix = draw(st.sampled_from(sorted(_AS)))
    cells = draw(st.lists(code(), min_size=1, max_size=4))
    if draw(st.booleans()):
        return _AS[suffix](cells), f"work{suffix}"
    return "\n".join(cells).encode("utf-8", "replace"), f"work{suffix}"


@st.composite
def yaml_texts(draw: st.DrawFn, originals: tuple[bytes, ...]) -> bytes:
    """One of the YAML files with values, keys and lines replaced, moved and left out."""
    lines = draw(st.sampled_from(originals)).decode().splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(lines) - 1))
        act = draw(st.sampled_from(("without", "twice", "value", "value", "key")))
        key, colon, value = lines[at].partition(":")
        piece = draw(st.sampled_from(odd.YAML) | st.text(max_size=8))
        if act == "without" and len(lines) > 1:
            del lines[at]
        elif act == "twice":
            lines.insert(draw(st.integers(0, len(lines))), lines[at])
        elif act == "key":
            indent = key[: len(key) - len(key.lstrip(" -"))]
            lines[at] = f"{indent}{piece}{colon}{value}"
        else:
            lines[at] = f"{key}: {piece}\n"
    return "".join(lines).encode("utf-8", "replace")


def documents() -> st.SearchStrategy[Any]:
    """Whatever JSON can say, as Python values."""
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=12,
    )
