"""Columns are understood as four tools and people write them. All tables here are synthetic."""

import csv
import random
from io import BytesIO, StringIO
from pathlib import Path

import pytest

from services.intake.domain.definition import compile_definition
from services.intake.domain.guess import guess
from services.intake.domain.guess.columns import Column
from services.intake.domain.guess.correcting import (
    PERSON,
    TURNED,
    Correction,
    corrected,
    problems,
)
from services.intake.domain.guess.finishing import unfinished
from services.intake.schemas import DefinitionSchema
from services.intake.tables.asking import mapping_of
from services.intake.tables.contents import with_contents
from services.intake.tables.headers import header_of
from services.intake.tables.reading import layout_of, rows_of

THINGS = ["Advising", "Career fairs", "Resume review"]
IMPORTANT = [
    "Not at all important", "Slightly important", "Moderately important", "Very important",
    "Extremely important",
]  # fmt: skip
SATISFIED = ["Very dissatisfied", "Dissatisfied", "Neutral", "Satisfied", "Very satisfied"]
PEOPLE = 60
SYNTHETIC = Path(__file__).parent / "synthetic"


def looked_at(header, row, *more_header):
    """The columns of a table whose rows `row(random, number)` makes, and how many there are."""
    draw = random.Random(5)
    text = StringIO()
    rows = [row(draw, number) for number in range(PEOPLE)]
    csv.writer(text).writerows([header, *more_header, *rows])
    stream = BytesIO(text.getvalue().encode())
    cells = [row.cells for row in rows_of(stream, layout_of(stream))]
    found = header_of(cells[:3])
    return with_contents(found.columns, cells[found.rows :])


def guessed(*table):
    columns, rows = looked_at(*table)
    return {each.column: each for each in guess(columns, rows)}


def pairs(found):
    return {
        (each.about, each.column, each.partner)
        for each in found.values()
        if each.role == "importance"
    }


LANGUAGES = {
    "de": ["Beratung", "Karrieremessen", "Bewerbungscheck"],
    "es": ["asesoría", "ferias de empleo", "revisión del currículum"],
    "fr": ["Entretiens individuels", "Forums emploi", "Relecture de CV"],
}
UNDERSTOOD = {
    "de": ["out", "out", "group", "choice", "number"],
    "es": ["out", "out", "out", "group", "choice"],
    "fr": ["out", "out", "group", "choice", "out"],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_table_in_another_language_is_understood(language):
    with (SYNTHETIC / f"answers_{language}.csv").open("rb") as stream:
        cells = [row.cells for row in rows_of(stream, layout_of(stream))]
    header = header_of(cells[:3])
    found = guess(*with_contents(header.columns, cells[header.rows :]))
    pair = ["importance"] * 3 + ["satisfaction"] * 3
    assert [each.role for each in found] == [*UNDERSTOOD[language], *pair, "overall", "text"]
    assert [each.about for each in found if each.role == "importance"] == LANGUAGES[language]
    assert {each.confidence for each in found if each.role in pair} == {"sure"}
    used = [set(each.uses.values()) for each in found if each.role == "satisfaction"]
    assert used == [{"unaware", "unused"}] * 3
    left_out = [each.personal for each in found if each.role == "out"]
    assert left_out == [True] * len(left_out)
    [overall] = [each for each in found if each.role == "overall"]
    assert (overall.scale.low, overall.scale.high, len(overall.scale.points)) == (1, 5, 5)


def google_forms():
    header = [
        "Timestamp", "Email Address", "I am a ...",
        *(f"Please rate how important these are to you [{thing}]" for thing in THINGS),
        *(f"How satisfied are you with these? [{thing}]" for thing in THINGS),
        "Which events did you attend?", "Overall, how satisfied are you with us?", "Anything else?",
    ]  # fmt: skip

    def row(draw, number):
        events = draw.sample(["Fair", "Workshop", "Mock interview"], draw.randint(1, 3))
        return [
            f"2024/03/{number % 28 + 1} 10:{number % 60:02}:11 AM", f"p{number}@example.edu",
            draw.choice(["Student", "Staff"]), *(draw.choice(IMPORTANT[2:]) for _ in THINGS),
            *(draw.choice([*SATISFIED, "I have never used this"]) for _ in THINGS),
            ", ".join(events), draw.choice(SATISFIED),
            draw.choice(["", f"More evening appointments would help the {number} who work"]),
        ]  # fmt: skip

    return header, row


def test_google_forms_is_understood():
    found = guessed(*google_forms())
    assert {name: each.role for name, each in found.items() if "[" not in name} == {
        "Timestamp": "out",
        "Email Address": "out",
        "I am a ...": "group",
        "Which events did you attend?": "choices",
        "Overall, how satisfied are you with us?": "overall",
        "Anything else?": "text",
    }
    important, satisfied = (
        "Please rate how important these are to you", "How satisfied are you with these?"
    )  # fmt: skip
    assert pairs(found) == {(t, f"{important} [{t}]", f"{satisfied} [{t}]") for t in THINGS}
    advising = found[f"{satisfied} [Advising]"]
    assert advising.uses == {"I have never used this": "unused"}
    assert advising.scale.points["Very dissatisfied"] == 1
    # Nobody chose the lower two points, and yet the scale has five.
    assert found[f"{important} [Advising]"].scale.points["Moderately important"] == 3


def test_qualtrics_is_understood_with_its_three_header_rows():
    codes = ["StartDate", "Status", "IPAddress", "Finished", "ResponseId", "Q1",
             *(f"Q2_{n}" for n in (1, 2, 3)), *(f"Q3_{n}" for n in (1, 2, 3)), "Q4"]  # fmt: skip
    questions = [
        "Start Date", "Response Type", "IP Address", "Finished", "Response ID",
        "Which best describes you?",
        *(f"How important is each of these to you? - {thing}" for thing in THINGS),
        *(f"How satisfied are you with each of these? - {thing}" for thing in THINGS),
        "How likely are you to recommend us?",
    ]  # fmt: skip

    def row(draw, number):
        return [
            "2024-03-01 10:00:01", "IP Address", f"10.0.0.{number}", "True", f"R_{number:012}",
            draw.choice(["Undergraduate", "Graduate"]), *(draw.randint(3, 5) for _ in THINGS),
            *(draw.choice([1, 2, 3, 4, 5, "N/A"]) for _ in THINGS), draw.randint(0, 10),
        ]  # fmt: skip

    found = guessed(codes, row, questions, [f'{{"ImportId":"{code}"}}' for code in codes])
    out = ["StartDate", "Status", "IPAddress", "Finished", "ResponseId"]
    assert [name for name, each in found.items() if each.role == "out"] == out
    assert (found["Q1"].role, found["Q4"].role) == ("group", "nps")
    assert pairs(found) == {(t, f"Q2_{n}", f"Q3_{n}") for n, t in enumerate(THINGS, start=1)}
    assert found["Q3_1"].uses == {"N/A": "unused"}


@pytest.mark.parametrize(
    ("importance", "satisfaction", "about"),
    [
        ("imp[SQ00{n}]", "sat[SQ00{n}]", "SQ00{n}"),
        ("How important is this? [{t}]", "How satisfied are you with it? [{t}]", "{t}"),
        ("Q1[SQ00{n}]. How important? [{t}]", "Q2[SQ00{n}]. How satisfied? [{t}]", "{t}"),
        ("{t} - importance", "{t} - satisfaction", "{t}"),
        ("{t} [importance]", "{t} [satisfaction]", "{t}"),
        ("Importance: {t}", "Satisfaction: {t}", "{t}"),
        ("{t}_imp", "{t}_sat", "{t}"),
        ("{t}_important", "{t}_satisfied", "{t}"),
    ],
)
def test_pairs_are_found_by_their_words(importance, satisfaction, about):
    named = [{"n": n, "t": thing} for n, thing in enumerate(THINGS, start=1)]
    header = [each.format(**name) for each in (importance, satisfaction) for name in named]
    found = guessed(header, lambda draw, _: [draw.randint(1, 5) for _ in header])
    half = len(THINGS)
    wanted = zip(named, header[:half], header[half:], strict=True)
    assert pairs(found) == {(about.format(**name), i, s) for name, i, s in wanted}
    assert {each.confidence for each in found.values()} == {"sure"}


def test_things_that_are_rated_twice_are_taken_for_pairs_and_said_to_be_unsure():
    header = [f"Round {n} [{thing}]" for n in (1, 2) for thing in THINGS]
    found = guessed(header, lambda draw, _: [draw.randint(1, 5) for _ in header])
    assert len(pairs(found)) == len(THINGS)
    assert {each.confidence for each in found.values()} == {"unsure"}


def test_ratings_alone_go_with_an_overall_one():
    header = ["row", "faculty", "age", "gender", "information", "office hours", "global"]

    def row(draw, number):
        return [number, draw.randint(1, 4), draw.randint(18, 60), draw.randint(0, 1),
                *(draw.randint(1, 7) for _ in range(3))]  # fmt: skip

    found = guessed(header, row)
    roles = ["out", "group", "number", "choice", "rating", "rating", "overall"]
    assert [each.role for each in found.values()] == roles
    assert (found["age"].profile, found["gender"].profile) == (True, True)
    assert (found["global"].scale.low, found["global"].scale.high) == (1, 7)


def test_importance_alone_is_left_out_for_there_is_no_gap():
    found = guessed(["Importance of advising"], lambda draw, _: [draw.randint(1, 5)])
    [only] = found.values()
    assert only.role == "out"
    assert "satisfied with it was not found" in only.reason


def in_a_column(*cells):
    """What a column is guessed to be that holds these cells in turn."""
    [found] = guessed(["What of it?"], lambda _, number: [cells[number % len(cells)]]).values()
    return found.role


@pytest.mark.parametrize(
    "cells",
    [
        ["Advising,Fair", "Fair", "Advising", "Workshops"],
        ["Advising;Fair", "Fair", "Advising", "Workshops", "Mentors"],
        ["Advising, Fair", "Fair", "Advising", "Advising, Workshops, Fair", "Workshops", "Other"],
        ["Advising,Fair", "Fair,Workshops", "Workshops", "Advising", "Alumni", "Mentors"],
    ],
)
def test_several_answers_in_one_cell_are_told_by_few_of_their_combinations(cells):
    assert in_a_column(*cells) == "choices"


@pytest.mark.parametrize(
    ("cells", "role"),
    [
        (["Ash, Kim", "Birch, Lee", "Ash, Lee", "Birch, Kim"], "choice"),
        ([f"{last}, {first}" for last in ("Ash", "Birch", "Cole", "Dale", "Elm", "Fox")
          for first in ("Kim", "Lee", "Ray", "Sam", "Tom", "Uma")], "text"),
        (["Yes, often", "Yes, rarely", "No"], "choice"),
        (["Boston, MA", "Cambridge, MA", "Elsewhere"], "choice"),
        (["Business, Law and Politics", "Business", "Arts, Letters", "Science"], "choice"),
        ([f"It is fine, and {n} would help" for n in range(40)], "text"),
        ([f"More of {n}, please" for n in range(40)], "text"),
        (["No", "thanks", "No, thanks", *(f"Idea {n}, please" for n in range(37))], "text"),
    ],
)  # fmt: skip
def test_comma_inside_of_an_answer_does_not_make_it_several(cells, role):
    assert in_a_column(*cells) == role


def test_choices_of_several_in_one_cell_are_those_that_stand_alone_or_together():
    cells = ["Advising,Fair", "Fair", "Advising", "Workshops"]
    columns, rows = looked_at(["What of it?"], lambda _, number: [cells[number % len(cells)]])
    [item] = mapping_of(columns, guess(columns, rows), "Title", rows).items
    assert (item.type, item.divider) == ("multiple_choice", ",")
    assert sorted(item.codes) == ["Advising", "Fair", "Workshops"]


@pytest.mark.parametrize(
    ("name", "said"), [("Ethnicity", {}), ("What of it", {"What_of_it": Correction(PERSON)})]
)
def test_what_describes_a_person_may_be_several_in_one_cell(name, said):
    cells = ["Asian,White", "White", "Asian", "Other"]
    columns, rows = looked_at([name], lambda _, number: [cells[number % len(cells)]])
    found = corrections(columns, rows, **said)
    assert (found[name].role, found[name].profile) == ("choices", True)
    mapping = mapping_of(columns, list(found.values()), "Title", rows)
    definition = DefinitionSchema().load(mapping.definition(["everybody"]))
    assert compile_definition(definition).profile == (mapping.items[0].id,)


def test_marks_of_one_question_are_one_question():
    header = [f"Which do you use? [{thing}]" for thing in THINGS]
    found = guessed(header, lambda draw, _: [draw.choice(["Yes", "No"]) for _ in THINGS])
    assert {(each.role, each.about) for each in found.values()} == {("mark", "Which do you use?")}


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("E-mail", "p{n}@example.edu"),
        ("How can we reach you?", "p{n}@example.edu"),
        ("Full name", "Person {n}"),
        ("Student ID", "{n}"),
        ("matric_no", "4711{n}"),
        ("anything", "192.0.2.{n}"),
        ("anything", "2024-03-01 10:{n:02}:00"),
        ("ticket", "s-{n}"),
        ("RecipientFirstName", "P{n}"),
        ("Your phone number", "+1 555 {n}"),
        ("LocationLatitude", "47.{n}"),
        ("Vorname", "P{n}"),
        ("Matrikelnummer", "4711{n}"),
        ("Geburtsdatum", "1999-01-{n}"),
        ("Apellidos", "P{n}"),
        ("Número de teléfono", "+34 555 {n}"),
        ("Prénom", "P{n}"),
        ("Adresse postale", "{n} Street"),
    ],
)
def test_what_may_say_who_it_was_is_left_out_and_not_shown(name, cell):
    found = guessed(
        [name, "Role"], lambda draw, n: [cell.format(n=n), draw.choice(["Student", "Staff"])]
    )
    assert (found[name].role, found[name].personal, found[name].samples) == ("out", True, ())
    assert "left out" in found[name].reason


@pytest.mark.parametrize(
    "name",
    [
        "Name of your employer", "Course name", "Which skills matter?", "Name des Unternehmens",
        "Nombre de la empresa", "Nom de votre employeur", "How handy is it?", "Nie genutzt?",
        "Experiencia de usuario", "Ordinateur portable",
    ],
)  # fmt: skip
def test_what_is_no_person_is_kept(name):
    found = guessed([name, "x"], lambda _, n: [f"Some longer words about {n}", n % 3])
    assert (found[name].role, found[name].personal) == ("text", False)


def corrections(columns, rows, group=None, **said):
    named = {name.replace("_", " "): each for name, each in said.items()}
    return {each.column: each for each in corrected(columns, guess(columns, rows), named, group)}


def test_person_makes_a_pair_of_what_was_not_understood():
    header = ["one", "two", "who"]
    columns, rows = looked_at(
        header, lambda draw, _: [draw.randint(1, 5), draw.randint(1, 5), draw.choice("ab")]
    )
    assert next(message for _, message in problems(guess(columns, rows))).startswith("Nothing can")
    found = corrections(columns, rows, one=Correction("importance", partner="two"))
    assert (found["two"].role, found["two"].partner) == ("satisfaction", "one")
    assert list(problems(list(found.values()))) == []


def test_pair_without_its_half_or_on_two_scales_is_a_problem():
    columns, rows = looked_at(
        ["x importance", "x satisfaction"], lambda d, _: [d.randint(1, 5), d.randint(1, 5)]
    )
    alone = corrections(columns, rows, x_importance=Correction("importance", partner=None))
    assert [name for name, _ in problems(list(alone.values()))] == ["x importance"]
    wide = corrections(
        columns, rows, x_satisfaction=Correction("satisfaction", "x importance", "1-7")
    )
    [(name, message)] = problems(list(wide.values()))
    assert name == "x importance"
    assert "same scale" in message


def test_scale_is_turned_and_group_and_person_are_chosen():
    columns, rows = looked_at(
        ["x imp", "x sat", "who", "town"],
        lambda d, _: [d.randint(1, 5), d.randint(1, 5), d.choice("ab"), d.choice(["A", "B"])],
    )
    found = corrections(
        columns, rows, group="town",
        x_sat=Correction("satisfaction", "x imp", TURNED), who=Correction(PERSON),
    )  # fmt: skip
    assert found["x sat"].scale.points["1"] == 5
    assert (found["town"].role, found["who"].role, found["who"].profile) == (
        "group",
        "choice",
        True,
    )
    mapping = mapping_of(columns, list(found.values()), "Title", rows)
    [need] = [item for item in mapping.items if item.type == "need"]
    assert need.points["importance"]["1"] == 1
    assert need.points["satisfaction"]["1"] == 5
    assert mapping.group_column == "town"


def test_contents_that_take_too_much_room_are_not_all_kept():
    columns = [Column("a"), Column("b")]
    rows = [[f"{'x' * 400}{n}", f"{n}"] for n in range(5_000)]
    (long, many), count = with_contents(columns, rows)
    assert count == 5_000
    assert (long.complete, many.complete) == (False, False)
    assert max(map(len, long.contents)) <= 300
    assert len(many.contents) <= 20


@pytest.mark.parametrize(
    ("name", "sent", "begun"),
    [
        ("submitdate", "2024-03-01 10:00", ""),
        ("submitdate. Date submitted", "2024-03-01 10:00", ""),
        ("Date submitted", "2024-03-01 10:00", ""),
        ("Finished", "True", "False"),
        ("Finished", "1", "0"),
        ("Advising", "5", ""),
    ],
)
def test_answers_that_were_never_sent_off_are_counted_where_the_tool_tells(name, sent, begun):
    columns, rows = looked_at(
        [name, "Why?"], lambda _, number: [begun if number < 7 else sent, f"because {number}"]
    )
    assert unfinished(columns, rows) == (0 if name == "Advising" else 7)
