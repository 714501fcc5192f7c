"""Words that only their owner may read, made once."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def secret_in(path: Path, *, user: str = "") -> str:
    """The secret in a file (mode 0600), made at the first call.

    Args:
        path: the file.
        user: a name before the secret, as ``user:secret``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        partial = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write((f"{user}:" if user else "") + secrets.token_urlsafe(24))
        try:
            # A link appears whole or not at all, and never over another command's.
            with suppress(FileExistsError):
                os.link(partial, path)
        finally:
            partial.unlink()
    return path.read_text().strip()
