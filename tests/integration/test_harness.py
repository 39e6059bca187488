"""The components that other tests rest on answer, and survive what those tests do to them."""

import socket

import kombu
import playwright.sync_api
import pymongo
import pytest
from pytest_socket import SocketConnectBlockedError

# pytest-socket warns as well as raises.
pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket")


def test_each_test_gets_an_empty_database(database):
    assert database.list_collection_names() == []
    database["notes"].insert_one({"_id": 1})
    assert database["notes"].find_one({"_id": 1}) == {"_id": 1}


def test_mock_database_is_empty_at_first(mock_database):
    assert mock_database.list_collection_names() == []


def test_page_shows_what_it_is_given(page):
    page.set_content("<h1>Groundswell</h1>")
    assert page.get_by_role("heading").inner_text() == "Groundswell"


def test_acknowledged_write_survives_a_killed_database(own_secantusd):
    with pymongo.MongoClient(own_secantusd.url) as client:
        client["kept"]["notes"].insert_one({"_id": 1})
    own_secantusd.restart()
    with pymongo.MongoClient(own_secantusd.url) as client:
        assert client["kept"]["notes"].find_one({"_id": 1})


def test_durable_queue_survives_a_killed_rabbitmq(own_rabbitmq):
    with kombu.Connection(own_rabbitmq.url) as connection:
        connection.default_channel.queue_declare("kept", durable=True, auto_delete=False)
    own_rabbitmq.restart()
    with kombu.Connection(own_rabbitmq.url) as connection:
        connection.default_channel.queue_declare("kept", passive=True)


def test_no_test_reaches_beyond_this_machine(page):
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    for url in ("http://192.0.2.1/", "http://example.org/"):
        with pytest.raises(playwright.sync_api.Error, match="ERR_NAME_NOT_RESOLVED"):
            page.goto(url, timeout=5_000)
