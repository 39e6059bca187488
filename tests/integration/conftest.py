"""What several tests of the messages' way share."""

import uuid

import pytest

from shared import bus
from shared.bus import Topology
from tests.integration.served import intake


@pytest.fixture
def topology(broker_url):
    """An exchange and a queue of the test's own, on each broker in turn."""
    name = f"tally{uuid.uuid4().hex}"
    topology = Topology(name, {name: ["tally.number_drawn.v1", "tally.other.v1"]})
    yield topology
    with bus.connect(broker_url) as connection:
        for queue in bus.declare(connection.channel(), topology).values():
            queue.delete()


@pytest.fixture
def served(own_secantusd, tmp_path):
    with intake(own_secantusd.url, tmp_path) as served:
        yield served


@pytest.fixture
def queue(topology) -> str:
    (name,) = topology.queues
    return name
