"""An administrator records outcomes and looks figures up, as they are and as they were."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import eventually, press

HEADER = "source,key,metric,period,college,category\n"
CLASS_OF_2024 = "/metrics/?metric=nace.knowledge_rate&period=2024&segment=college:Arts"


def row(key, category="military"):
    return f"fds,{key},nace.first_destination,2024,Arts,{category}\n"


def record(page, *rows):
    page.get_by_label("Or paste it here").fill(HEADER + "".join(rows))
    press(page, "Record")
    return page.get_by_role("status").inner_text()


@pytest.fixture
def known(visit):
    """Twelve graduates of 2024, three of whom nobody knows about, and the page that shows it."""
    page = visit("/metrics/outcomes", "administrator")
    said = record(page, *(row(f"g{n}", "unknown" if n < 3 else "military") for n in range(12)))
    assert re.match(r"\d+ recorded, \d+ corrected, \d+ known already", said)
    page = visit(CLASS_OF_2024, "administrator")
    eventually(lambda: page.reload() and page.get_by_text("9 / 12").count() == 1)
    return page


def test_a_rate_stands_beside_its_numerator_and_denominator(known):
    expect(known.get_by_text("75.0 %")).to_be_visible()


def test_a_corrected_outcome_leaves_the_past_as_it_was_known(visit, known):
    then = known.locator("td time").last.get_attribute("datetime")
    record(visit("/metrics/outcomes", "administrator"), row("g0", "self_employed"))
    eventually(lambda: known.reload() and known.get_by_text("10 / 12").count() == 1)
    page = visit(f"{CLASS_OF_2024}&recorded_at={then}", "planner")
    expect(page.get_by_text("9 / 12")).to_be_visible()


def test_the_same_query_is_there_as_csv(known):
    with known.expect_download() as download:
        known.get_by_role("link", name="All of it as CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [(each["metric"], each["college"], each["n"]) for each in rows] == [
        ("nace.knowledge_rate", "Arts", "12")
    ]


def test_each_bad_row_is_named_and_the_table_kept(visit):
    page = visit("/metrics/outcomes", "administrator")
    page.get_by_label("Or paste it here").fill(HEADER + row("a") + row("b", "rich") + row(""))
    press(page, "Record")
    bad = page.get_by_role("alert").get_by_role("listitem").all_inner_texts()
    assert [line[:6] for line in bad] == ["Row 2:", "Row 3:"]
    assert "category" in bad[0]
    assert "rich" in page.get_by_label("Or paste it here").input_value()


def test_a_filter_that_makes_no_sense_says_so_beside_its_field(visit):
    page = visit("/metrics/?period=next&recorded_at=2999-01-01", "administrator")
    assert page.get_by_label("Year it ends in").get_attribute("aria-invalid") == "true"
    expect(page.locator("#recorded_at-error")).to_contain_text("has not come yet")


def test_an_administrator_takes_a_snapshot_on_demand(visit, known):
    page = visit("/metrics/", "administrator")
    press(page, "Take a snapshot now")
    assert re.match(
        r"\d+ new snapshots|Nothing had changed", page.get_by_role("status").inner_text()
    )
    expect(visit("/metrics/", "planner").get_by_role("button", name="Take")).to_have_count(0)
