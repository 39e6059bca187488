import pytest

from services.planning.domain.survey import ScaleChanged, Survey
from tests.unit.planning.builders import need, rating, survey

DEFINITION = {
    "title": {"en": "Career services needs 2026"},
    "languages": ["en"],
    "groups": ["student", "staff"],
    "minimum_group_size": 10,
    "items": [
        {"id": "year", "type": "single_choice", "role": "profile", "text": {"en": "Class year"}},
        {
            "id": "advising",
            "type": "need",
            "text": {"en": "One-to-one advising"},
            "scale": {"min": 1, "max": 5},
        },
        {
            "id": "overall",
            "type": "rating",
            "role": "overall_satisfaction",
            "text": {"de": "Insgesamt"},
            "scale": {"min": 1, "max": 7},
        },
    ],
}


def read(definition: dict, version: int = 1) -> Survey:
    return Survey.from_definition(
        unit="careers", survey="s1", version=version, definition=definition
    )


def test_only_what_is_ranked_is_kept_of_a_definition() -> None:
    known = read(DEFINITION)
    assert [(item.id, item.low, item.high) for item in known.items] == [
        ("advising", 1, 5),
        ("overall", 1, 7),
    ]
    assert known.overall == known.items[1]
    assert [item.id for item in known.needs] == ["advising"]


def test_an_item_without_english_text_is_called_by_its_own() -> None:
    assert read(DEFINITION).items[1].label == "Insgesamt"


@pytest.mark.parametrize("first_to_arrive", [1, 2])
def test_versions_unite_by_item_id_in_any_order_of_arrival(first_to_arrive: int) -> None:
    dropped = {**DEFINITION, "items": DEFINITION["items"][1:2], "title": {"en": "Second"}}
    added = {**DEFINITION["items"][1], "id": "events"}
    second = read({**dropped, "items": [*dropped["items"], added]}, version=2)
    first = read(DEFINITION)
    united = first.united_with(second) if first_to_arrive == 1 else second.united_with(first)
    assert [item.id for item in united.items] == ["advising", "overall", "events"]
    assert (united.version, united.title) == (2, {"en": "Second"})


def test_an_item_cannot_change_its_scale() -> None:
    with pytest.raises(ScaleChanged, match="'advising'"):
        survey(need("advising")).united_with(survey(need("advising", high=7)))


def test_drivers_are_the_ratings_without_a_role_of_their_own() -> None:
    asked = survey(rating("staff"), rating("all", role="overall_satisfaction"), need("advising"))
    assert [item.id for item in asked.drivers] == ["staff"]
