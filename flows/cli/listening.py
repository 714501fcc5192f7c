"""Addresses that a command is asked to listen on, tried before anything else is done."""

import errno
import os
import socket

from xsim_core.errors import BadInputError


def check_address(host: str, port: int, *, least: int = 0) -> None:
    """See that an address can be had; 0 stands for any free port.

    Raises:
        BadInputError: for what is no address of this machine, no port, or one that is taken.
    """
    if not least <= port <= 65535:
        raise BadInputError(f"--port {port} is no port: {least} to 65535.")
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadInputError(
            f"--host '{host}' is no address ({getattr(error, 'strerror', None) or error}): give "
            "one of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them."
        ) from error
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                tried.bind(address)
                tried.listen()
        except OSError as error:
            raise BadInputError(_words(host, port, error.errno or 0)) from error


def _words(host: str, port: int, number: int) -> str:
    if number == errno.EADDRINUSE:
        return f"port {port} of {host or 'this machine'} is taken: give another --port."
    why = os.strerror(number).lower()
    if number == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine: --host is where to listen ({why})."
    return f"{host or 'this machine'}:{port} cannot be listened on: {why}."
