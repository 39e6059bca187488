"""Load somebody's real answers: `make load CSV=answers.csv MAPPING=mapping.json`.

From a CSV through the HTTP API to ranked needs, proposals and stored snapshots. It may be stopped
and started again at any time: the same file and mapping make the same survey and the same answers.
Then the survey is closed, unless KEEP_OPEN=yes. docs/mapping.md says what a mapping can say.
"""

import argparse
import codecs
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.client import Client, Json, NotRunning, Refused
from deploy.local import configured
from services.intake.tables.answer_table import AnswerTable, Findings
from services.intake.tables.mapping import FileMapping, InvalidMapping, read_mapping
from services.intake.tables.reading import UnreadableTable
from services.intake.tables.workbook import plain

_MOST_SHOWN = 20


def main(arguments: list[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    console = Console(soft_wrap=True)
    try:
        load(asked.csv, asked.mapping, keep_open=asked.keep_open, console=console)
    except InvalidMapping as error:
        lines = [f"  {each['field']}: {each['message']}" for each in error.errors]
        sys.exit("\n".join([f"Mend {asked.mapping}:", *lines]))
    except UnreadableTable as error:
        sys.exit(f"{asked.csv}: {error}")
    except (NotRunning, Refused) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        console.print("\nStopped. What was sent is kept: run the same command again to go on.")
        sys.exit(130)


def load(csv: Path, mapping: Path, *, keep_open: bool, console: Console) -> None:
    """Raises InvalidMapping, UnreadableTable, NotRunning, Refused; SystemExit for mistakes."""
    meaning = _meaning(mapping)
    with _opened(csv) as file, plain(file) as text:
        table = AnswerTable.open(text, meaning)
        with console.status(f"Reading {csv}"):
            findings = table.check()
        _show_findings(csv, table, findings, console)
        client = Client.of(configured().var)
        survey = client.open_survey(table.definition(findings), table.key)
        if survey["status"] == "open" and not keep_open:
            console.print("When all are in, the survey is closed. KEEP_OPEN=yes keeps it open.")
        if survey["status"] == "open":
            text.seek(0)
            _send(client, survey["id"], text, meaning, findings.rows, console)
    if keep_open and survey["status"] == "open":
        console.print(f"The survey stays open: {client.url}/planning/surveys/{survey['id']}")
        console.print(f"Close it at {client.url}/intake/surveys/{survey['id']}", highlight=False)
        return
    if survey["status"] == "open":
        client.post(f"/intake/v1/surveys/{survey['id']}/close")
        console.print("The survey is closed, so that proposals are drafted from all its answers.")
    else:
        console.print(f"This file was loaded before, and its survey is {survey['status']}.")
    wait_until_settled(client, survey["id"], console)
    show_results(client, survey["id"], survey["definition"], console)


def wait_until_settled(client: Client, survey: str, console: Console) -> None:
    """Until proposals are drafted from the closed survey and its snapshots are stored."""
    tasks: dict[str, Any] = {}
    with _progress(console) as progress:
        for step in client.settling(survey):
            if step.stage not in tasks:
                tasks[step.stage] = progress.add_task(step.stage)
            progress.update(tasks[step.stage], completed=step.done, total=step.of)


def show_results(client: Client, survey: str, definition: Json, console: Console) -> None:
    needs = client.get(f"/planning/v1/surveys/{survey}/needs")["needs"]
    console.print(_ranked(needs, {item["id"]: item["text"] for item in definition["items"]}))
    proposals = Counter(
        proposal["group"]
        for proposal in client.pages("/planning/v1/proposals", "proposals", survey=survey)
    )
    groups = (None, *definition["groups"])
    by_group = ", ".join(f"{group or 'everybody'} {proposals[group]}" for group in groups)
    snapshots = sum(1 for _ in client.snapshots(survey))
    console.print(f"{len(needs)} needs, {snapshots} snapshots, {proposals.total()} proposals:")
    console.print(f"{by_group}\n", highlight=False)
    for path, what in (
        (f"/planning/surveys/{survey}", "needs, for everybody and by group"),
        (f"/planning/proposals?survey={survey}", "proposals to decide on"),
        (f"/metrics/?segment=survey:{survey}", "snapshots"),
    ):
        console.print(f"{client.url}{path}  {what}", highlight=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("csv", type=Path, help="one line a respondent, with a header")
    parser.add_argument("mapping", type=Path, help="what the columns mean, as JSON")
    parser.add_argument("--keep-open", action="store_true", help="do not close the survey")
    return parser


def _meaning(mapping: Path) -> FileMapping:
    try:
        return read_mapping(mapping.read_bytes().removeprefix(codecs.BOM_UTF8))
    except OSError as error:
        sys.exit(f"{mapping} cannot be read: {error.strerror}.")


def _opened(csv: Path) -> BinaryIO:
    try:
        return csv.open("rb")
    except OSError as error:
        sys.exit(f"{csv} cannot be read: {error.strerror}.")


def _show_findings(csv: Path, table: AnswerTable, findings: Findings, console: Console) -> None:
    """What was found in the file; SystemExit if there are mistakes in it."""
    shown = [
        f"  line {line}, column {column}: {text}" + (f" ({n} lines)" if n > 1 else "")
        for (column, text), (line, n) in list(findings.mistakes.items())[:_MOST_SHOWN]
    ]
    if shown:
        left = len(findings.mistakes) - len(shown)
        shown += [f"  and {left} other mistakes"] if left else []
        sys.exit("\n".join([f"Nothing was sent. Mend {csv}:", *shown]))
    if not findings.rows:
        sys.exit(f"{csv} has no answers.")
    groups = ", ".join(f"{group} {n}" for group, n in sorted(findings.groups.items()))
    console.print(f"{findings.rows} rows as {table.layout.encoding}; {groups}", highlight=False)
    if table.unread:
        console.print(f"Not loaded: {', '.join(table.unread)}", highlight=False)
    for (column, value), n in sorted(findings.blanked.items()):
        console.print(f"Taken as missing: {value!r} in {column}, {n} times", highlight=False)
    for item, n in sorted(findings.halves.items()):
        console.print(f"Left out of {item}, as one part only is rated: {n}", highlight=False)


def _send(
    client: Client, survey: str, file: BinaryIO, mapping: FileMapping, rows: int, console: Console
) -> None:
    """SystemExit where not all of it was taken."""
    began = time.monotonic()
    job: Json = {}
    with _progress(console) as progress:
        task = progress.add_task("Taking in answers", total=rows)
        for job in client.import_answers(survey, file, mapping.canonical):
            progress.update(task, completed=job["rows"])
    seconds = time.monotonic() - began
    console.print(f"{rows} answers in {seconds:.1f} s, {rows / seconds:.0f} a second")
    if job["new"] < job["taken"]:
        console.print(f"{job['taken'] - job['new']} of {rows} answers were there already.")
    refused = [f"  row {e['row']}, {e['field']}: {e['message']}" for e in job["refused"]]
    if refused or job["problem"]:
        taken = f"{job['taken']} of {rows} answers were taken. {job['problem']}"
        sys.exit("\n".join([taken, *refused[:_MOST_SHOWN]]))


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield progress


def _ranked(needs: list[Json], texts: Mapping[str, Mapping[str, str]]) -> Table:
    derived = any(need["derived_importance"] for need in needs)
    table = Table(title="Needs, greatest first", title_justify="left", box=SIMPLE)
    table.add_column("need")
    for name in ("rank", "n", "importance", "satisfaction", "strength"):
        table.add_column(name, justify="right", no_wrap=True)
    for need in needs:
        weight = need["derived_importance"] or {}
        table.add_row(
            next(iter(texts[need["item"]].values())),
            _place(need),
            str(need["n"]),
            _number(weight.get("beta") if derived else need["importance_mean"]),
            _number(need["satisfaction_mean"]),
            _number(weight.get("priority") if derived else need["mwds"]),
        )
    table.caption = (
        "importance: standardised coefficient on overall satisfaction; strength: priority, 0 to 1"
        if derived
        else "strength: mean weighted discrepancy score"
    )
    return table


def _place(need: Json) -> str:
    if need["rank"] is None:
        return "-"
    low, high = need["rank_interval"] or (need["rank"], need["rank"])
    return f"{need['rank']} ({low} to {high})" if low < high else str(need["rank"])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
