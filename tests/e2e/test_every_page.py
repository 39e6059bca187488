"""What holds for every page: readable for all, on a phone and on a desk, in light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, eventually, press

PAGES = {
    "home": ("/", None),
    "sign in": ("/accounts/sign-in", None),
    "open surveys": ("/intake/", None),
    "answer": ("/intake/s/{survey}", None),
    "own answers": ("/intake/mine", None),
    "no survey": ("/intake/s/none", None),
    "reference": ("/intake/v1/", None),
    "surveys": ("/intake/surveys", "planner"),
    "watch": ("/intake/surveys/{survey}", "planner"),
    "preview": ("/intake/surveys/{survey}/preview", "planner"),
    "take answers away": ("/intake/surveys/{survey}/answers", "planner"),
    "build": ("/intake/surveys/{survey}/build", "planner"),
    "build a question": ("/intake/surveys/{survey}/items/why", "planner"),
    "build a section": ("/intake/surveys/{survey}/sections/services", "planner"),
    "survey settings": ("/intake/surveys/{survey}/settings", "planner"),
    "bring answers": ("/intake/bring", "planner"),
    "planning": ("/planning/", "planner"),
    "needs": ("/planning/surveys/{survey}", "planner"),
    "proposals": ("/planning/proposals", "planner"),
    "proposal": ("/planning/proposals/{proposal}", "planner"),
    "goals": ("/planning/goals", "planner"),
    "problem": ("/planning/proposals/none", "planner"),
    "metrics": ("/metrics/", "administrator"),
    "wrong filter": ("/metrics/?period=x", "administrator"),
    "outcomes": ("/metrics/outcomes", "administrator"),
    "accounts": ("/accounts/", "administrator"),
}


@pytest.fixture(scope="module")
def there(groundswell):
    """A survey with answers and proposals, so that no page is empty."""
    survey = groundswell.open_survey(title="Looked at")
    for _ in range(4):
        groundswell.answer(survey, "student", (5, 4), (5, 1))
        groundswell.answer(survey, "employer", (3, 2), (2, 4))
    path = f"/planning/v1/surveys/{survey}/proposals"
    eventually(lambda: survey in str(groundswell.call("GET", "/planning/v1/surveys")))
    eventually(lambda: groundswell.call("GET", f"/planning/v1/surveys/{survey}")["n"] == 8)
    proposals = groundswell.call("POST", path)["proposals"]
    return {"survey": survey, "proposal": proposals[0]["id"]}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_fits_and_keeps_to_its_security_policy(visit, there, name):
    """`visit` fails on what the console says, such as a refused style or script."""
    path, role = PAGES[name]
    page = visit(path.format(**there), role)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    check(page)


def test_what_follows_an_answer_is_accessible_and_fits(visit, there):
    page = visit(f"/intake/s/{there['survey']}")
    # Without the form's own script, which would ask in place.
    page.route("**/answer.js", lambda route: route.fulfill(content_type="text/javascript", body=""))
    page.reload()
    press(page, "Send my answers")
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)
    for field in ("group", "a.advising.importance", "a.advising.satisfaction", "a.overall"):
        page.locator(f'input[name="{field}"]').first.check()
    press(page, "Send my answers")
    expect(page.get_by_text("one more question")).to_be_visible()
    check(page)
    press(page, "Send my answers")
    expect(page.get_by_role("heading", name="Your receipt")).to_be_visible()
    check(page)
    press(page, "See or change my answers")
    check(page)
    press(page, "Take my answers back")
    check(page)


def test_a_refused_decision_is_accessible_and_fits(visit, there):
    page = visit(f"/planning/proposals/{there['proposal']}", "planner")
    page.get_by_label("Accept").check()
    page.get_by_label("Reason").fill("Because.")
    press(page, "Decide")
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)


def check(page):
    """On a phone in the light and on a desk in the dark: no barrier that axe knows of, and no
    scrolling sideways."""
    page.wait_for_load_state()
    found = []
    for size, scheme in ((PHONE, "light"), (DESK, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide), f"scrolls sideways at {size['width']} px"
        found += Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
