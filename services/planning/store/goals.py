"""The institution's goals."""

from dataclasses import asdict

from pymongo.database import Database

from services.planning.domain.goal import InstitutionalGoal
from shared.documents import AlreadyThere, Document, Documents

SCHEMA = 1


class InstitutionalGoals:
    def __init__(self, database: Database[Document]) -> None:
        self.documents = Documents(database["institutional_goals"])

    def ensure_indexes(self) -> None:
        self.documents.ensure_indexes(("unit", "_id"))

    def add(self, goal: InstitutionalGoal) -> InstitutionalGoal:
        """Store it; answers what is stored under its id, which may have been there before."""
        fields = asdict(goal)
        try:
            self.documents.insert({"_id": fields.pop("id"), "schema": SCHEMA, **fields})
        except AlreadyThere:
            return _goal(self.documents.get(goal.id) or {})
        return goal

    def all(self, unit: str) -> dict[str, InstitutionalGoal]:
        """Every goal of a unit by id; an institution has tens of them."""
        return {each["_id"]: _goal(each) for each in self.documents.collection.find({"unit": unit})}

    def page(self, unit: str, *, after: str | None, limit: int) -> list[InstitutionalGoal]:
        found = self.documents.collection.find({"unit": unit, "_id": {"$gt": after or ""}})
        return [_goal(each) for each in found.sort("_id", 1).limit(limit)]


def _goal(document: Document) -> InstitutionalGoal:
    names = ("unit", "title", "weight", "period")
    return InstitutionalGoal(id=document["_id"], **{name: document[name] for name in names})
