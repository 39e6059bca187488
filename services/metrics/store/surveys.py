"""The reduced copy of what intake published."""

from dataclasses import dataclass
from datetime import datetime

from pymongo.database import Database

from services.metrics.domain.period import Period
from shared.documents import Document
from shared.languages import PAGES


@dataclass(frozen=True)
class Survey:
    """What metrics needs of a survey: whose answers are rated, in any of the versions that have
    arrived, when it was first opened, and what pages call it, in which language."""

    id: str
    unit: str
    versions: frozenset[int]
    items: frozenset[str]
    opened_at: datetime
    title: str
    language: str
    synthetic: bool

    @property
    def period(self) -> Period:
        """The academic year in which it was opened."""
        return Period.containing(self.opened_at, "academic_year")


class Surveys:
    def __init__(self, database: Database[Document]) -> None:
        self._surveys = database["surveys"]

    def keep(self, survey: Survey) -> None:
        """Add a version to what is known of the survey; again, or in another order, is the same."""
        self._surveys.update_one(
            {"_id": survey.id},
            {
                "$setOnInsert": {"unit": survey.unit, "schema": 1},
                "$set": {
                    "title": survey.title,
                    "language": survey.language,
                    "synthetic": survey.synthetic,
                },
                "$addToSet": {
                    "versions": {"$each": sorted(survey.versions)},
                    "items": {"$each": sorted(survey.items)},
                },
                "$min": {"opened_at": survey.opened_at},
            },
            upsert=True,
        )

    def get(self, name: str) -> Survey | None:
        found = self._surveys.find_one({"_id": name})
        if found is None:
            return None
        return Survey(
            name,
            found["unit"],
            frozenset(found["versions"]),
            frozenset(found["items"]),
            found["opened_at"],
            found["title"],
            found.get("language", PAGES),
            found["synthetic"],
        )
