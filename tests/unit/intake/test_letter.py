"""A planner's letter: its fields, and what is wrong with it."""

import pytest

from services.intake.domain.letter import filled, template_errors
from services.intake.domain.participation import promise


def test_a_field_is_filled_once_and_a_name_is_no_field():
    values = {"name": "{link}", "link": "https://x/#s", "closes": ""}
    assert filled("Dear {name}: {link} {other}", values) == "Dear {link}: https://x/#s {other}"


@pytest.mark.parametrize(
    ("subject", "text", "field"),
    [
        ("Please answer", "no link", "text"),
        ("Please {answer}", "{link}", "subject"),
        ("For {link}", "{link}", "subject"),
        ("Two\nlines", "{link}", "subject"),
        ("Two\rlines", "{link}", "subject"),
        ("Two\u2028lines", "{link}", "subject"),
        ("A tab\x0bapart", "{link}", "subject"),
        ("Please answer", "{link}\x00", "text"),
    ],
)
def test_a_letter_that_cannot_be_sent_is_refused_by_field(subject, text, field):
    assert [error["field"] for error in template_errors(subject, text)] == [field]
    assert template_errors("Please 👩‍🎓 answer", "Dear {name},\r\n\t{link}, until {closes}") == []


def test_what_is_promised_says_how_answers_are_kept():
    least = {"minimum_group_size": 7}
    anonymous = " ".join(promise({**least, "access": "invited"}))
    assert "nobody can tell which invitation" in anonymous
    assert "at least 7 invited people" in anonymous
    assert "vault" in " ".join(promise({"participation": "confidential"}))
    assert "with your name" in " ".join(promise({"participation": "identified"}))
    assert "no name, no address" in promise({})[0]
