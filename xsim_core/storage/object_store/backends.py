"""Opening what lies behind a store's URL: addresses, credentials, and what a server must keep."""

import configparser
import os
import stat
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import obstore

from xsim_core.errors import BadInputError
from xsim_core.files.folders import expanded
from xsim_core.scratch import make_folder

from .address import local_path
from .disk import disk_errors_of
from .endpoint import http_pool, s3_endpoint, s3_region

if TYPE_CHECKING:
    from minio import Minio

CREDENTIALS_FILE = "XSIM_S3_CREDENTIALS"
# A server that accepts and then says nothing is left after 15 s; a slow one may take its time.
TIMEOUTS = {
    "connect_timeout": timedelta(seconds=5),
    "read_timeout": timedelta(seconds=15),
    "timeout": timedelta(seconds=600),
}
_RETRIES: Any = {
    "max_retries": 10,
    "retry_timeout": timedelta(seconds=40),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=5),
        "base": 2,
    },
}


def open_backend(url: str) -> Any:
    """The obstore backend of a URL as ``canonical_url`` writes it; folders are created.

    Raises:
        BadInputError: for a folder that this user may not use, or a credentials file others read.
    """
    if (path := local_path(url)) is not None:
        with disk_errors_of(path):
            make_folder(path)
            next(path.iterdir(), None)
        return obstore.store.LocalStore(path)
    if url.startswith("memory:"):
        return obstore.store.MemoryStore()
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return _open_s3(bucket, prefix)


def s3_credentials() -> dict[str, str]:
    """Keys from the file that ``XSIM_S3_CREDENTIALS`` names, else from ``AWS_*`` variables.

    The file is an INI file as Amazon's tools write it: a ``[default]`` section with
    ``aws_access_key_id`` and ``aws_secret_access_key``.

    Raises:
        BadInputError: when the file is missing, incomplete, or readable by anyone but its owner.
    """
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    named = os.environ.get(CREDENTIALS_FILE)
    if not named:
        return {n: os.environ[n.upper()] for n in names if os.environ.get(n.upper())}
    path = expanded(named, CREDENTIALS_FILE)
    if not path.is_file():
        raise BadInputError(f"{CREDENTIALS_FILE} names {path}, which is not a file")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise BadInputError(
            f"credentials file {path} has mode {mode:o}: others can read it. Run: chmod 600 {path}"
        )
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        section = parser["default"]
        found = {n: section[n] for n in names if n in section}
        if not all(found.get(n) for n in names[:2]):
            raise KeyError(names[0])
    except (configparser.Error, KeyError, UnicodeError):
        # The parser's own message would quote the line, and with it the secret.
        raise BadInputError(
            f"credentials file {path} needs a [default] section with {names[0]} and {names[1]}"
        ) from None
    return found


def s3_config() -> dict[str, str]:
    """Keys, region and endpoint from the environment, in obstore's words without their ``aws_``."""
    config = {name.removeprefix("aws_"): key for name, key in s3_credentials().items()}
    config["region"] = s3_region()
    if endpoint := s3_endpoint():
        config["endpoint"] = endpoint
    return config


def _open_s3(bucket: str, prefix: str) -> Any:
    config: Any = s3_config()
    client: Any = dict(TIMEOUTS)
    if config.get("endpoint", "").startswith("http://"):
        client["allow_http"] = True
    return obstore.store.S3Store(
        bucket, prefix=prefix or None, config=config, client_options=client, retry_config=_RETRIES
    )


def s3_client(config: dict[str, Any]) -> "Minio":
    """MinIO's client for a bucket that obstore's configuration describes."""
    import urllib3
    from minio import Minio
    from minio.credentials import IamAwsProvider

    endpoint = urlparse(config.get("endpoint") or "https://s3.amazonaws.com")
    http = http_pool(
        endpoint.geturl(),
        timeout=urllib3.Timeout(
            connect=TIMEOUTS["connect_timeout"].total_seconds(),
            read=TIMEOUTS["read_timeout"].total_seconds(),
        ),
        retries=urllib3.Retry(
            total=5,
            backoff_factor=0.1,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods=None,
        ),
    )
    keys = config.get("access_key_id")
    return Minio(
        endpoint.netloc,
        access_key=keys,
        secret_key=config.get("secret_access_key"),
        session_token=config.get("session_token"),
        secure=endpoint.scheme == "https",
        region=config.get("region") or "us-east-1",
        http_client=http,
        # As obstore does without keys: those of the machine, or of the account it runs under.
        credentials=None if keys or config.get("endpoint") else IamAwsProvider(),
    )


def first_line(error: BaseException) -> str:
    """What an error says, short enough for a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
