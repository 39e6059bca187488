"""The demonstration's invented people: seeded, so that every run invents the same ones."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

SURVEY = Path(__file__).parents[1] / "services/intake/starters/career_services_needs.json"
_SEED = 2026
_GROUPS = {"student": 250, "faculty": 60, "staff": 70, "employer": 14}
_SPREAD = 0.9
# (importance, satisfaction) on average, by group in the order above. Students want first
# experience and cannot find it; faculty care for further study, employers for their own events.
_RATED = {
    "career_in_class": ((3.4, 3.0), (3.2, 4.1), (4.2, 2.4), (3.6, 2.9)),
    "exploration": ((4.1, 3.0), (3.4, 3.5), (4.3, 3.0), (2.8, 3.2)),
    "belonging": ((3.9, 2.9), (3.7, 3.4), (4.6, 3.0), (3.4, 3.3)),
    "mentoring": ((4.3, 2.7), (3.3, 3.3), (3.8, 3.0), (3.9, 3.1)),
    "advising": ((4.4, 3.5), (4.0, 3.8), (4.5, 3.4), (3.0, 3.5)),
    "applications": ((4.2, 3.9), (3.5, 3.8), (4.0, 3.9), (4.0, 2.9)),
    "interviews": ((4.1, 3.4), (3.2, 3.6), (3.9, 3.5), (4.3, 2.8)),
    "internships": ((4.8, 2.2), (3.3, 3.9), (4.4, 2.7), (4.6, 3.6)),
    "further_study": ((3.1, 3.2), (4.6, 2.4), (3.3, 3.2), (1.9, 3.2)),
    "employer_events": ((3.7, 3.3), (2.9, 3.7), (3.9, 3.5), (4.8, 2.3)),
    "international": ((3.5, 2.6), (3.6, 3.1), (4.3, 2.5), (2.7, 3.0)),
    "online": ((3.8, 3.1), (3.0, 3.3), (3.8, 2.9), (3.2, 3.2)),
}
# Shares of a group that never heard of a service, or never used it.
_UNAWARE = {"mentoring": 0.30, "belonging": 0.20, "international": 0.15, "career_in_class": 0.12}
_UNUSED = {"further_study": 0.40, "international": 0.45, "interviews": 0.25, "mentoring": 0.15}
_YEARS = ("first", "second", "third", "fourth", "graduate")
_COMMENTS = (
    "I only heard of the mentors by chance, in my last year.",
    "Evening appointments would help those of us who work.",
    "Internships near here, and ones that are paid.",
    "One page that says where to begin.",
)

_COLLEGES = {"Arts and Sciences": 80, "Business": 60, "Engineering": 50}
# By class: share of known outcomes, and of those the shares of working, studying, still seeking.
_CLASSES = {
    2023: (0.58, 0.62, 0.14, 0.24),
    2024: (0.68, 0.66, 0.15, 0.19),
    2025: (0.78, 0.7, 0.16, 0.14),
}
_SOURCE = "synthetic (make demo)"


# What they would say to the second, open survey: (importance, satisfaction) on average.
_SHORT = {"hours": (4.5, 2.6), "cv": (4.1, 3.4), "alumni": (3.8, 2.2)}
_SHORT_GROUPS = {"student": 18, "faculty": 6, "staff": 4}


def open_definition() -> dict[str, Any]:
    """A survey of two minutes that stays open, to be answered by whoever looks around."""
    texts = {
        "hours": "Appointments in the evening",
        "cv": "Help with my CV",
        "alumni": "Meeting alumni who do what I want to do",
    }
    needs = [
        {"id": item, "type": "need", "text": text, "scale": {"min": 1, "max": 5}}
        for item, text in texts.items()
    ]
    wish = {"id": "wish", "type": "text", "text": "What else would help you?", "max_length": 500}
    return {
        "title": "Try it yourself: two minutes for the career centre (invented)",
        "groups": ["student", "faculty", "staff", "employer"],
        "synthetic": True,
        "items": [*needs, wish],
    }


def open_responses() -> Iterator[dict[str, Any]]:
    """Some that are there already, so that there is something to see."""
    random = Random(_SEED)  # noqa: S311
    for group, people in _SHORT_GROUPS.items():
        for number in range(people):
            answers = {item: _rated(random, item, *means) for item, means in _SHORT.items()}
            yield {"id": f"demo-open-{group}-{number:02}", "group": group, "answers": answers}


def definition() -> dict[str, Any]:
    """The shipped survey, saying that its answers are invented."""
    survey: dict[str, Any] = json.loads(SURVEY.read_text(encoding="utf-8"))
    title = {
        "en": f"Demonstration with invented answers: {survey['title']['en']}",
        "es": f"Demostración con respuestas inventadas: {survey['title']['es']}",
    }
    return {**survey, "title": title, "synthetic": True}


def responses() -> Iterator[dict[str, Any]]:
    random = Random(_SEED)  # noqa: S311
    for place, (group, people) in enumerate(_GROUPS.items()):
        for number in range(people):
            answers: dict[str, Any] = {
                item: _rated(random, item, *means[place]) for item, means in _RATED.items()
            }
            answers |= _overall(random, answers)
            profile = {"year": random.choice(_YEARS)} if group == "student" else {}
            name = f"demo-{group}-{number:03}"
            yield {"id": name, "group": group, "profile": profile, "answers": answers}


def outcomes() -> list[dict[str, Any]]:
    """First destinations of three classes, with a knowledge rate that passes 65 % on the way."""
    random = Random(_SEED)  # noqa: S311
    return [
        {
            "source": _SOURCE,
            "key": f"{year}-{college}-{number:03}",
            "metric": "nace.first_destination",
            "period": str(year),
            "segment": {"college": college},
            "category": _destination(random, *shares),
            "synthetic": True,
        }
        for year, shares in _CLASSES.items()
        for college, graduates in _COLLEGES.items()
        for number in range(graduates)
    ]


def _rated(random: Random, item: str, importance: float, satisfaction: float) -> dict[str, Any]:
    stated = {"importance": _point(random, importance, 5)}
    chance = random.random()
    unaware = _UNAWARE.get(item, 0.04)
    if chance < unaware:
        return {**stated, "use": "unaware"}
    if chance < unaware + _UNUSED.get(item, 0.08):
        return {**stated, "use": "unused"}
    return {**stated, "satisfaction": _point(random, satisfaction, 5)}


def _overall(random: Random, answers: dict[str, Any]) -> dict[str, Any]:
    """Follows from the parts; who is content is not asked what is missing."""
    satisfied = [answer["satisfaction"] for answer in answers.values() if "satisfaction" in answer]
    overall = _point(random, 1.4 * sum(satisfied) / len(satisfied), 7) if satisfied else 4
    if overall < 5 and random.random() < 0.2:
        return {"overall": overall, "missing": random.choice(_COMMENTS)}
    return {"overall": overall}


def _point(random: Random, mean: float, highest: int) -> int:
    return min(max(round(random.gauss(mean, _SPREAD)), 1), highest)


def _destination(
    random: Random, known: float, working: float, studying: float, seeking: float
) -> str:
    if random.random() >= known:
        return "unknown"
    kinds = ("employed_full_time", "employed_part_time", "continuing_education")
    weights = (working * 0.85, working * 0.15, studying, seeking)
    return random.choices((*kinds, "seeking_employment"), weights)[0]
