"""A planner's letter: its fields, and what is wrong with it."""

import pytest

from services.intake.domain.letter import filled, template_errors


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
