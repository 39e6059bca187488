"""The commands of a service that folds: `replay` its heads from their contributions, list the
`differences` that reconciliation found, show what is `held` of a member, folded or set aside."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from pymongo.database import Database

from shared import settings
from shared.documents import Document, connect
from shared.fold import Fold
from shared.indexes import made_whole
from shared.parking import Parking
from shared.reconciliation import Reconciliation

Open = Callable[[Database[Document]], tuple[Fold, Reconciliation]]


def main(
    service: str,
    open_store: Open,
    arguments: Sequence[str] | None = None,
    before_replay: Callable[[Database[Document]], None] = lambda _: None,
) -> None:
    """`python -m services.<service> replay [HEAD ...] | differences | held MEMBER`, while the
    service runs.
    `before_replay` makes contributions of what the service itself is the source of."""
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}")
    commands = parser.add_subparsers(dest="command", required=True)
    replay = commands.add_parser("replay", help="compute heads anew, while the service runs")
    replay.add_argument("head", nargs="*", help="these only; without any, all")
    commands.add_parser("differences", help="what differs from what its producer holds")
    held = commands.add_parser("held", help="what is kept of one member, as JSON")
    held.add_argument("member", help="a response, as SURVEY.ID")
    asked = parser.parse_args(arguments)
    configured = settings.of_command(service)
    database = connect(configured.database_url, configured.database)
    with made_whole(database):
        fold, reconciliation = open_store(database)
    if asked.command == "replay":
        before_replay(database)
        _replay(fold, asked.head)
    elif asked.command == "held":
        print_held(fold, Parking(database), asked.member)
    else:
        _differences(reconciliation)


def _replay(fold: Fold, names: Sequence[str]) -> None:
    for name in names or fold.names():
        try:
            differed = fold.replay(name)
        except LookupError as error:
            sys.exit(f"{error}. The names of all heads: replay without any.")
        print(f"{name}: {'replaced, it differed' if differed else 'the same'}")  # noqa: T201


def print_held(fold: Fold, parking: Parking, member: str) -> None:
    """What heads keep of a member, and each message about it that was set aside; `[]` once it is
    gone."""
    kept: list[dict[str, Any]] = [
        {"head": head, "revision": each.revision, "at": each.at, "body": each.body}
        for head, each in fold.held(member)
    ]
    kept += [
        {"message": each.id, "state": each.state, "at": each.at, "body": each.body.decode()}
        for each in parking.about(member)
    ]
    print(json.dumps(kept, indent=1, ensure_ascii=False))  # noqa: T201


def _differences(reconciliation: Reconciliation) -> None:
    found = reconciliation.differences()
    for each in found:
        print(f"{each.name}: {each.stated} stated, {each.folded} folded")  # noqa: T201
    if found:
        sys.exit("Say it again: python -m services.intake republish " + found[0].name)
    print("Nothing differs.")  # noqa: T201
