"""A name is sent to only where all its addresses are allowed."""

import socket

import pytest

from shared.outbound import NotAllowed, allowed_addresses, session


def names(*addresses: str):
    """A resolver that knows these, in the shape of socket.getaddrinfo."""

    def resolve(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    return resolve


def not_ten(address: str) -> bool:
    return not address.startswith("10.")


def test_a_name_leads_to_the_addresses_that_were_checked():
    found = allowed_addresses("example.edu", 443, not_ten, names("8.8.8.8", "8.8.4.4", "8.8.8.8"))
    assert found == ["8.8.8.8", "8.8.4.4"]


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], []])
def test_a_name_with_one_address_that_is_not_allowed_leads_nowhere(addresses):
    with pytest.raises(NotAllowed):
        allowed_addresses("example.edu", 443, not_ten, names(*addresses))


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    with session(not_ten) as made:
        settings = made.merge_environment_settings("https://example.edu", {}, None, None, None)
    assert not settings["proxies"]
