"""Files that are sent to be kept, for the API and the pages alike."""

from flask import Response
from gridfs import NoFile

from services.intake.exports import STREAMED, WRITTEN
from services.intake.usecases.export_answers import table_of
from shared import times, web
from shared.auth import reader
from shared.jobs import DONE
from shared.problems import Problem, not_found


def streamed(survey: str, kind: str) -> Response:
    """The answers, sent while they are read. Raises NoSuchSurvey before that."""
    store, made = web.store(), STREAMED[kind]
    columns, rows = table_of(store, store.surveys.get(reader().unit, survey))
    response = Response(made.lines(columns, rows), content_type=made.media_type)
    return _named(response, survey, kind)


def fetched(name: str) -> Response:
    """The file of an export. Raises NoSuchJob, Problem."""
    store = web.store()
    job = store.exports.jobs.get(reader().unit, name)
    if job["state"] != DONE:
        raise Problem(409, "not-done", f"This export is {job['state']}; look again later.")
    try:
        pieces = store.exports.pieces(name)
    except NoFile:
        raise not_found("file") from None
    response = Response(pieces, content_type=WRITTEN[job["kind"]].media_type)
    return _named(response, job["survey"], job["kind"])


def _named(response: Response, survey: str, kind: str) -> Response:
    name = f"{survey[:8]}-{times.now():%Y-%m-%d}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
