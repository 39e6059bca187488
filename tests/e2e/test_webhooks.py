"""A planner has another program told what happens, without script, and sees whether it took it."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect
from standardwebhooks import Webhook

from tests.e2e.conftest import PHONE, comes_to_show, eventually, press
from tests.e2e.test_every_page import check


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.told.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.told, server.answers = [], []
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    yield server
    server.shutdown()
    server.server_close()


def shows(page, text):
    comes_to_show(page, page.get_by_role("main"), text)


@pytest.fixture
def added(visit, receiver):
    """A webhook of the receiver: its page without script, and its secret."""
    page = visit("/intake/surveys", "planner", java_script_enabled=False)
    page.get_by_role("link", name="Webhooks").click()
    page.get_by_label("Address").fill(f"http://127.0.0.1:{receiver.server_port}/careers")
    press(page, "Add it and show its secret")
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", page.content())
    page.get_by_role("link", name="I have copied it").click()
    assert secret not in page.content()
    return page, secret


def test_a_webhook_is_tried_paused_and_removed_without_script(added, receiver):
    page, secret = added
    press(page, "Send a test")
    shows(page, "answered 204")
    page.get_by_role("button", name="Send again").click()
    eventually(lambda: len(receiver.told) == 2)
    for headers, body in receiver.told:
        Webhook(secret).verify(body, headers)
    press(page, "Pause")
    assert "Nothing is sent." in page.content()
    press(page, "Resume")
    receiver.answers = [410]
    press(page, "Send a test")
    shows(page, "gone for good (410)")
    page.get_by_text("Remove this webhook").click()
    press(page, "Remove it")
    expect(page.get_by_text("There is none yet.")).to_be_visible()


def test_the_pages_of_webhooks_are_accessible_and_fit(visit, added, receiver):
    receiver.answers = [500]
    press(added[0], "Send a test")
    shows(added[0], "The receiver answered 500.")
    page = visit("/intake/webhooks", "planner", viewport=PHONE)
    page.get_by_label("Address").fill("ftp://example.edu/")
    press(page, "Add it and show its secret")
    expect(page.get_by_role("alert")).to_contain_text("Begin it with https://")
    check(page)
    page.get_by_role("link", name="/careers").click()
    check(page)
    press(page, "Make a new secret")
    assert "For 24 hours the secret before it signs too" in page.content()
    check(page)
    page.get_by_role("link", name="I have copied it").click()
    press(page, "Pause")
    check(page)
    page.get_by_text("Remove this webhook").click()
    press(page, "Remove it")
