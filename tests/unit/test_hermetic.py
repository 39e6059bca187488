"""Unit tests cannot reach outside their process, not even by accident."""

import socket
import urllib.request

import pytest
from pytest_socket import SocketBlockedError

# pytest-socket warns as well as raises.
pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket")


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_no_socket_opens_in_a_unit_test(family):
    with pytest.raises(SocketBlockedError):
        socket.socket(family)


def test_no_url_opens_in_a_unit_test():
    with pytest.raises(SocketBlockedError):
        urllib.request.urlopen("http://127.0.0.1:9/")
