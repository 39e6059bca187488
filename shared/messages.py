"""Messages that no retry could heal: list them, look into one, have it tried again, give it up.

python -m shared.messages parked | show ID | replay ID [ID...] | replay --all | drop ID

Ends with 0 when all was done, with 1 when a replayed message was not handled, with 2 when nothing
could be done.
"""

import argparse
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, PyMongoError

from shared import settings, times
from shared.documents import Document, NotThere, connect, worker_seen
from shared.parking import Parked, Parking

_DONE, _NOT_HANDLED, _CANNOT = 0, 1, 2
_HANDLED = "handled"
_PATIENCE_SECONDS, _LOOK_SECONDS = 10.0, 0.1
_LEAST_PREFIX, _SHORT_ID = 4, 12
_CELL_CHARACTERS = 100
_HELP = """\
An ID may be cut short, to four characters or more, where no other message begins with them.
Without GROUNDSWELL_DATABASE_URL the local run in GROUNDSWELL_VAR (./var) is looked at."""


class CannotDo(Exception):
    """What was asked for cannot be done; the text says what to do instead."""


@dataclass(frozen=True)
class Service:
    """One service's messages."""

    name: str
    database: Database[Document]

    @property
    def parking(self) -> Parking:
        return Parking(self.database)


@dataclass(frozen=True)
class Found:
    """A message that was asked for, as it stood then."""

    service: Service
    message: Parked

    def __str__(self) -> str:
        return f"{self.service.name} {self.message.id[:_SHORT_ID]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; answers the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        url = settings.of_a_run().str("DATABASE_URL")
        with connect(url, "admin").client as client:
            status: int = asked.do(_services(client, asked.service), asked)
    except (CannotDo, settings.NoRun) as error:
        return _give_up(str(error))
    except NotThere:
        return _give_up("That message was handled or dropped this very moment.")
    except ConnectionFailure as error:
        where = str(error).partition(" (configured")[0].partition(", Timeout:")[0]
        return _give_up(f"The database does not answer ({where}). Start it, or Groundswell.")
    except PyMongoError as error:
        return _give_up(f"The database refuses: {error}")
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    service = argparse.ArgumentParser(add_help=False)
    service.add_argument("--service", help="only this service's messages")
    parser = argparse.ArgumentParser(
        prog="python -m shared.messages",
        description=(__doc__ or "").partition("\n")[0],
        epilog=_HELP,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, do: Any, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=[service], help=text, description=text)
        command.set_defaults(do=do)
        return command

    add("parked", _list, "List the messages that wait for a person.")
    show = add("show", _show, "Show one: why it failed, where, and what it says.")
    show.add_argument("id", metavar="ID")
    replay = add("replay", _replay, "Have the services try messages again, once the cause is gone.")
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument("ids", metavar="ID", nargs="*", default=[])
    which.add_argument("--all", action="store_true", help="all that are parked")
    drop = add("drop", _drop, "Give one up: it is shown a last time and deleted.")
    drop.add_argument("id", metavar="ID")
    return parser


def _services(client: MongoClient[Document], only: str | None) -> list[Service]:
    """Those that have a database there: every one that ever ran. Raises CannotDo."""
    found = {
        name.removeprefix(settings.DATABASES): client[name]
        for name in sorted(client.list_database_names())
        if name.startswith(settings.DATABASES)
    }
    if only is not None and only not in found:
        there = ", ".join(found) or "none at all"
        raise CannotDo(f"There is no service {only!r} in this database; there are: {there}.")
    return [Service(name, found[name]) for name in found if only in {None, name}]


def _list(services: list[Service], _: argparse.Namespace) -> int:
    rows = [_row(service, each) for service in services for each in service.parking.parked()]
    if rows:
        heading = ("ID", "SERVICE", "TYPE", "SUBJECT", "ATTEMPTS", "LAST FAILED AT", "REASON")
        for line in _aligned([heading, *rows]):
            _say(line)
        _say("\nSee why with: show ID. When the cause is gone: replay ID, or replay --all.")
    else:
        _say("No message is parked.")
    waiting = sum(service.parking.count("waiting") for service in services)
    if waiting:
        _say(f"{waiting} more failed and will be tried again without your doing.")
    return _DONE


def _show(services: list[Service], asked: argparse.Namespace) -> int:
    _print(_find(services, asked.id))
    return _DONE


def _replay(services: list[Service], asked: argparse.Namespace) -> int:
    """The services' own workers try them; this waits for what becomes of it."""
    if asked.all:
        found = [Found(each, message) for each in services for message in each.parking.parked()]
    else:
        found = [_find(services, name) for name in asked.ids]
    by_name = {str(each): each for each in found}
    for each in by_name.values():
        with suppress(NotThere):  # handled this very moment
            each.service.parking.replay(each.message.id)
    handled = 0
    patient_until = time.monotonic() + _PATIENCE_SECONDS
    for name, each in by_name.items():
        outcome = _wait_for_outcome(each, patient_until)
        if outcome is not None:
            patient_until = time.monotonic() + _PATIENCE_SECONDS
        handled += outcome == _HANDLED
        _say(f"{name} {outcome or _not_yet(each.service)}")
    _say(f"{handled} of {len(by_name)} handled.")
    return _DONE if handled == len(by_name) else _NOT_HANDLED


def _wait_for_outcome(asked: Found, until: float) -> str | None:
    while (outcome := _outcome(asked)) is None and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    return outcome


def _outcome(asked: Found) -> str | None:
    """What became of a message since it was asked for; None when nothing did yet."""
    try:
        now = asked.service.parking.get(asked.message.id)
    except NotThere:
        return _HANDLED
    if now.attempts == asked.message.attempts:
        return None
    return f"failed again, {_state(now)}: {_cell(now.reason)}"


def _not_yet(service: Service) -> str:
    seen = worker_seen(service.database)
    when = "was never seen" if seen is None else f"was last seen at {times.rfc3339(seen)}"
    return f"not tried yet: the worker {when}. It is tried as soon as the worker runs."


def _drop(services: list[Service], asked: argparse.Namespace) -> int:
    found = _find(services, asked.id)
    _print(found)
    found.service.parking.drop(found.message.id)
    _say(f"\nDropped. What it says will never reach {found.service.name}.")
    return _DONE


def _find(services: list[Service], prefix: str) -> Found:
    """The one message whose id begins so. Raises CannotDo."""
    if len(prefix) < _LEAST_PREFIX:
        raise CannotDo(f"Give at least {_LEAST_PREFIX} characters of the id, not {prefix!r}.")
    named = [(each, name) for each in services for name in each.parking.starting_with(prefix)]
    if not named:
        raise CannotDo(f"No message has the id {prefix}: it was handled or dropped, or mistyped.")
    if len({name for _, name in named}) > 1:
        ids = ", ".join(sorted({name for _, name in named})[:5])
        raise CannotDo(f"Several ids begin with {prefix}: {ids}. Give more of it.")
    if len(named) > 1:
        options = " or ".join(f"--service {each.name}" for each, _ in named)
        raise CannotDo(f"Several services have set {prefix} aside: say which with {options}.")
    service, name = named[0]
    return Found(service, service.parking.get(name))


def _print(found: Found) -> None:
    message = found.message
    for name, value in (
        ("id", message.id),
        ("service", found.service.name),
        ("type", _type(message.body)),
        ("subject", message.subject or "-"),
        ("state", _state(message)),
        ("attempts", str(message.attempts)),
        ("failed", f"first {message.since}, last {message.at}"),
        ("reason", message.reason),
    ):
        _say(f"{name:8} {_plain(value)}")
    _say(f"\n{_plain(message.trace.rstrip())}\n\n{_plain(_pretty(message.body))}")


def _row(service: Service, message: Parked) -> tuple[str, ...]:
    name, attempts, subject = message.id[:_SHORT_ID], str(message.attempts), message.subject or "-"
    kind = _type(message.body)
    cells = (name, service.name, kind, subject, attempts, message.at, message.reason)
    return tuple(map(_cell, cells))


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _state(message: Parked) -> str:
    if message.state == "parked":
        return "parked" if message.due is None else "parked, to be tried now"
    return f"to be tried again at {message.due}"


def _type(body: bytes) -> str:
    """As far as the body is an envelope."""
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "not JSON"
    return str(envelope.get("type", "-")) if isinstance(envelope, dict) else "no envelope"


def _pretty(body: bytes) -> str:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "backslashreplace")


def _cell(text: str) -> str:
    line = _plain(" ".join(text.split()))
    return line if len(line) <= _CELL_CHARACTERS else line[: _CELL_CHARACTERS - 1] + "…"


def _plain(text: str) -> str:
    """Without what would make a terminal do things: the text may be anybody's."""
    shown = (c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
    return "".join(shown)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _give_up(text: str) -> int:
    print(text, file=sys.stderr)  # noqa: T201
    return _CANNOT


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as any tool that is piped into head
    sys.exit(main())
