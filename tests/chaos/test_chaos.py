"""A short run on each broker finds nothing; one with a guarantee taken out finds what is lost."""

import pytest

from tests.chaos.__main__ import told
from tests.chaos.run import Plan, Report, run
from tests.chaos.storm import KINDS


def chaos(folder, database, broker, plan: Plan) -> Report:
    report = run(folder, database, broker, plan)
    print("\n".join(told(report)))
    return report


def test_the_embedded_broker_loses_and_doubles_nothing(tmp_path, own_secantusd):
    plan = Plan(seconds=5, kills=8, seed=20261123, away=1)
    report = chaos(tmp_path, own_secantusd, tmp_path / "messages.sqlite", plan)
    assert not report.findings
    assert report.kills.keys() == KINDS.keys()
    assert report.standing == report.stored > 50
    assert report.refused
    assert report.absence.during


def test_rabbitmq_loses_and_doubles_nothing(tmp_path, own_secantusd, own_rabbitmq):
    """With few kills, the node's the last: it takes ten seconds until it may be killed."""
    report = chaos(tmp_path, own_secantusd, own_rabbitmq, Plan(seconds=4, kills=4, seed=78))
    assert not report.findings
    assert report.kills.keys() >= {"the broker", "intake's worker", "planning's worker"}
    assert report.standing == report.stored > 50


@pytest.mark.parametrize("breaks", ["ack-early", "no-outbox"])
def test_the_audit_finds_what_a_missing_guarantee_loses(tmp_path, own_secantusd, breaks):
    plan = Plan(seconds=1, kills=1, seed=20261123, breaks=breaks)
    report = chaos(tmp_path, own_secantusd, tmp_path / "messages.sqlite", plan)
    assert report.stored == report.standing, "what is broken is not how intake stores"
    assert report.lost
    assert not report.doubled
    assert any(finding.startswith("planning lost") for finding in report.findings)
