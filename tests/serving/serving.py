"""A policy server on this machine, in a thread, and a client that speaks openpi's bytes."""

import asyncio
import contextlib
import threading

import msgpack
import numpy as np
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.waiting import PATIENCE_S, until
from xsim_core.serving import PolicyServer

KEY = "k" * 24


def observation():
    """As openpi-client 0.1.2 packs it."""
    return {
        "observation.images.front": array(np.full((72, 96, 3), 7, np.uint8)),
        "observation.state": array(np.array([0.5, 0, 0.1, 0, 1, 0])),
        "prompt": "push the block",
    }


def array(a):
    return {b"__ndarray__": True, b"data": a.tobytes(), b"dtype": a.dtype.str, b"shape": a.shape}


def from_array(packed):
    shape = packed[b"shape"]
    return np.ndarray(buffer=packed[b"data"], dtype=np.dtype(packed[b"dtype"]), shape=shape)


@contextlib.contextmanager
def served(answers, limits=None, tls=None):
    """The port of a policy server, while it listens."""
    server = PolicyServer(answers, KEY, limits)
    with listening(lambda: server.listening("127.0.0.1", 0, tls)) as port:
        yield port


@contextlib.contextmanager
def listening(opened):
    """The port of a server that ``opened`` opens in a thread of its own, while it listens."""
    port, loop, ready, ended = [], asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve():
        async with opened() as server:
            port.append(server.sockets[0].getsockname()[1])
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(60)
    try:
        yield port[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


def client(port, key=KEY, path="", **more):
    headers = {"Authorization": f"Api-Key {key}"} if key else None
    return connect(
        f"ws://127.0.0.1:{port}{path}",
        additional_headers=headers,
        compression=None,
        max_size=None,
        open_timeout=PATIENCE_S,
        proxy=None,
        **more,
    )


def admitted(port):
    """A client, once the server has noticed that those before it are gone."""

    def tried():
        try:
            return client(port)
        except InvalidStatus as refused:
            if refused.response.status_code != 503:
                raise
            return None

    return until(tried)


def ask(connection, request):
    connection.send(msgpack.packb(request))
    answer = connection.recv(60)
    return answer if isinstance(answer, str) else msgpack.unpackb(answer)
