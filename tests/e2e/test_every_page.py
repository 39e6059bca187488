"""What holds for every page: readable for all, on a phone and on a desk, in light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import DESK, PHONE, eventually

PAGES = {
    "home": ("/", None),
    "sign in": ("/accounts/sign-in", None),
    "open surveys": ("/intake/", None),
    "answer": ("/intake/s/{survey}", None),
    "own answers": ("/intake/mine", None),
    "no survey": ("/intake/s/none", None),
    "reference": ("/intake/v1/", None),
    "surveys": ("/intake/surveys", "planner"),
    "planning": ("/planning/", "planner"),
    "needs": ("/planning/surveys/{survey}", "planner"),
    "proposals": ("/planning/proposals", "planner"),
    "proposal": ("/planning/proposals/{proposal}", "planner"),
    "goals": ("/planning/goals", "planner"),
    "problem": ("/planning/proposals/none", "planner"),
    "metrics": ("/metrics/", "administrator"),
    "wrong filter": ("/metrics/?period=x", "administrator"),
    "outcomes": ("/metrics/outcomes", "administrator"),
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
def test_a_page_is_accessible_and_fits(visit, there, name):
    path, role = PAGES[name]
    # axe is injected, which the content security policy rightly forbids.
    page = visit(path.format(**there), role, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = []
    for size, scheme in ((PHONE, "light"), (DESK, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide), f"scrolls sideways at {size['width']} px"
        found += Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_keeps_to_its_own_security_policy(visit, there, name):
    """`visit` fails on anything said on the console, such as a refused style or script."""
    path, role = PAGES[name]
    page = visit(path.format(**there), role)
    assert page.get_by_role("heading", level=1).is_visible()
    assert page.locator("html").get_attribute("lang")
