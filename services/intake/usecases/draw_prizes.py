"""A prize draw: who answered may leave an address, and some of the addresses win."""

from hashlib import sha256

from marshmallow import ValidationError, validate

from services.intake.domain.survey import SurveyNotOpen
from services.intake.store import Store
from services.intake.store.draws import Draw, DrawOver
from shared import times

_email = validate.Email(error="Give an e-mail address that the centre can write to.")


class NoDraw(Exception):
    """The survey has no prize draw, or it is too early for it."""


class InvalidAddress(Exception):
    """No address that mail could be sent to."""


def enter_draw(store: Store, *, survey: str, address: str) -> None:
    """Take part, once an address. Nothing tells with which answer. Raises NoDraw, DrawOver,
    InvalidAddress, NoSuchSurvey."""
    unit = store.surveys.for_answering(survey).unit
    found = store.surveys.get(unit, survey)
    if not found.definition.get("draw"):
        raise NoDraw("Nothing is drawn in this survey.")
    try:
        _email(address.strip())
    except ValidationError as error:
        raise InvalidAddress(str(error.messages[0])) from error
    store.draws.enter(unit, survey, address.strip().casefold())


def draw_prizes(store: Store, *, unit: str, survey: str, winners: int, seed: str, who: str) -> Draw:
    """Draw the winners of a closed survey, keep them, and forget everybody else. Who has the
    addresses and the seed comes to the same winners. The same again finds them; another seed or
    number raises DrawOver. Raises NoDraw, SurveyNotOpen, NoSuchSurvey."""
    found = store.surveys.get(unit, survey)
    if not found.definition.get("draw"):
        raise NoDraw("Nothing is drawn in this survey.")
    if found.status in {"draft", "open"}:
        raise SurveyNotOpen("Close the survey first: until then people may take part.")
    before = store.draws.get(survey)
    if before is not None and (before.seed, len(before.winners)) != (
        seed,
        min(winners, before.entries),
    ):
        raise DrawOver("The winners were drawn already, and the other addresses are forgotten.")
    addresses = store.draws.addresses(survey)
    drawn = sorted(addresses, key=lambda each: sha256(f"{seed}\0{each}".encode()).digest())
    draw = Draw(survey, unit, seed, len(addresses), drawn[:winners], who, times.now())
    return store.draws.keep(before or draw)
