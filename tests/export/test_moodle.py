from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from grader.core.errors import UsageError
from grader.export import EXPORTERS, Export, Options
from tests.export.samples import GOLDEN, book, line, student

HEAD = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
)
GERMAN = (
    "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Bewertung kann geändert "
    "werden,Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung),Feedback als Kommentar\n"
)
DAY = '"Monday, 2 November 2026, 9:00 AM",-,'


def rows(word: str = "Participant", yes: str = "Yes", most: str = "20.00") -> str:
    names = ["Ada Lovelace", "Bo Berg", "Cy Cole", "Di <b>Day", "Ed Ek", "Fi Fox", "Gil Gone"]
    return "".join(
        f"{word} {101 + at},{name},{name.split()[0].lower()}@example.org,Submitted,,"
        f'"{most}",{yes},{DAY}\n'
        for at, name in enumerate(names)
    )


TEMPLATE = (HEAD + rows()).encode()


def moodle_would_say(data: bytes, head: str = HEAD) -> dict[str, tuple[Decimal | None, str]]:
    """What Moodle imports by its rules: columns by exact name, number -> grade and feedback."""
    names = next(csv.reader([head]))
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert read[0] == names
    found: dict[str, tuple[Decimal | None, str]] = {}
    for row in read[1:]:
        grade = row[4].strip().replace(",", ".")
        value = None if grade in ("", "-") else Decimal(grade)
        assert value is None or value <= Decimal(row[5].replace(",", "."))
        found[row[0].rpartition(" ")[2]] = (value, row[9])
    return found


def make(template: bytes = TEMPLATE, **columns: str) -> Export:
    return EXPORTERS["moodle"].make(book(), Options(template=template, columns=columns))


def test_moodle_reads_grades_and_feedback() -> None:
    data = make().files["moodle.csv"]
    assert data == (GOLDEN / "moodle.csv").read_bytes()
    read = moodle_would_say(data)
    assert [read[str(at)][0] for at in range(101, 108)] == [
        Decimal("12.50"),
        *[Decimal("20.00")] * 2,
        *[None] * 4,
    ]
    assert "Score: 12.50 of 20.00." in read["101"][1]
    assert "ecret" not in data.decode()


def test_translated_columns_are_found_and_told() -> None:
    template = (GERMAN + rows("Teilnehmer/in", "Ja", "20,00")).encode()
    made = make(template)
    read = moodle_would_say(made.files["moodle.csv"], GERMAN)
    assert read["102"][0] == Decimal("20.00")
    assert b'"12,50"' in made.files["moodle.csv"]
    assert any(
        "grade `Bewertung`, maximum `Bestwertung`" in told and "Feedback als Kommentar" in told
        for told in made.warnings
    )


def test_uncertain_columns_are_refused_until_they_are_named() -> None:
    # A group number behind a numeric column looks like grade and maximum as well.
    template = (
        (GERMAN.replace("Status", "Platz,Gruppe") + rows("Teilnehmer/in", "Ja"))
        .replace("Submitted", "1,5")
        .encode()
    )
    with pytest.raises(UsageError, match="not certain"):
        make(template)
    assert make(template, grade="Bewertung", maximum="Bestwertung").files
    with pytest.raises(UsageError, match="no one column `Bewertun`"):
        make(template, grade="Bewertun")


@pytest.mark.parametrize("word", ["No", "Nein", "いいえ"])
def test_grades_that_cannot_be_changed_are_refused_by_name(word: str) -> None:
    template = TEMPLATE.replace(b",Yes,", f",{word},".encode(), 1)
    with pytest.raises(UsageError, match=r"be changed: Ada Lovelace$"):
        make(template)


def test_an_unknown_word_is_told() -> None:
    made = make(TEMPLATE.replace(b",Yes,", b",Blorp,"))
    assert any("`Blorp`" in told for told in made.warnings)


def test_a_grade_over_the_maximum_is_refused_by_name() -> None:
    over = book(line(student("Ada Lovelace", 101), mark="20.01"))
    with pytest.raises(UsageError, match=r"Ada Lovelace \(20.01 of 20.00\)"):
        EXPORTERS["moodle"].make(over, Options(template=TEMPLATE))


def test_a_scale_is_refused() -> None:
    with pytest.raises(UsageError):
        make(TEMPLATE.replace(b"Maximum Grade", b"Scale").replace(b'"20.00"', b"Pass"))


def test_the_rosters_moodle_id_counts_only_with_the_same_name() -> None:
    other = student("Zoe Zed", email="", ids={"moodle": "101"})
    made = EXPORTERS["moodle"].make(book(line(other)), Options(template=TEMPLATE))
    assert (
        made.files["moodle.csv"]
        == EXPORTERS["moodle"].make(book(line()), Options(template=TEMPLATE)).files["moodle.csv"]
    )
    same = student("Ada Lovelace", email="", ids={"moodle": "101"})
    made = EXPORTERS["moodle"].make(book(line(same)), Options(template=TEMPLATE))
    assert moodle_would_say(made.files["moodle.csv"])["101"][0] == Decimal("12.50")


def test_feedback_is_escaped() -> None:
    ada = line(student("Ada Lovelace", 101), headline="<script>alert(1)</script>")
    made = EXPORTERS["moodle"].make(book(ada), Options(template=TEMPLATE))
    assert b"<script" not in made.files["moodle.csv"]
    assert b"&lt;script" in made.files["moodle.csv"]
