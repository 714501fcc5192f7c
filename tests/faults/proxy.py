"""An HTTP proxy before an S3 server that spoils a share of the requests, on purpose and by seed."""

import contextlib
import http.client
import http.server
import random
import socket
import struct
import threading
import time
from collections import Counter

FAULTS = (
    "500", "503", "500 after", "reset before", "reset after", "timeout", "timeout after",
    "torn upload", "torn answer", "slow",
)  # fmt: skip
FLIPS = ("flipped upload", "flipped answer")
BEFORE = ("500", "503", "reset before", "timeout", "torn upload", "full")
FULL = b"<Error><Code>QuotaExceeded</Code><Message></Message></Error>"
"""As Ceph RGW 16.2 answers, with status 403, when a user's quota is used up."""
HOLD_S = 0.8
"""How long a timeout says nothing; the clients of the campaigns give up before."""


class FaultyProxy:
    """``with FaultyProxy(endpoint, share=0.1, seed=0) as proxy: proxy.endpoint, proxy.counts``.

    Faults whose name ends in "after" fall after the server has done what it was asked. Counted is
    what was done: a request without a body, say, has no upload to tear, and counts as "none".
    """

    def __init__(self, endpoint, *, share, seed, faults=FAULTS):
        self.upstream = endpoint.removeprefix("http://")
        self.share, self.faults, self.rng = share, faults, random.Random(seed)
        self.counts, self.lock = Counter(), threading.Lock()

    def draw(self, path):
        """The fault of the next request; tests that want a certain one set their own."""
        del path
        with self.lock:
            return self.rng.choice(self.faults) if self.rng.random() < self.share else "none"

    def count(self, fault):
        with self.lock:
            self.counts[fault] += 1

    def __enter__(self):
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with contextlib.suppress(ConnectionError):  # The client may have given up.
                    answer(proxy, self, body, proxy.draw(self.path))

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def answer(proxy, handler, body, fault):
    if isinstance(fault, str) and not can_spoil_request(fault, handler, body):
        fault = "none"
    if fault in BEFORE:
        proxy.count(fault)
        return refuse(proxy, handler, body, fault)
    if fault == "flipped upload":
        body = flip(proxy, body)
    if isinstance(fault, tuple):
        proxy.count("instead")
        status, data = fault
        return send(handler, status, [("Content-Type", "application/xml")], data)
    status, headers, data = forward(proxy, handler, body)
    if fault in ("torn answer", "flipped answer", "slow") and not data:
        fault = "none"
    proxy.count(fault)
    if fault == "500 after":
        return send(handler, 500, [], b"")
    if fault == "reset after":
        return reset(handler)
    if fault == "timeout after":
        time.sleep(HOLD_S)
        return reset(handler)
    if fault == "flipped answer":
        data = flip(proxy, data)
    return send(handler, status, headers, data, fault)


def can_spoil_request(fault, handler, body):
    """Uploads need a body; bits flip in objects only, not in listings and parts' bookkeeping."""
    match fault:
        case "torn upload" | "full":
            return bool(body)
        case "flipped upload":
            return bool(body) and "?" not in handler.path
        case "flipped answer":
            return handler.command == "GET" and "?" not in handler.path
        case _:
            return True


def refuse(proxy, handler, body, fault):
    """What the server never hears of, or hears half of."""
    if fault in ("500", "503"):
        return send(handler, int(fault), [], b"")
    if fault == "full":
        return send(handler, 403, [], FULL)
    if fault == "timeout":
        time.sleep(HOLD_S)
    if fault == "torn upload":
        tear_upload(proxy, handler, body)
    return reset(handler)


def forward(proxy, handler, body):
    connection = http.client.HTTPConnection(proxy.upstream, timeout=30)
    headers = {k: v for k, v in handler.headers.items() if k.lower() != "connection"}
    connection.request(handler.command, handler.path, body, headers)
    got = connection.getresponse()
    data = got.read()
    connection.close()
    return got.status, got.getheaders(), data


def tear_upload(proxy, handler, body):
    """Give the server all headers and half the body, then vanish."""
    connection = http.client.HTTPConnection(proxy.upstream, timeout=30)
    connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
    for name, value in handler.headers.items():
        connection.putheader(name, value)
    connection.endheaders(body[: len(body) // 2])
    connection.close()


def send(handler, status, headers, data, fault="none"):
    handler.send_response(status)
    dropped = {"transfer-encoding", "connection", "date", "server"}
    if handler.command != "HEAD":
        dropped.add("content-length")
        handler.send_header("Content-Length", str(len(data)))
    for name, value in headers:
        if name.lower() not in dropped:
            handler.send_header(name, value)
    handler.end_headers()
    if fault == "torn answer" and data:
        handler.wfile.write(data[: len(data) // 2])
        return reset(handler)
    step = max(1, len(data) // 5) if fault == "slow" else max(1, len(data))
    for start in range(0, len(data), step):
        handler.wfile.write(data[start : start + step])
        if fault == "slow":
            time.sleep(0.05)
    return None


def flip(proxy, data):
    """One bit is another."""
    with proxy.lock:
        position, bit = proxy.rng.randrange(len(data)), proxy.rng.randrange(8)
    return data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :]


def reset(handler):
    """Close with a TCP reset."""
    handler.close_connection = True
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.wfile.flush()
    handler.connection.close()
