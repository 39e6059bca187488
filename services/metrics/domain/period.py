"""Years that run from 1 July to 30 June: a graduating class, or an academic year.

NACE's First-Destination standards: the class of Y graduated from 1 July Y-1 to 30 June Y, and
collection closes on 31 December Y.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

FIRST_YEAR, LAST_YEAR = 1900, 9999
_JULY = 7
_SPAN = re.compile(r"\d{4}-07-01/\d{4}-06-30", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)


class UnknownPeriod(ValueError):
    def __init__(self, given: object) -> None:
        super().__init__(
            f"{given!r} is no period: give the year of its end, such as 2015, or both days, "
            f"such as 2014-07-01/2015-06-30; years from {FIRST_YEAR} to {LAST_YEAR}."
        )


@dataclass(frozen=True, order=True)
class Period:
    """A span of whole days, both ends included."""

    grain: str
    start: date
    end: date

    @classmethod
    def of_year(cls, year: int, grain: str = "class_year") -> "Period":
        """The year that ends on 30 June of `year`."""
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise UnknownPeriod(year)
        return cls(grain, date(year - 1, _JULY, 1), date(year, 6, 30))

    @classmethod
    def containing(cls, moment: date | datetime, grain: str = "class_year") -> "Period":
        """The year in which this day falls. A time counts on its own calendar day, as written."""
        return cls.of_year(moment.year + (moment.month >= _JULY), grain)

    @classmethod
    def parse(cls, given: object, grain: str = "class_year") -> "Period":
        """Read `2015`, `"2015"`, `"2014-07-01/2015-06-30"` or a snapshot's own period object."""
        text = str(given) if type(given) is int else given
        if isinstance(given, Mapping) and given.get("grain", grain) == grain:
            text = f"{given.get('start')}/{given.get('end')}"
        if isinstance(text, str) and _YEAR.fullmatch(text):
            return cls.of_year(int(text), grain)
        if isinstance(text, str) and _SPAN.fullmatch(text):
            period = cls.of_year(int(text[11:15]), grain)
            if period.span == text:
                return period
        raise UnknownPeriod(given)

    @property
    def year(self) -> int:
        return self.end.year

    @property
    def span(self) -> str:
        """Both days, as ISO 8601 writes an interval."""
        return f"{self.start.isoformat()}/{self.end.isoformat()}"

    @property
    def last_moment(self) -> datetime:
        """The last millisecond of the last day, UTC."""
        return datetime.combine(self.end, time(23, 59, 59, 999_000), UTC)

    @property
    def collection_closes(self) -> date:
        return date(self.year, 12, 31)

    def as_dict(self) -> dict[str, str]:
        return {
            "grain": self.grain,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
        }
