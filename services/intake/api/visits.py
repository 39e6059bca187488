"""Where people leave a survey, and how long those take who finish."""

from typing import Any

from marshmallow import Schema, fields

from services.intake.usecases.count_visits import drop_off
from shared import web
from shared.auth import reader, requires

visits = web.Blueprint("visits", __name__, url_prefix="/v1/surveys", description="Drop-off")


class LeftSchema(Schema):
    item = fields.String()
    visits = fields.Integer()


class SecondsSchema(Schema):
    n = fields.Integer()
    lower_quartile = fields.Float(allow_none=True)
    median = fields.Float(allow_none=True)
    upper_quartile = fields.Float(allow_none=True)


class DropOffSchema(Schema):
    started = fields.Integer(metadata={"description": "Visits in which something was answered."})
    completed = fields.Integer()
    left_at = fields.List(
        fields.Nested(LeftSchema),
        metadata={"description": "The last item that was answered in those not completed."},
    )
    seconds = fields.Nested(SecondsSchema)


@visits.get("/<name>/drop_off")
@visits.response(200, DropOffSchema)
@requires("planner", "administrator")
def read(name: str) -> Any:
    """What pages with script tell of themselves; none of it leads to an answer."""
    found = drop_off(web.store(), unit=reader().unit, survey=name)
    lower, median, upper = found.quartiles or (None, None, None)
    return {
        "started": found.started,
        "completed": found.completed,
        "left_at": [{"item": item, "visits": count} for item, count in found.left_at],
        "seconds": {
            "n": found.timed,
            "lower_quartile": lower,
            "median": median,
            "upper_quartile": upper,
        },
    }
