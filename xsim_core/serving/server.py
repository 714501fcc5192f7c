"""A policy server that openpi's published client drives as it is.

The protocol of openpi's reference server: the metadata first, then for each observation its
actions with ``server_timing``; a text frame is an error; ``/healthz`` answers without a key. Other
than the reference it asks for its key, listens where it is told to, and bounds what anybody can
make it hold.
"""

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from xsim_core.errors import BadInputError

from .admission import refusal
from .answers import PolicyAnswers
from .wire import pack, unpack

log = logging.getLogger(__name__)

UNREADABLE, BROKEN = 1007, 1011
"""Codes of RFC 6455 with which a connection is closed."""


@dataclass(frozen=True)
class Limits:
    """What one client, and all of them, may take."""

    clients: int = 64
    """Connected at once; further ones are told to come again (503)."""
    rate_hz: float = 50.0
    """Requests a second of each client; faster ones wait."""
    errors: int = 16
    """Refused observations in a row, after which a client is cut off."""
    patience_s: float = 10.0
    """For a client to take its answer, to finish its handshake, and to answer a ping."""


class PolicyServer:
    """Serves one policy until its task is cancelled."""

    def __init__(self, answers: PolicyAnswers, key: str, limits: Limits | None = None) -> None:
        if not key:
            raise BadInputError("a policy server needs a key, so that not everybody moves a robot.")
        self._answers, self._key = answers, key.encode()
        self._limits = limits or Limits()
        self._num_clients = self._num_seen = 0
        # One at a time: torch spreads each over the cores, and a queue keeps their order.
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="policy")
        a = answers.student.architecture
        num_bytes = a.n_obs_steps * (a.image_hw[0] * a.image_hw[1] * 3 + 8 * a.state_dim)
        self._max_bytes = num_bytes + (16 << 10)

    @property
    def metadata(self) -> dict[str, Any]:
        """What clients are told when they connect."""
        return self._answers.metadata

    @contextlib.asynccontextmanager
    async def listening(
        self, host: str, port: int, tls: ssl.SSLContext | None = None
    ) -> AsyncGenerator[Server]:
        """Listen; port 0 takes a free one, which the server's sockets tell.

        Raises:
            OSError: when the address cannot be had.
        """
        patience_s = self._limits.patience_s
        try:
            async with serve(
                self._serve_client,
                host,
                port,
                ssl=tls,
                process_request=self._admit,
                origins=[None],  # No page in a browser.
                server_header=None,
                compression=None,
                max_size=self._max_bytes,
                max_queue=2,
                open_timeout=patience_s,
                ping_timeout=2 * patience_s,
                close_timeout=patience_s,
            ) as server:
                yield server
        finally:
            self._worker.shutdown(cancel_futures=True)

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if (refused := refusal(connection, request, self._key, ("/",))) is not None:
            return refused
        if self._num_clients >= self._limits.clients:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many clients\n")
        return None

    async def _serve_client(self, connection: ServerConnection) -> None:
        if self._num_clients >= self._limits.clients:  # Admitted in the same moment as others.
            await connection.close(1013, "too many clients")
            return
        self._num_clients += 1
        self._num_seen += 1
        try:
            await self._converse(connection, np.random.default_rng([self._num_seen, 0x0B]))
        except ConnectionClosed:
            log.debug("a client left")
        except TimeoutError:
            log.warning("a client took no answer for %g s", self._limits.patience_s)
            connection.transport.abort()
        finally:
            self._num_clients -= 1

    async def _converse(self, connection: ServerConnection, rng: np.random.Generator) -> None:
        await self._send(connection, pack(self._answers.metadata))
        previous_ms: float | None = None
        num_errors, next_s = 0, 0.0
        while num_errors < self._limits.errors:
            data = await connection.recv()
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))
            began_s = time.monotonic()
            next_s = began_s + 1 / self._limits.rate_hz
            answer = await self._answer(connection, data, rng)
            if answer is None:
                num_errors += 1
                continue
            num_errors = 0
            if previous_ms is not None:
                answer["server_timing"]["prev_total_ms"] = previous_ms
            await self._send(connection, pack(answer))
            previous_ms = 1e3 * (time.monotonic() - began_s)
        await connection.close(UNREADABLE, "too many observations that do not fit")

    async def _answer(
        self, connection: ServerConnection, data: bytes | str, rng: np.random.Generator
    ) -> dict[str, Any] | None:
        """The actions; None where there are none and the client was told why."""
        try:
            observation = unpack(data.encode() if isinstance(data, str) else data)
        except BadInputError as error:
            await self._send(connection, f"{error}.")
            await connection.close(UNREADABLE)
            return None
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._worker, self._timed, observation, rng)
        except BadInputError as error:
            await self._send(connection, f"{error}.")
        except Exception:
            log.exception("the policy failed")
            await self._send(connection, "The policy failed; the server's log says why.")
            await connection.close(BROKEN)
        return None

    def _timed(self, observation: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        began_s = time.monotonic()
        answer = self._answers.infer(observation, rng=rng)
        return answer | {"server_timing": {"infer_ms": 1e3 * (time.monotonic() - began_s)}}

    async def _send(self, connection: ServerConnection, message: bytes | str) -> None:
        async with asyncio.timeout(self._limits.patience_s):
            await connection.send(message)
