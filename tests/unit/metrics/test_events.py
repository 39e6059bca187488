from pathlib import Path

import orjson
import pytest

from services.metrics.events import OutcomesRecorded, SnapshotTaken
from shared.event import decode, encode

CONTRACTS = Path(__file__).parents[2] / "contracts"


@pytest.mark.parametrize("event", [OutcomesRecorded, SnapshotTaken])
def test_events_say_what_their_examples_show(event):
    example = (CONTRACTS / f"{event.type}.json").read_bytes()
    shown = decode(example)
    said = encode(event(unit=shown.unit, subject=shown.subject, **shown.data))
    assert decode(said.body).data == shown.data
    assert orjson.loads(said.body).keys() == orjson.loads(example).keys()
