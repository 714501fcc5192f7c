"""Receives a bucket's notifications on this machine and brings the next inbox scan forward.

S3 servers (AWS, MinIO, Ceph) tell of a new object by an HTTP POST of the S3 event message:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html. Nothing
of a message is acted on but "a capture.yaml came": the scan looks for itself. So a forged, repeated
or lost message can at most change when the next scan is.
"""

import base64
import binascii
import hmac
import logging
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from xsim_core.errors import BadInputError

from .captures import CAPTURE_FILE, SETTLE_S

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
PATH = "/bucket"
MAX_BODY_BYTES = 262_144
"""The longest message that AWS sends (SNS, SQS)."""
PATIENCE_S = 5.0
"""A sender that says nothing for so long is cut off."""


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


class Bell:
    """Calls once a while after it was rung last: ten captures at once bring one scan forward."""

    def __init__(self, ringing: Callable[[], object], *, quiet_s: float = SETTLE_S + 1) -> None:
        self._ringing, self._quiet_s = ringing, quiet_s
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def ring(self) -> None:
        """Call when nobody has rung for a while: before, the scan would find it still arriving."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(self._quiet_s, self._call)
            self._timer.daemon = True
            self._timer.start()

    def _call(self) -> None:
        try:
            self._ringing()
        except Exception:
            log.exception("the inbox scan could not be brought forward; the next one is due anyway")


class Receiver(ThreadingHTTPServer):
    """An HTTP server on this machine's own address that takes S3 event messages at ``/bucket``."""

    daemon_threads = True

    def __init__(self, port: int, token: str, arrived: Callable[[list[str]], object]) -> None:
        """Listen.

        Args:
            port: 0 for any.
            token: what a sender must show, as a bearer token or as the password of basic auth.
            arrived: called with the captures of every good message that names one.
        """
        super().__init__((HOST, port), _Handler)
        self.token, self.arrived = token, arrived

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"http://{HOST}:{self.server_address[1]}{PATH}"


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE_S
    server_version, sys_version = "xsim", ""

    def do_POST(self) -> None:
        """Take a message."""
        code, text = self._take()
        body = f"{text}\n".encode() if text else b""
        self.send_response(code)
        if code == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="xsim inbox"')
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        # What was not read must not be taken for the next request.
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _take(self) -> tuple[int, str]:
        assert isinstance(self.server, Receiver)
        if self.path.partition("?")[0] != PATH:
            return 404, f"messages go to {PATH}"
        if not shows(self.headers.get("Authorization", ""), self.server.token):
            return 401, "show the token, as a bearer token or as the password of basic auth"
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return 411, "say Content-Length"
        if len(length) > 9 or int(length) > MAX_BODY_BYTES:
            return 413, f"at most {MAX_BODY_BYTES} bytes"
        try:
            body = self.rfile.read(int(length))
            captures = captures_in(body)
        except TimeoutError:
            return 408, "the message did not come whole"
        except BadInputError as error:
            return 400, str(error)
        if captures:
            log.info("arrived: %s", ", ".join(captures))
            self.server.arrived(captures)
        return 200, ""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a request line may hold what somebody wants to see in our logs."""


def shows(authorization: str, token: str) -> bool:
    """Whether a header shows the token, bare, as a bearer token, or as a basic password."""
    scheme, _, given = authorization.rpartition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return False
    return hmac.compare_digest(given.encode(), token.encode())
