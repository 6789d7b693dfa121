from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from grader.core import plaindata
from grader.core.errors import RubricError
from grader.core.plaindata import Place, read

LETTERS: Final = "ab:-[]{}&*!#'\"\n ,?|>%@<~.0123xe_+"


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def _value(folder: Path, text: str) -> object:
    return read(_file(folder, text)).value


def _slowly(text: str) -> Callable[[], Any]:
    return YAML(typ="safe", pure=True).parse(text).__next__  # type: ignore[no-any-return]  # untyped


@contextmanager
def _without_c() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plaindata, "_next_event", _slowly)
        yield


@pytest.fixture(params=["C", "Python"], autouse=True)
def parser(request: pytest.FixtureRequest) -> Iterator[str]:
    """Everything holds for either parser."""
    if request.param == "C":
        yield request.param
        return
    with _without_c():
        yield request.param


def test_the_parser_in_c_is_there() -> None:
    """What makes `rubric lint` quick; without it nothing else would tell."""
    assert find_spec("_ruamel_yaml")


def test_plain_data_comes_back_with_its_places(tmp_path: Path) -> None:
    found = read(_file(tmp_path, "\ufeffa: [1, -2.5, 1e3, .inf]\nb: {c: true, d: null, e: 'x'}\n"))
    assert found.value == {
        "a": [1, -2.5, 1000.0, math.inf],
        "b": {"c": True, "d": None, "e": "x"},
    }
    assert found.place(("a", 1)) == Place(1, 8)
    assert found.place(("b", "c"), key=True) == Place(2, 5)
    assert found.place(("b", "nothing here", "c")) == found.place(("b", "c"))
    assert found.finding(("a",), "odd", key=True) == f"{found.path}:1:1: odd"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("y", "y"),
        ("2024-01-31", "2024-01-31"),
        ("12:30:45", "12:30:45"),
        ("True", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("~", None),
        ("NULL", None),
        ("{a: }", {"a": None}),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b101", 5),
        ("1_000", 1000),
        ("+5", 5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        ("-.INF", -math.inf),
        ("1e", "1e"),
        ("0x", "0x"),
        (".", "."),
        ("-", [None]),
        ("_1", "_1"),
        ("inf", "inf"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("|\n  1\n", "1\n"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
        ("!!seq [1]", [1]),
        ("{yes: 1, '<<': 2, \"1\": 3}", {"yes": 1, "<<": 2, "1": 3}),
        ("é: 𝒳", {"é": "𝒳"}),
    ],
)
def test_scalars_are_those_of_yaml_1_2(tmp_path: Path, text: str, value: object) -> None:
    found = _value(tmp_path, text)
    assert found == value
    assert type(found) is type(value)


def test_an_older_version_is_not_believed(tmp_path: Path) -> None:
    with suppress(RubricError):
        assert _value(tmp_path, "%YAML 1.1\n---\na: yes\n") == {"a": "yes"}


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("a: 1\na: 2", "2:1", "each key once"),
        ("a: 1\n'a': 2", "2:1", "each key once"),
        ("a: .nan", "1:4", "expected a number"),
        ("a: &x 1\nb: *x", "1:4", "anchors"),
        ("a: &x [b]\n", "1:4", "anchors"),
        ("a: &x {b: 1}\n", "1:4", "anchors"),
        ("a: *x\n", "1:4", "anchors"),
        ("<<: {a: 1}", "1:1", "merge keys"),
        ("a: !!python/object x", "1:4", "tag"),
        ("a: !!python/object:os.system [x]", "1:4", "tag"),
        ("a: !!set {x}", "1:4", "tag"),
        ("a: !!binary aGk=", "1:4", "tag"),
        ("a: !mine 1", "1:4", "tag"),
        ("a: !mine {b: 1}", "1:4", "tag"),
        ("a: ! 1", "1:4", "tag"),
        ("a: !!bool yes", "1:4", "true or false"),
        ("a: !!null 0", "1:4", "nothing"),
        ("1: a", "1:1", "text as a key"),
        ("null: a", "1:1", "text as a key"),
        ("&x a: b", "1:1", "text as a key"),
        ("? [a]\n: b", "1:3", "text as a key"),
        ("", "1:1", "empty"),
        ("# only this\n", "1:1", "empty"),
        ("--- 1\n--- 2", "2:1", "another document"),
        ("a: [1,\nb", "2:2", "expected YAML"),
        ("a: b: c", "1:5", "expected YAML"),
        ("\t- a", "1:1", "expected YAML"),
        ("\x00", "1:1", "expected YAML"),
        ("a: \x07", "1:", "expected YAML"),
        (b"ok: 1\na: \xff", "2:1", "UTF-8"),
        ("{a: " * 1000, "1:1", "nesting"),
        ("- " * 200, "1:", "nesting"),
        ("a: 1e999", "1:4", "finite"),
        ("a: " + "9" * 5000, "1:4", "19 digits"),
        ("a: !!int x", "1:4", "integer"),
    ],
)
def test_anything_but_plain_data_is_refused(
    tmp_path: Path, text: str | bytes, place: str, said: str
) -> None:
    with pytest.raises(RubricError) as caught:
        read(_file(tmp_path, text))
    (finding,) = caught.value.findings
    assert finding.startswith(f"{tmp_path / 'file.yaml'}:{place}")
    assert said in finding
    assert len(finding) < 300 + len(str(tmp_path))


@pytest.mark.parametrize("bomb", ["[", "[\n", "{a: ", "- ", "[a, "])
def test_a_nesting_bomb_is_not_read_to_its_end(tmp_path: Path, bomb: str) -> None:
    path = _file(tmp_path, bomb * (900_000 // len(bomb)))
    with pytest.raises(RubricError, match="fewer levels of nesting"):
        read(path)


def test_brackets_in_text_and_comments_are_no_nesting(tmp_path: Path) -> None:
    text = f"# {'[' * 99}\n- '{'[' * 99}'\n- {'[' * 39}1{']' * 39}\n"
    assert isinstance(_value(tmp_path, text), list)
    with pytest.raises(RubricError, match=r"3:\d+: expected fewer levels of nesting"):
        _value(tmp_path, text.replace("1", "[1]"))


def test_a_file_that_cannot_be_read_or_is_huge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match="cannot be read"):
        read(tmp_path / "none.yaml")
    with pytest.raises(RubricError, match="cannot be read"):
        read(tmp_path)
    with pytest.raises(RubricError, match="at most"):
        read(_file(tmp_path, b"#" * ((1 << 20) + 1)))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None
)
@given(st.one_of(st.binary(max_size=60), st.text(LETTERS, max_size=40)))
def test_odd_bytes_never_raise_anything_else(tmp_path: Path, text: str | bytes) -> None:
    with suppress(RubricError):
        read(_file(tmp_path, text))


TEXT: Final = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs",)), max_size=8)
DATA: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)
PIECES: Final = ["a", "b: ", "- ", "[", "]", "{", "}", ", ", "\n", "  ", "'", "1", "~", "# ", "? "]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(DATA)
@example({"<<": "~", "": None, "yes": [True, "no", "1", "1e5", 1e5]})
def test_what_json_writes_is_read_as_it_was(tmp_path: Path, data: object) -> None:
    """YAML 1.2 holds JSON."""
    assert _value(tmp_path, json.dumps(data)) == data


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None
)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_both_parsers_read_the_same(tmp_path: Path, text: str) -> None:
    """Where both take a file they agree on its data, and on where each key is."""
    path = _file(tmp_path, text)
    with suppress(RubricError):
        one = read(path)
        with _without_c():
            other = read(path)
        assert (one.value, one.keys) == (other.value, other.keys)
