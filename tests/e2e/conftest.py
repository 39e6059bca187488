"""The whole of Groundswell, started as its users start it, and a browser to look at it."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests import servers
from tests.mailbox import Mailbox, serving

ROOT = Path(__file__).parents[2]
SERVICES = ("accounts", "intake", "planning", "metrics")
PATIENCE_SECONDS = 200
_LOOK_MS = 30_000
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}

expect.set_options(timeout=_LOOK_MS)

NO_MISTAKES = (
    # To a form with mistakes a page answers 422.
    "the server responded with a status of 4",
    # The test was faster than the browser, and had its focus where it wrote already.
    "Autofocus processing was blocked because a document already has a focused element",
)

DEFINITION = {
    "title": {"en": "What do you need?", "es": "¿Qué necesita usted?"},
    "languages": ["en", "es"],
    "groups": ["student", "employer"],
    "minimum_group_size": 3,
    "synthetic": True,
    "introduction": {"en": "Two minutes, and the centre knows more."},
    "sections": [{"id": "services", "title": {"en": "Services", "es": "Servicios"}}],
    "items": [
        {
            "id": "advising",
            "section": "services",
            "type": "need",
            "text": {"en": "One-to-one advising", "es": "Asesoramiento"},
            "scale": {"min": 1, "max": 5},
            "required": True,
        },
        {
            "id": "internship",
            "section": "services",
            "type": "need",
            "text": "Finding an internship",
            "scale": {"min": 1, "max": 5},
        },
        {
            "id": "year",
            "type": "single_choice",
            "role": "profile",
            "text": "Class year",
            "choices": [{"value": "first", "text": "First"}, {"value": "later", "text": "Later"}],
        },
        {
            "id": "overall",
            "type": "rating",
            "role": "overall_satisfaction",
            "text": "All in all",
            "scale": {"min": 1, "max": 7},
            "required": True,
        },
        {
            "id": "why",
            "type": "text",
            "text": "What was missing?",
            "max_length": 200,
            "visible_if": {"<": [{"var": "overall"}, 4]},
        },
    ],
}


@dataclass
class Run:
    """A running Groundswell and the access it wrote down."""

    url: str
    tokens: dict[str, str]
    http: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, role: str = "planner", **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        answer = self.http.request(method, self.url + path, headers=headers, timeout=30, **options)
        answer.raise_for_status()
        return answer.json()

    def open_survey(self, **changes: Any) -> str:
        survey = self.call("POST", "/intake/v1/surveys", json={**DEFINITION, **changes})["id"]
        self.call("POST", f"/intake/v1/surveys/{survey}/publish")
        return survey

    def answer(self, survey: str, group: str, *pairs: tuple[int, int]) -> None:
        """One response with these (importance, satisfaction), in the order of the needs."""
        needs = zip(("advising", "internship"), pairs, strict=True)
        answers = {name: {"importance": i, "satisfaction": s} for name, (i, s) in needs}
        body = {"id": uuid.uuid4().hex, "group": group, "answers": {**answers, "overall": 5}}
        self.call("POST", f"/intake/v1/surveys/{survey}/responses", json=body)


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def press(page: Page, name: str) -> None:
    """The button, and wait for what it leads to."""
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


def eventually(ask: Callable[[], Any]) -> Any:
    """What `ask` answers once that is true; fails when it never is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := ask()):
        assert time.monotonic() < deadline, "what was waited for never came"
        time.sleep(0.05)
    return found


def comes_to_show(page: Page, part: Locator, text: str) -> None:
    """Load the page again until this part of it says so."""

    def shows() -> bool:
        page.reload()
        return text in part.inner_text()

    eventually(shows)


@pytest.fixture(scope="package")
def mailbox():
    """Where the run's letters go."""
    with serving(Mailbox()) as box:
        yield box


@pytest.fixture(scope="package")
def groundswell(tmp_path_factory, mailbox):
    """One local run for all tests here: afterwards it would keep a core busy for nothing. It must
    end by itself, and well, when it is told to stop."""
    var = tmp_path_factory.mktemp("var")
    environment = {
        **os.environ,
        "GROUNDSWELL_VAR": str(var),
        "GROUNDSWELL_PORT": str(servers.free_port()),
        "GROUNDSWELL_CUT_SECONDS": "0.5",
        "GROUNDSWELL_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}",
        "GROUNDSWELL_SMTP_FROM": "Career centre <careers@example.edu>",
        "GROUNDSWELL_WEBHOOK_PRIVATE": "true",
    }
    with (var / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local"],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
        try:
            yield eventually(lambda: ready(process, var))
        finally:
            process.send_signal(signal.SIGINT)
            ended = process.wait(PATIENCE_SECONDS)
    assert ended == 0, (var / "output").read_text()


def ready(process: subprocess.Popen[bytes], var: Path) -> Run | None:
    assert process.poll() is None, (var / "output").read_text()
    if not (var / "local.json").exists():
        return None
    access = json.loads((var / "local.json").read_text())
    try:
        for name in SERVICES:
            answer = requests.get(f"{access['url']}/{name}/ready", timeout=5)
            if not answer.ok or answer.json()["worker_seen"] is None:
                return None
    except requests.RequestException:
        return None
    return Run(access["url"], access["tokens"])


@pytest.fixture
def visit(browser, groundswell):
    """Opens pages: `visit(path, role=None, **options of the browser's context)`. What a page says
    on its console is an error of the test."""
    contexts, said = [], []

    def visit(path: str, role: str | None = None, **options: Any):
        context = browser.new_context(**{"viewport": DESK, **options})
        contexts.append(context)
        if role is not None:
            token = groundswell.tokens[role]
            cookie = {"name": "groundswell_session", "value": token, "url": groundswell.url}
            context.add_cookies([cookie])
        page = context.new_page()
        page.set_default_timeout(_LOOK_MS)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(groundswell.url + path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert [text for text in said if not any(fine in text for fine in NO_MISTAKES)] == []
