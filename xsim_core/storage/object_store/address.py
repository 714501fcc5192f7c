"""How a store's URL is written: a spelling means one place, or is refused with what was meant."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.files.folders import expanded

SCHEMES = ("file", "memory", "s3")


def canonical_url(where: str | Path) -> str:
    """The one spelling of a store's address.

    Args:
        where: ``s3://bucket/prefix``, ``file:///absolute/path``, ``memory://``, or a folder, also
            relative or below ``~``.

    Raises:
        UnknownNameError: for a scheme that no backend speaks.
        BadInputError: for an address that could mean two places; says what may have been meant.
    """
    text = str(where).strip()
    if odd := next((c for c in text if not (c.isprintable() or "\udc80" <= c <= "\udcff")), None):
        raise BadInputError(
            f"the store's address holds a character that cannot be seen (U+{ord(odd):04X}), as "
            "copying from a page brings. Type it anew."
        )
    scheme, colon, rest = text.partition(":")
    if not colon or "/" in scheme:
        return _whole(expanded(text, "the store's address")).as_uri()
    if re.match(r"//[^/]*@", rest):  # Not repeated: it may hold a secret.
        raise BadInputError(
            "the store's URL carries credentials, and URLs end up in logs. Put them into AWS_* "
            "variables or into a file with mode 600 named by XSIM_S3_CREDENTIALS."
        )
    match scheme.lower():
        case "memory":
            return "memory://"
        case "file":
            return _file_url(text, rest)
        case "s3":
            return _s3_url(text, rest)
        case other:
            raise UnknownNameError("store scheme", other, SCHEMES)


def _file_url(text: str, rest: str) -> str:
    path = rest.removeprefix("//") if rest.startswith("//") else rest
    path = path.removeprefix("localhost") if path.startswith("localhost/") else path
    if not path.startswith("/"):
        meant = _whole(expanded(path or ".", "the store's address")).as_uri()
        raise BadInputError(
            f"'{text}' is no address of a folder: a file:// URL has three slashes and the whole "
            f"path. Did you mean {meant} (or simply {path or 'a folder'})?"
        )
    if odd := re.search(r"[?#]", path):
        meant = Path(unquote(path)).as_uri()
        raise BadInputError(f"'{text}': write '{odd.group()}' in a URL so: {meant}")
    return _whole(Path(unquote(path))).as_uri()


def _whole(path: Path) -> Path:
    """Absolute, and without "..", which only the disk can take out: it may follow a link."""
    return path.resolve() if ".." in path.parts else path.absolute()


def _s3_url(text: str, rest: str) -> str:
    path = rest.strip("/")
    parts = path.split("/")
    meant = "s3://" + "/".join(part for part in parts if part not in ("", ".", ".."))
    is_address = rest.startswith("//") and not rest.startswith("///") and parts[0]
    if not is_address or any(part in ("", ".", "..") for part in parts):
        raise BadInputError(
            f"'{text}' is no address of a bucket. Did you mean {meant if path else 's3://BUCKET'}?"
        )
    if odd := re.search(r"[?#\s]", path):
        plain = re.sub(r"[?#\s]+", "-", meant)
        raise BadInputError(
            f"'{text}': a prefix with '{odd.group()}' cannot be told from a part of the URL; take "
            f"another, such as {plain}"
        )
    return meant


def local_path(url: str) -> Path | None:
    """The folder of a ``file://`` URL; None for others."""
    parsed = urlsplit(url)
    return Path(unquote(parsed.path)) if parsed.scheme == "file" else None
