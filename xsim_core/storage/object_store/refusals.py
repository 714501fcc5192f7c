"""What a store means when it refuses: in one sentence with the mend."""

import re
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError, GenericError, PermissionDeniedError, UnauthenticatedError

from xsim_core.errors import BadInputError, XSimError

from .disk import disk_refusal

_CODE = re.compile(r"<Code>(\w+)</Code>")

_KEYS = "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the file XSIM_S3_CREDENTIALS names."
_REGION = "The bucket lies in another region: set AWS_REGION to that of the bucket."
_MENDS = {
    "AccessDenied": "These keys may not do this. Ask for the right (xsim bucket policy writes the "
    "document), or check whose keys they are.",
    "AllAccessDisabled": "The server serves this bucket to nobody.",
    "AuthorizationHeaderMalformed": _REGION,
    "ExpiredToken": "The session token has expired: fetch a new one (AWS_SESSION_TOKEN).",
    "IllegalLocationConstraintException": _REGION,
    "InvalidAccessKeyId": f"The server does not know the access key. {_KEYS}",
    "InvalidBucketName": "Names of buckets have 3 to 63 small letters, digits, dots and dashes.",
    "InvalidToken": "The session token is not valid: fetch a new one (AWS_SESSION_TOKEN).",
    "NoSuchBucket": "There is no such bucket. Check XSIM_STORE, or make it: xsim bucket create.",
    "PermanentRedirect": _REGION,
    "RequestExpired": "The request came too late by the server's clock: set this machine's clock.",
    "RequestTimeTooSkewed": "This machine's clock differs from the server's by more than it "
    "allows: set the clock (timedatectl set-ntp true).",
    "SignatureDoesNotMatch": f"The secret key is not that of the access key. {_KEYS}",
}


_REDIRECTED = "redirect without LOCATION"
"""obstore's words for the answer of another region."""


def mend_of(code: str | None) -> str:
    """What to do about a code of S3's; '' where nobody knows."""
    return _MENDS.get(code or "", "")


class _CodedError(GenericError):
    """An S3 error whose code was told by the client that parsed it."""


def coded(code: str | None, message: str) -> GenericError:
    """S3's error as obstore words one."""
    return _CodedError(f"<Code>{code}</Code> {message}")


def not_there(backend: Any, error: FileNotFoundError) -> BaseError | FileNotFoundError:
    """The error, if it is S3's own word; a gateway's page says nothing of the store."""
    is_s3 = isinstance(backend, obstore.store.S3Store)
    if not is_s3 or _CODE.search(str(error)):
        return error
    return GenericError(f"status 404, but not from S3: {error}")


def refusal(backend: Any, error: BaseError | FileNotFoundError) -> XSimError | None:
    """The sentence for an error that asking again does not mend; None for any other."""
    if isinstance(backend, obstore.store.LocalStore):
        return disk_refusal(Path(str(backend.prefix)), error)
    if not isinstance(backend, obstore.store.S3Store):
        return None
    found = _CODE.search(str(error))
    code = found.group(1) if found else ""
    if not code and _REDIRECTED in str(error):
        code = "PermanentRedirect"
    is_forbidden = isinstance(error, PermissionDeniedError | UnauthenticatedError)
    if code not in _MENDS and not is_forbidden:
        return None
    config = backend.config
    where = f"s3://{config.get('bucket')}/{backend.prefix or ''}".rstrip("/")
    server = config.get("endpoint") or "Amazon S3"
    said, mend = code or "that we may not", mend_of(code) or _KEYS
    return BadInputError(f"the store {where} at {server} answers {said}. {mend}")
