"""An address that cannot be had is one sentence, before anything is done."""

import socket

import pytest

from flows.cli.listening import check_address
from xsim_core.errors import BadInputError


def test_addresses_that_can_be_had():
    for host in ("127.0.0.1", "localhost", "0.0.0.0", ""):
        check_address(host, 0)


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        ("127.0.0.1", -1, "--port -1 is no port: 0 to 65535"),
        ("127.0.0.1", 65536, "is no port"),
        ("x y", 0, "--host 'x y' is no address"),
        ("a" * 300, 0, "is no address"),
        ("\udcff", 0, "is no address"),
        ("192.0.2.1", 0, "192.0.2.1 is no address of this machine"),  # RFC 5737: nobody's.
    ],
)
def test_what_cannot_be_is_said(host, port, said):
    with pytest.raises(BadInputError, match=said):
        check_address(host, port)


def test_a_port_that_is_taken_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInputError, match=f"port {port} of 127.0.0.1 is taken"):
            check_address("127.0.0.1", port)
    check_address("127.0.0.1", port)
