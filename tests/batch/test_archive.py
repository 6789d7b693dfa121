"""Archives: read where they lie, whatever is in them."""

from __future__ import annotations

import contextlib
import io
import lzma
import stat
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.batch import archive as module
from grader.batch.archive import Broken, member_bytes, members
from grader.batch.find import Listing, find, read
from grader.batch.suffixes import is_archive
from grader.core.errors import Ungradable, UsageError
from grader.core.text import plain

Entries = Iterable[tuple[str, bytes]]
TAR = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}
FORMS = [".zip", *TAR]
CLASS = [("ann/a.ipynb", b"{}"), ("bo/b.py", b"x = 1\n"), ("bo/notes.md", b"-"), ("c.txt", b"c")]


def _tarred(path: Path, infos: Iterable[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as made:  # type: ignore[call-overload]  # any mode of the table
        for info, data in infos:
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return path


def _packed(path: Path, entries: Entries) -> Path:
    """An archive of the form that its name says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for name, data in entries:
                made.writestr(name, data)
        return path
    mode = TAR["".join(path.suffixes[-2:]) if ".tar." in path.name else path.suffix]
    return _tarred(path, ((tarfile.TarInfo(name), data) for name, data in entries), mode)


def _contents(listing: Listing) -> dict[str, bytes | str]:
    """Source -> bytes, or the sentence that stands for them."""
    found: dict[str, bytes | str] = {}
    for one in listing.found:
        assert one.source not in found
        try:
            found[one.source] = read(one).data
        except Ungradable as error:
            found[one.source] = str(error)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_an_archive_is_looked_into_as_a_folder_is(tmp_path: Path, form: str) -> None:
    path = _packed(tmp_path / f"class{form}", CLASS)
    listing = find([path])
    assert is_archive(path)
    assert _contents(listing) == {
        f"class{form}/ann/a.ipynb": b"{}",
        f"class{form}/bo/b.py": b"x = 1\n",
        f"class{form}/c.txt": b"c",
    }
    assert listing.ignored == (f"class{form}/bo/notes.md",)
    assert sorted(one.name for one in tmp_path.iterdir()) == [path.name]


@pytest.mark.parametrize("form", FORMS)
def test_members_can_be_read_in_any_order_and_again(tmp_path: Path, form: str) -> None:
    path = _packed(tmp_path / f"class{form}", [(f"{n}.py", b"%d" % n) for n in range(9)])
    for place in (3, 3, 8, 0, 5):
        assert member_bytes(path, place) == b"%d" % place


@pytest.mark.parametrize("form", FORMS)
def test_names_that_lead_elsewhere_are_passed_over_with_a_reason(tmp_path: Path, form: str) -> None:
    bad = {
        "../up.py": "leads out",
        "a/../../up.py": "leads out",
        "/etc/cron.py": "absolute",
        "C:/x.py": "absolute",
        "a\\..\\x.py": "backslash",
        "n" * 2000 + ".py": "too long",
    }
    good = [("./a//b.py", b"1"), ("a/./b.py", b"2"), (".hidden/x.py", b""), ("__MACOSX/x.py", b"")]
    path = _packed(tmp_path / f"c{form}", [*((name, b"") for name in bad), *good])
    listing = find([path])
    assert _contents(listing) == {f"c{form}/a/b.py": b"1", f"c{form}/a/b (2).py": b"2"}
    assert len(listing.refused) == len(bad)
    for (source, reason), said in zip(listing.refused, bad.values(), strict=True):
        assert said in reason
        assert plain(source) == source


@pytest.mark.parametrize("form", FORMS)
def test_names_are_spelled_and_kept_apart(tmp_path: Path, form: str) -> None:
    names = ["a.py", "a.py", "a (2).py", "A.py", "\x1b[2J.py", "\u202ey.py", "=cmd.py", "-x.py"]
    entries = [(name, name.encode() + b"%d" % at) for at, name in enumerate(names)]
    with warnings.catch_warnings(category=UserWarning, action="ignore"):  # zipfile's, of the name
        path = _packed(tmp_path / f"c{form}", entries)
    found = _contents(find([path]))
    assert len(found) == len(names)
    assert set(found.values()) == {data for _, data in entries}
    assert f"c{form}/\\x1b[2J.py" in found
    assert f"c{form}/a (2) (2).py" in found or f"c{form}/a (2).py" in found
    assert all(source.isprintable() for source in found)


def test_links_and_devices_of_a_tar_get_a_report(tmp_path: Path) -> None:
    kinds = {"s.py": tarfile.SYMTYPE, "h.py": tarfile.LNKTYPE, "f.py": tarfile.FIFOTYPE}
    infos = []
    for name, kind in {**kinds, "d.py": tarfile.CHRTYPE}.items():
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        infos.append((info, b""))
    folder = tarfile.TarInfo("folder.py")
    folder.type = tarfile.DIRTYPE
    path = _tarred(tmp_path / "c.tar", [*infos, (folder, b""), (tarfile.TarInfo("ok.py"), b"ok")])
    found = _contents(find([path]))
    assert found.pop("c.tar/ok.py") == b"ok"
    assert len(found) == 4
    said = "the archive has no ordinary file here, but a link or a device"
    assert set(found.values()) == {said}


def test_a_name_of_undecodable_bytes_in_a_tar_is_spelled(tmp_path: Path) -> None:
    info = tarfile.TarInfo("caf\udce9.py")
    path = _tarred(tmp_path / "c.tar", [(info, b"x")])
    assert _contents(find([path])) == {"c.tar/caf\\xe9.py": b"x"}


def _zip_with(path: Path, change: Callable[[zipfile.ZipInfo], None]) -> Path:
    info = zipfile.ZipInfo("a.py")
    change(info)
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(info, b"/etc/passwd")
        made.writestr("b.py", b"b")
    return path


def test_links_and_encrypted_members_of_a_zip_get_a_report(tmp_path: Path) -> None:
    def link(info: zipfile.ZipInfo) -> None:
        info.external_attr = (stat.S_IFLNK | 0o777) << 16

    found = _contents(find([_zip_with(tmp_path / "l.zip", link)]))
    assert found == {"l.zip/a.py": _LINK, "l.zip/b.py": b"b"}
    path = _zip_with(tmp_path / "e.zip", lambda info: None)
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)
    found = _contents(find([path]))
    assert found == {"e.zip/a.py": "the file is encrypted in its archive", "e.zip/b.py": b"b"}


_LINK = (
    "the archive has a symbolic link, which is not followed here: "
    "an ordinary file has to be handed in"
)


def test_a_damaged_member_costs_no_other(tmp_path: Path) -> None:
    path = _packed(tmp_path / "c.zip", [("a.py", b"a" * 99), ("b.py", b"b" * 99)])
    data = bytearray(path.read_bytes())
    data[data.index(b"a.py") + 6] ^= 0xFF
    path.write_bytes(data)
    found = _contents(find([path]))
    assert found["c.zip/b.py"] == b"b" * 99
    assert "damaged in its archive" in str(found["c.zip/a.py"])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("keep", [0, 1, 7, 40, 0.3, 0.7])
def test_an_archive_that_is_cut_off_is_one_sentence(tmp_path: Path, form: str, keep: float) -> None:
    whole = _packed(tmp_path / f"c{form}", [(f"{n}.py", bytes(range(256)) * 90) for n in range(9)])
    data = whole.read_bytes()
    size = int(len(data) * keep) if isinstance(keep, float) else keep
    whole.write_bytes(data[:size])
    with pytest.raises(UsageError, match="archive") as told:
        find([whole])
    assert "\n" not in str(told.value)
    (tmp_path / "ok.py").write_text("ok")
    beside = _contents(find([whole, tmp_path / "ok.py"]))
    assert beside.pop("ok.py") == b"ok"
    assert list(beside) == [f"c{form}"]
    assert isinstance(beside[f"c{form}"], str)


def test_a_tar_damaged_in_its_middle_is_not_taken_for_a_shorter_one(tmp_path: Path) -> None:
    path = _packed(tmp_path / "c.tar", [("a.py", b"a"), ("b.py", b"b"), ("c.py", b"c")])
    data = bytearray(path.read_bytes())
    data[1024 + 148 : 1024 + 156] = b"9" * 8  # the second header's sum
    path.write_bytes(data)
    with pytest.raises(Broken, match="damaged"):
        members(path)


def test_archives_in_folders_and_in_archives_are_passed_over(tmp_path: Path) -> None:
    inner = _packed(tmp_path / "inner.zip", [("a.py", b"a")])
    outer = _packed(tmp_path / "outer.zip", [("inner.zip", inner.read_bytes()), ("b.py", b"b")])
    assert find([tmp_path]).ignored == ("inner.zip", "outer.zip")
    listing = find([outer])
    assert _contents(listing) == {"outer.zip/b.py": b"b"}
    assert listing.ignored == ("outer.zip/inner.zip",)


def test_bombs_are_told_by_their_size_before_they_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RATIO_FROM", 1 << 20)
    for form in FORMS:
        path = _packed(tmp_path / f"bomb{form}", [(f"{n}.py", bytes(1 << 20)) for n in range(3)])
        if form == ".tar":
            assert len(members(path)) == 3
            continue
        with pytest.raises(Broken, match="bomb"):
            members(path)
    monkeypatch.setattr(module, "MOST_MEMBERS", 2)
    with pytest.raises(Broken, match="more than 2 members"):
        members(_packed(tmp_path / "many.tar", [(f"{n}.py", b"") for n in range(3)]))
    monkeypatch.setattr(module, "MOST_UNPACKED", 1000)
    with pytest.raises(Broken, match="unpacks to more"):
        members(_packed(tmp_path / "large.tar", [("a.py", bytes(2000))]))


def test_members_that_overlap_are_a_bomb(tmp_path: Path) -> None:
    path = _packed(tmp_path / "c.zip", [("a.py", bytes(range(256)) * 40)])
    data = path.read_bytes()
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[start:end]
    listed = b"".join(entry.replace(b"a.py", b"%d.py" % n) for n in range(9)) + entry
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 10, 10, len(listed), start, 0)
    path.write_bytes(data[:start] + listed + tail)
    with pytest.raises(Broken, match="overlap"):
        members(path)


def test_a_member_larger_than_a_file_may_be_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 10)
    for form in FORMS:
        path = _packed(tmp_path / f"c{form}", [("a.py", b"x" * 11), ("b.py", b"x" * 10)])
        found = _contents(find([path]))
        assert found[f"c{form}/b.py"] == b"x" * 10
        assert "larger than" in str(found[f"c{form}/a.py"])


def test_headers_that_tarfile_would_hold_in_memory_are_refused(tmp_path: Path) -> None:
    def header(kind: bytes, body: bytes) -> bytes:
        info = tarfile.TarInfo("x")
        info.type, info.size = kind, len(body)
        return info.tobuf() + body + bytes(-len(body) % 512)

    for kind in (b"x", b"L", b"g"):
        path = tmp_path / "c.tar"
        path.write_bytes(header(kind, b"9" * (2 << 20)))
        with pytest.raises(Broken, match="too long"):
            members(path)
        path.write_bytes(header(kind, b"9" * 900_000))  # quadratic in tarfile
        with pytest.raises(Broken, match="no header"):
            members(path)
        path.write_bytes(header(kind, b"8 a=b\n") * 3000)  # each asks for the next
        with pytest.raises(Broken):
            members(path)


def test_an_xz_file_that_asks_for_gigabytes_is_refused(tmp_path: Path) -> None:
    filters: Sequence[Mapping[str, int]] = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    tar = _packed(tmp_path / "c.tar", [("a.py", b"a")]).read_bytes()
    path = tmp_path / "c.tar.xz"
    path.write_bytes(lzma.compress(tar, filters=filters))
    with pytest.raises(Broken, match=r"[Mm]emory"):
        members(path)


def test_streams_one_after_the_other_are_one_tar(tmp_path: Path) -> None:
    tar = _packed(tmp_path / "c.tar", [("a.py", b"a" * 700), ("b.py", b"b")]).read_bytes()
    path = tmp_path / "c.tar.xz"
    path.write_bytes(lzma.compress(tar[:700]) + lzma.compress(tar[700:]))
    assert _contents(find([path])) == {"c.tar.xz/a.py": b"a" * 700, "c.tar.xz/b.py": b"b"}


@pytest.mark.parametrize("form", [".tar.gz", ".zip"])
def test_a_class_is_unpacked_once_in_its_order(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    inner = module._File

    def counted(path: Path) -> module._File:
        opened.append(path)
        return inner(path)

    monkeypatch.setattr(module, "_File", counted)
    entries = [(f"{n * 7 % 600}/nb.py", b"%d" % n) for n in range(600)]
    path = _packed(tmp_path / f"class{form}", entries)
    assert set(_contents(find([path])).values()) == {data for _, data in entries}
    assert len(opened) <= 3


def test_a_changed_archive_is_looked_at_again(tmp_path: Path) -> None:
    path = _packed(tmp_path / "c.zip", [("a.py", b"a")])
    assert _contents(find([path])) == {"c.zip/a.py": b"a"}
    path.unlink()
    _packed(path, [("b.py", b"bb")])
    assert _contents(find([path])) == {"c.zip/b.py": b"bb"}


def test_a_link_to_an_archive_is_no_archive_beside_others(tmp_path: Path) -> None:
    _packed(tmp_path / "c.zip", [("a.py", b"a")])
    (tmp_path / "l.zip").symlink_to(tmp_path / "c.zip")
    (tmp_path / "x.py").write_text("x")
    assert list(_contents(find([tmp_path / "l.zip"]))) == ["c.zip/a.py"]
    beside = _contents(find([tmp_path / "l.zip", tmp_path / "x.py"]))
    assert beside["x.py"] == b"x"
    assert "symbolic link" in str(beside["l.zip"])


SEEDS: dict[str, bytes] = {}


@given(st.sampled_from(FORMS), st.binary(max_size=60), st.integers(-1, 4000))
@example(".zip", b"PK\x05\x06" + b"\xff" * 18, -1)
@example(".tar.gz", b"\x08", 534)
@example(".zip", b"\x00\x00", 217)  # a name that is empty
def test_any_bytes_are_an_archive_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, form: str, noise: bytes, at: int
) -> None:
    """`noise` alone, or written over an archive from byte `at` on."""
    folder = tmp_path_factory.getbasetemp()
    path = folder / f"fuzz{form}"
    if form not in SEEDS:
        SEEDS[form] = _packed(path, CLASS).read_bytes()
    whole = SEEDS[form]
    at = at % len(whole) if at >= 0 else at
    path.write_bytes(noise if at < 0 else whole[:at] + noise + whole[at + len(noise) :])
    try:
        for one in members(path):
            with contextlib.suppress(Ungradable):
                member_bytes(path, one.place)
    except Broken as error:
        said = str(error)
    else:
        said = ""
    assert plain(said) == said
    assert "\n" not in said
