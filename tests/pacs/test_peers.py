from ipaddress import ip_network

import pytest

from pacs.peers import Admission, Peer, Rejection

LISTED = Admission(
    ("SPINEMAP",),
    (Peer("PACS", (ip_network("10.1.2.3"),)), Peer("MR1", (ip_network("10.9.0.0/16"),))),
)


def test_listed_peer_from_its_address_is_admitted() -> None:
    assert LISTED.rejection("SPINEMAP", "PACS", "10.1.2.3") is None
    assert LISTED.rejection("SPINEMAP ", "MR1 ", "10.9.77.1") is None


def test_ipv4_peer_is_recognized_on_an_ipv6_socket() -> None:
    assert LISTED.rejection("SPINEMAP", "PACS", "::ffff:10.1.2.3") is None


@pytest.mark.parametrize(
    ("called", "calling", "address", "rejection"),
    [
        ("OTHER", "PACS", "10.1.2.3", Rejection.CALLED_AE_TITLE_NOT_RECOGNIZED),
        ("SPINEMAP", "STRANGER", "10.1.2.3", Rejection.CALLING_AE_TITLE_NOT_RECOGNIZED),
        ("SPINEMAP", "PACS", "10.9.0.1", Rejection.CALLING_AE_TITLE_NOT_RECOGNIZED),
        ("SPINEMAP", "PACS", "127.0.0.1", Rejection.CALLING_AE_TITLE_NOT_RECOGNIZED),
    ],
)
def test_everyone_else_is_rejected(
    called: str, calling: str, address: str, rejection: Rejection
) -> None:
    assert LISTED.rejection(called, calling, address) == rejection


def test_without_peers_only_this_machine_is_admitted() -> None:
    local = Admission(("SPINEMAP",), ())
    assert local.rejection("SPINEMAP", "ANY", "127.0.0.1") is None
    assert local.rejection("SPINEMAP", "ANY", "::1") is None
    assert local.rejection("SPINEMAP", "ANY", "10.1.2.3") is not None
