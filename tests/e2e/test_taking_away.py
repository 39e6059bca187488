"""A planner has a file of the answers made, and fetches it."""

import pyreadstat

from tests.e2e.conftest import PHONE, eventually, press
from tests.e2e.test_every_page import check


def test_a_file_is_asked_for_watched_and_fetched_without_script(visit, groundswell, tmp_path):
    survey = groundswell.open_survey(title="Taken away")
    for _ in range(3):
        groundswell.answer(survey, "student", (5, 4), (5, 1))
    page = visit(
        f"/intake/surveys/{survey}/answers", "planner", java_script_enabled=False, viewport=PHONE
    )
    press(page, "SPSS")
    ready = page.get_by_role("heading", name="The file is ready")

    def looked_again() -> bool:
        if not ready.is_visible():
            page.get_by_role("link", name="Look again").click()
        return ready.is_visible()

    eventually(looked_again)
    with page.expect_download() as fetched:
        page.get_by_role("link", name="SPSS, 3 responses").click()
    fetched.value.save_as(tmp_path / "answers.sav")
    data, meta = pyreadstat.read_sav(str(tmp_path / "answers.sav"), output_format="dict")
    assert data["internship.satisfaction"] == [1.0] * 3
    assert meta.column_names_to_labels["year"] == "Class year"
    watched = visit(page.url.removeprefix(groundswell.url), "planner")
    check(watched)
