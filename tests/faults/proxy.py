"""An HTTP proxy before an S3 server that spoils a share of the requests, on purpose and by seed."""

import http.client
import http.server
import random
import socket
import struct
import threading
import time
from collections import Counter

FAULTS = ("500", "503", "reset before", "reset after", "torn answer", "slow")


class FaultyProxy:
    """``with FaultyProxy(endpoint, share=0.1, seed=0) as proxy: proxy.endpoint, proxy.counts``."""

    def __init__(self, endpoint, *, share, seed, faults=FAULTS):
        self.upstream = endpoint.removeprefix("http://")
        self.share, self.faults, self.rng = share, faults, random.Random(seed)
        self.counts, self.lock = Counter(), threading.Lock()

    def draw(self):
        with self.lock:
            fault = self.rng.choice(self.faults) if self.rng.random() < self.share else "none"
            self.counts[fault] += 1
        return fault

    def __enter__(self):
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer(proxy, self, body)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def answer(proxy, handler, body):
    fault = proxy.draw()
    if fault == "reset before":
        return reset(handler)
    if fault in ("500", "503"):
        handler.send_response(int(fault))
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return None
    if fault == "slow":
        time.sleep(0.2)
    connection = http.client.HTTPConnection(proxy.upstream, timeout=30)
    headers = {k: v for k, v in handler.headers.items() if k.lower() != "connection"}
    connection.request(handler.command, handler.path, body, headers)
    got = connection.getresponse()
    data = got.read()
    connection.close()
    if fault == "reset after":
        return reset(handler)  # The server did it; the client will not hear.
    handler.send_response(got.status)
    for name, value in got.getheaders():
        if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
            if name.lower() == "content-length" and handler.command != "HEAD":
                continue
            handler.send_header(name, value)
    if handler.command != "HEAD":
        handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    if fault == "torn answer" and data:
        handler.wfile.write(data[: len(data) // 2])
        return reset(handler)
    handler.wfile.write(data)
    return None


def reset(handler):
    """Close with a TCP reset."""
    handler.close_connection = True
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.wfile.flush()
    handler.connection.close()
