"""Who is forgotten is forgotten everywhere; what was decided and recorded stays."""

from datetime import timedelta

from services.intake.usecases.close_survey import close_survey, seal_survey
from services.intake.usecases.erase_expired import erase_expired
from services.intake.usecases.hold_person import erase_person
from services.intake.usecases.submit_response import submit_response
from services.planning.usecases.draft_proposals import draft_closed_surveys
from shared import times
from tests.integration.test_republish import DEFINITION, Centre, answer
from tests.integration.test_republish import centre as centre  # noqa: PLC0414  # a fixture


def answered(centre: Centre, n: int) -> None:
    for number in range(n):
        submit_response(centre.intake, survey=centre.survey, name=f"r{number}", **answer(5, 1))


def close(centre: Centre) -> None:
    for closing in centre.intake.surveys.with_status("closing"):
        seal_survey(centre.intake, closing)
    centre.hear(centre.said())
    draft_closed_surveys(centre.planning)


def test_an_erased_person_is_in_no_service(centre):
    answered(centre, 3)
    centre.hear(centre.said())
    folds = [centre.planning.tables, centre.metrics.heads.fold]
    key = f"{centre.survey}.r1"
    assert [len(fold.held(key)) for fold in folds] == [1, 1]
    erase_person(centre.intake, centre.survey, "r1", "asked for it")
    centre.hear(centre.said())
    assert [fold.held(key) for fold in folds] == [[], []]
    assert [figure[1] for figure in centre.figures()] == [2, 2]


def test_answers_go_when_their_time_is_over_and_proposals_stay(centre, monkeypatch):
    kept = {**DEFINITION, "retention_days": 30}

    def keeping(survey) -> list:
        survey.definition, survey.published = kept, [kept]
        return []

    centre.intake.surveys.update("careers", centre.survey, keeping)
    answered(centre, 12)
    close_survey(centre.intake, unit="careers", name=centre.survey)
    close(centre)
    drafted = centre.planning.proposals.page("careers", {}, after=None, limit=50)
    assert drafted
    later = times.now() + timedelta(days=31)
    monkeypatch.setattr("shared.times.now", lambda: later)
    while erase_expired(centre.intake):
        centre.hear(centre.said())
        draft_closed_surveys(centre.planning)
    close(centre)
    assert [figure[1] for figure in centre.figures()] == [0, 0]
    assert centre.planning.surveys.due() == []
    assert centre.planning.proposals.page("careers", {}, after=None, limit=50) == drafted
