"""Receives a bucket's notifications on this machine and brings the next inbox scan forward.

S3 servers (AWS, MinIO, Ceph) tell of a new object by an HTTP POST of the S3 event message:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html. Nothing
of a message is acted on but "a capture.yaml came": the scan looks for itself. So a forged, repeated
or lost message can at most change when the next scan is.
"""

import asyncio
import base64
import binascii
import hmac
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Self
from urllib.parse import unquote_plus

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from flows.digests import CAPTURE_FILE
from xsim_core.errors import BadInputError

from .captures import SETTLE_S

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
PATH = "/bucket"
MAX_BODY_BYTES = 262_144
"""The longest message that AWS sends (SNS, SQS)."""
PATIENCE_S = 5.0
"""A sender that says nothing for so long is cut off."""
MAX_SENDERS = 64
"""At once; further ones are told to come again."""


class _Part(BaseModel):
    """A part of somebody else's message: what we do not know in it is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Object(_Part):
    key: str = Field(max_length=4096)


class _Bucket(_Part):
    name: str = Field(max_length=255)


class _S3(_Part):
    bucket: _Bucket
    object: _Object


class _Record(_Part):
    source: str = Field(default="", alias="eventSource", max_length=128)
    event_name: str = Field(alias="eventName", max_length=128)
    s3: _S3

    @property
    def path(self) -> str:
        """``bucket/key``. AWS and MinIO quote the key, Ceph ("ceph:s3") writes it as it is."""
        key = self.s3.object.key
        return f"{self.s3.bucket.name}/{key if 'ceph' in self.source else unquote_plus(key)}"


class _Message(_Part):
    records: tuple[_Record, ...] = Field(default=(), alias="Records", max_length=1000)
    test: str | None = Field(default=None, alias="Event", max_length=128)


def captures_in(body: bytes) -> list[str]:
    """``bucket/key`` of every ``capture.yaml`` that a message says was created.

    Raises:
        BadInputError: when it is not an S3 event message.
    """
    try:
        message = _Message.model_validate_json(body)
    except ValidationError as error:
        raise BadInputError("not an S3 event message") from error
    if not message.records and message.test != "s3:TestEvent":
        raise BadInputError("an S3 event message without records")
    paths = [
        r.path
        for r in message.records
        # AWS and Ceph write "ObjectCreated:Put", MinIO "s3:ObjectCreated:Put".
        if r.event_name.removeprefix("s3:").startswith("ObjectCreated:")
    ]
    return [path for path in paths if path.rpartition("/")[2] == CAPTURE_FILE]


class Debouncer:
    """Calls once, a while after the last trigger: ten captures at once bring one scan forward."""

    def __init__(self, function: Callable[[], object], *, quiet_s: float = SETTLE_S + 1) -> None:
        self._function, self._quiet_s = function, quiet_s
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def trigger(self) -> None:
        """Call once nothing triggers for a while: before, the scan would find it still arriving."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(self._quiet_s, self._call)
            self._timer.daemon = True
            self._timer.start()

    def _call(self) -> None:
        try:
            self._function()
        except Exception:
            log.exception("the inbox scan could not be brought forward; the next one is due anyway")


class Receiver:
    """An HTTP server on this machine's own address that takes S3 event messages at ``/bucket``."""

    def __init__(self, port: int, token: str, arrived: Callable[[list[str]], object]) -> None:
        """Listen; messages wait until ``serve`` is called.

        Args:
            port: 0 for any.
            token: what a sender must show, as a bearer token or as the password of basic auth.
            arrived: called with the captures of every good message that names one.
        """
        self._socket = socket.create_server((HOST, port))
        app = Starlette(
            routes=[Route(PATH, _Endpoint(token, arrived), methods=["POST"])],
            exception_handlers={HTTPException: _refused},
        )
        self._server = Server(
            Config(
                app,
                loop="asyncio",
                http=_PatientProtocol,
                ws="none",
                lifespan="off",
                # A request line may hold what somebody wants to see in our logs.
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MAX_SENDERS,
                timeout_graceful_shutdown=1,
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"http://{HOST}:{self.address[1]}{PATH}"

    def serve(self) -> None:
        """Take messages until ``stop`` or a signal."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Make ``serve`` return."""
        self._server.should_exit = True


class _PatientProtocol(H11Protocol):
    """Cuts off who connects and then does not say what it wants: uvicorn alone would wait."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(PATIENCE_S, self._cut_off)

    def _cut_off(self) -> None:
        # Until a request has begun there is none; uvicorn's types deny it.
        if self.cycle is None:  # pyright: ignore[reportUnnecessaryComparison]
            self.transport.close()


class _Endpoint:
    """Takes a message: as an ASGI application, so that nothing is read before it may be."""

    def __init__(self, token: str, arrived: Callable[[list[str]], object]) -> None:
        self._token, self._arrived = token, arrived

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            captures = captures_in(await self._body(request))
        except BadInputError as error:
            raise HTTPException(400, str(error)) from None
        if captures:
            log.info("arrived: %s", ", ".join(captures))
            self._arrived(captures)
        await _answer(200, "")(scope, receive, send)

    async def _body(self, request: Request) -> bytes:
        if not token_matches(request.headers.get("Authorization", ""), self._token):
            raise HTTPException(
                401,
                "show the token, as a bearer token or as the password of basic auth",
                headers={"WWW-Authenticate": 'Basic realm="xsim inbox"'},
            )
        length = request.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise HTTPException(411, "say Content-Length")
        # The server reads no more of a body than the header said.
        if len(length) > 9 or int(length) > MAX_BODY_BYTES:
            raise HTTPException(413, f"at most {MAX_BODY_BYTES} bytes")
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await request.body()
        except TimeoutError:
            raise HTTPException(408, "the message did not come whole") from None


def _answer(code: int, text: str, headers: Mapping[str, str] | None = None) -> PlainTextResponse:
    # What was not read must not be taken for the next request.
    close = {**(headers or {}), "Connection": "close"}
    return PlainTextResponse(f"{text}\n" if text else "", code, headers=close)


async def _refused(request: Request, error: Exception) -> PlainTextResponse:
    assert isinstance(error, HTTPException)
    text = f"messages go to {PATH}" if error.status_code == 404 else error.detail
    return _answer(error.status_code, text, error.headers)


def token_matches(authorization: str, token: str) -> bool:
    """Whether a header shows the token, bare, as a bearer token, or as a basic password.

    Compared in a time that tells nothing of where the two differ.
    """
    scheme, _, given = authorization.rpartition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return False
    return hmac.compare_digest(given.encode(), token.encode())
