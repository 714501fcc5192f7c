"""Where S3's server is: its address, as the environment names it, and connections to it."""

import os
import re
from collections.abc import Mapping
from typing import Any

from xsim_core.errors import BadInputError

_NAMES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


def s3_endpoint() -> str | None:
    """The server's address, or None for Amazon's own.

    Raises:
        BadInputError: when it is none, which obstore would end the process over.
    """
    for name in _NAMES:
        given = os.environ.get(name)
        if given is None:
            continue
        if not re.fullmatch(r"https?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(/[\w./-]*)?", given):
            raise BadInputError(
                f"{name} is '{given}', which is no server's address. Write it as "
                "https://host or http://host:port, or unset it for Amazon's own."
            )
        return given
    return None


def s3_region() -> str:
    """``AWS_REGION``, or the one by default.

    Raises:
        BadInputError: when it cannot be a region's name.
    """
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    if not re.fullmatch(r"[A-Za-z0-9_-]+", region):
        raise BadInputError(f"AWS_REGION is '{region}', which is no region's name: us-east-1, say.")
    return region


def endpoint_name() -> str:
    """Where the server's address comes from, for a sentence."""
    named = next((name for name in _NAMES if os.environ.get(name)), None)
    return named or "Amazon's: AWS_ENDPOINT_URL names no other"


def endpoint_of(config: Mapping[str, Any]) -> str:
    """The server's address in obstore's configuration: without one it asks Amazon's region."""
    region = config.get("region") or "us-east-1"
    return config.get("endpoint") or f"https://s3.{region}.amazonaws.com"


def http_pool(url: str, **options: Any) -> Any:
    """urllib3's connections to a server, through the proxy that the environment names for it."""
    from urllib.parse import urlparse
    from urllib.request import getproxies, proxy_bypass  # Here: it brings http and email.

    import urllib3

    parsed = urlparse(url)
    proxy = getproxies().get(parsed.scheme)
    if proxy and not proxy_bypass(parsed.hostname or ""):
        return urllib3.ProxyManager(proxy, **options)
    return urllib3.PoolManager(**options)
