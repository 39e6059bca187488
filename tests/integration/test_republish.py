"""What intake says again fills a service that is new or was restored, and tells others nothing."""

import random

import pytest

from services.intake.store import open_store
from services.intake.usecases import change_response
from services.intake.usecases.close_survey import close_survey, seal_survey
from services.intake.usecases.count_responses import count_responses
from services.intake.usecases.create_survey import create_survey
from services.intake.usecases.erase_response import erase_response
from services.intake.usecases.publish_survey import publish_survey
from services.intake.usecases.republish import republish
from services.intake.usecases.submit_response import submit_response
from services.metrics import consumer as metrics
from services.metrics.store import open_store as open_metrics
from services.metrics.store.heads import survey_head
from services.planning import consumer as planning
from services.planning.app import open_store as open_planning
from shared.event import decode

DEFINITION = {
    "title": {"en": "Needs (synthetic)"},
    "languages": ["en"],
    "groups": ["student", "staff"],
    "minimum_group_size": 10,
    "sections": [],
    "synthetic": True,
    "items": [
        {
            "id": "advising",
            "type": "need",
            "text": {"en": "Advising"},
            "scale": {"min": 1, "max": 5},
            "required": False,
        }
    ],
}


class Centre:
    """Intake, and two that listen to it, on one database server; messages go by hand."""

    def __init__(self, database) -> None:
        def of(service: str):
            return database.client[f"{database.name}_{service}"]

        self.databases = [of(service) for service in ("intake", "planning", "metrics")]
        self.intake = open_store(self.databases[0], "a secret that is long enough")
        made = {"name": "s1", "who": "pat", "definition": DEFINITION, "digest": "x"}
        self.survey = create_survey(self.intake, unit="careers", **made).id
        publish_survey(self.intake, unit="careers", name=self.survey)
        self.listen_anew()

    def listen_anew(self) -> None:
        for database in self.databases[1:]:
            database.client.drop_database(database.name)
        self.planning = open_planning(self.databases[1])
        self.metrics = open_metrics(self.databases[2])
        self.handlers = [planning.handlers(self.planning), metrics.handlers(self.metrics)]

    def hear(self, events) -> None:
        for event in events:
            message = decode(event.body)
            for handlers in self.handlers:
                if message.type in handlers:
                    handlers[message.type]([message])

    def said(self) -> list:
        """What waits in intake's outboxes, in any order, and is taken from there."""
        found = []
        for name in ("surveys", "responses"):
            documents = self.databases[0][name]
            for document in list(documents.find({"outbox": {"$exists": True}})):
                found += [_Said(event["body"]) for event in document["outbox"]]
                documents.update_one({"_id": document["_id"]}, {"$unset": {"outbox": ""}})
            self.databases[0][f"{name}.waits"].delete_many({})
        return found

    def again(self) -> None:
        republish(self.intake, self.hear, lambda *_: None)

    def figures(self) -> list:
        heads = [self.planning.tables.head(self.survey)]
        heads.append(self.metrics.heads.fold.head(survey_head(self.survey)))
        return [(head.state, head.count, head.set_hash) for head in heads]


class _Said:
    def __init__(self, body: bytes) -> None:
        self.body = body


@pytest.fixture
def centre(database):
    centre = Centre(database)
    yield centre
    for each in centre.databases:
        each.client.drop_database(each.name)


def answer(importance: int, satisfaction: int) -> dict:
    marks = {"importance": importance, "satisfaction": satisfaction}
    return {"group": "student", "profile": {}, "answers": {"advising": marks}}


def live(centre: Centre) -> None:
    """Answers, some of which are revised, withdrawn or erased."""
    receipts = {}
    for n in range(12):
        name = f"r{n}"
        sent = submit_response(
            centre.intake, survey=centre.survey, name=name, **answer(1 + n % 5, 1 + n % 3)
        )
        receipts[name] = sent.receipt
    for name in ("r1", "r2", "r3"):
        change_response.revise_response(
            centre.intake, name=name, receipt=receipts[name], **answer(5, 1)
        )
    for name in ("r3", "r4"):
        change_response.withdraw_response(centre.intake, name=name, receipt=receipts[name])
    erase_response(centre.intake, unit="careers", survey=centre.survey, name="r5", reason="asked")


def test_a_service_that_lost_everything_is_filled_again(centre):
    live(centre)
    centre.hear(centre.said())
    before = centre.figures()
    centre.listen_anew()
    centre.again()
    after = centre.figures()
    assert [figure[1:] for figure in after] == [figure[1:] for figure in before]
    assert centre.planning.tables.head(centre.survey).count == 9


def test_those_who_heard_it_all_learn_nothing_new(centre):
    live(centre)
    centre.hear(centre.said())
    before = centre.figures()
    centre.again()
    assert centre.figures() == before


@pytest.mark.parametrize("seed", range(3))
def test_any_part_that_was_lost_is_made_good_and_what_comes_late_changes_nothing(centre, seed):
    live(centre)
    said = centre.said()
    chance = random.Random(seed)
    chance.shuffle(said)
    half = len(said) // 2
    centre.hear(said[:half])
    centre.again()
    wanted = centre.intake.responses.tally(centre.survey)
    assert [figure[1:] for figure in centre.figures()] == [wanted, wanted]
    centre.hear(said[half:])
    assert [figure[1:] for figure in centre.figures()] == [wanted, wanted]


def test_a_closing_is_said_again_too(centre):
    live(centre)
    close_survey(centre.intake, unit="careers", name=centre.survey)
    seal_survey(centre.intake, centre.intake.surveys.with_status("closing")[0])
    centre.listen_anew()
    centre.again()
    assert centre.planning.surveys.get(centre.survey).seal.count == 9


def test_reconciliation_finds_a_difference_once_nothing_can_be_on_its_way(centre):
    live(centre)
    said = centre.said()
    centre.hear(said[:1] + said[4:])
    for times_said in (1, 2):
        count_responses(centre.intake)
        centre.hear(centre.said())
        for store in (centre.planning, centre.metrics):
            store.reconciliation()
            assert len(store.reconciliation.differences()) == times_said - 1
    centre.again()
    for store in (centre.planning, centre.metrics):
        store.reconciliation()
        assert store.reconciliation.differences() == []


def test_a_survey_that_was_sealed_too_early_is_sealed_again(centre):
    """A process died between storing a late answer and saying so."""
    close_survey(centre.intake, unit="careers", name=centre.survey)
    seal_survey(centre.intake, centre.intake.surveys.with_status("closing")[0])
    centre.intake.surveys.update("careers", centre.survey, _reopen)
    submit_response(centre.intake, survey=centre.survey, name="late", **answer(3, 3))
    centre.intake.surveys.update("careers", centre.survey, _shut)
    count_responses(centre.intake)
    (closing,) = centre.intake.surveys.with_status("closing")
    seal_survey(centre.intake, closing)
    (closed,) = centre.intake.surveys.with_status("closed")
    assert (closed.seals, closed.seal["count"]) == (2, 1)


def _reopen(survey) -> list:
    survey.status = "open"
    return []


def _shut(survey) -> list:
    survey.status = "closed"
    return []
