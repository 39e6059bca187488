"""Commands beside intake: `python -m services.intake republish | person | held | export`."""

import argparse
import json
import sys
from collections.abc import Callable

from services.intake.store import Store, open_store
from services.intake.store.responses import NoSuchResponse
from services.intake.store.surveys import NoSuchSurvey
from services.intake.usecases import hold_person
from services.intake.usecases.export_answers import write_export
from services.intake.usecases.republish import republish
from shared import settings
from shared.bus import Publisher, load_topology
from shared.documents import connect
from shared.indexes import made_whole
from shared.jobs import TakenAway
from shared.parking import Parking
from shared.rebuild import print_held
from shared.settings import Settings

Asked = argparse.Namespace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m services.intake")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("republish", help="say again how surveys and responses stand")
    command.add_argument("survey", nargs="*", help="these only; without any, all")
    command = commands.add_parser("person", help="what is held on somebody, and its erasure")
    command.add_argument("do", choices=["show", "erase"])
    command.add_argument("who", help="an e-mail address, a link, or the id of a response")
    command.add_argument("receipt", nargs="?", help="the receipt, or the survey, of a response")
    command.add_argument(
        "--reason", help="why; kept with the erasure, and with each use of a vault"
    )
    command = commands.add_parser("held", help="what is kept of one response's events, as JSON")
    command.add_argument("member", help="a response, as SURVEY.ID")
    command = commands.add_parser("export", help="make the file of an export (for the worker)")
    command.add_argument("job")
    command.add_argument("holder")
    asked = parser.parse_args()
    configured = settings.of_command("intake")
    database = connect(configured.database_url, configured.database)
    with made_whole(database):
        store = open_store(database, configured.secret)
    try:
        _COMMANDS[asked.command](configured, store, asked)
    except NoSuchSurvey as error:
        sys.exit(f"No survey {error} was published here.")
    except NoSuchResponse as error:
        sys.exit(f"No response {error} is there.")
    except KeyboardInterrupt:
        sys.exit("Stopped; what was done stays done. Run it again to do the rest.")


def _republish(configured: Settings, store: Store, asked: Asked) -> None:
    publisher = Publisher(configured.broker_url, load_topology(configured.topology))
    try:
        republish(store, publisher.publish, _tell, asked.survey)
    finally:
        publisher.close()


def _tell(survey: str, events: int) -> None:
    print(f"{survey}: {events} events", flush=True)  # noqa: T201


def _person(_: Settings, store: Store, asked: Asked) -> None:
    """Prints as JSON what each survey holds, or held until now."""
    if asked.do == "erase" and not asked.reason:
        sys.exit("Say why with --reason.")
    reason = asked.reason or "to show it"
    if "#" in asked.who:
        people = hold_person.by_link(store, asked.who.strip().rpartition("#")[2])
    elif "@" in asked.who:
        people = hold_person.by_address(store, asked.who.strip().casefold(), reason)
    elif asked.receipt:
        survey = asked.receipt.partition(".")[0]
        people = hold_person.by_response(store, survey, asked.who, reason)
    else:
        sys.exit("Give the response's receipt, or its survey, after its id.")
    if asked.do == "erase":
        held = hold_person.erase(store, people, reason)
    else:
        held = hold_person.held(store, people)
    print(json.dumps(held, indent=1, ensure_ascii=False))  # noqa: T201
    for name in store.brought.names():
        said = f"Not looked into: the file {name!r}, which is erased within a day."
        print(said, file=sys.stderr)  # noqa: T201


def _held(_: Settings, store: Store, asked: Asked) -> None:
    parking = Parking(store.responses.documents.collection.database)
    print_held(store.tallies.fold, parking, asked.member)


def _export(_: Settings, store: Store, asked: Asked) -> None:
    job = store.exports.jobs.collection.find_one({"_id": asked.job, "holder": asked.holder})
    if job is None:
        return
    try:
        write_export(store, job)
    except TakenAway:
        return


_COMMANDS: dict[str, Callable[[Settings, Store, Asked], None]] = {
    "republish": _republish,
    "person": _person,
    "held": _held,
    "export": _export,
}


if __name__ == "__main__":
    main()
