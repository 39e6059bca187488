"""`python -m services.intake republish [SURVEY ...]`, for a listener that is new or restored."""

import argparse
import sys

from services.intake.store import open_store
from services.intake.store.surveys import NoSuchSurvey
from services.intake.usecases.republish import republish
from shared import settings
from shared.bus import Publisher, load_topology
from shared.documents import connect


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m services.intake")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("republish", help="say again how surveys and responses stand")
    command.add_argument("survey", nargs="*", help="these only; without any, all")
    asked = parser.parse_args()
    configured = settings.of_command("intake")
    database = connect(configured.database_url, configured.database)
    publisher = Publisher(configured.broker_url, load_topology(configured.topology))
    try:
        store = open_store(database, configured.secret)
        republish(store, publisher.publish, _tell, asked.survey)
    except NoSuchSurvey as error:
        sys.exit(f"No survey {error} was published here.")
    except KeyboardInterrupt:
        sys.exit("Stopped; what was said stays said. Run it again to say the rest.")
    finally:
        publisher.close()


def _tell(survey: str, events: int) -> None:
    print(f"{survey}: {events} events", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
