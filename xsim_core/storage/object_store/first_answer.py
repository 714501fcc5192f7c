"""Whether a server is there at all: found out before a command asks it for anything.

A wrong address is a slip of whoever typed it, and no patience mends it. So inside
``expecting_answers`` a server that this process has not heard yet is asked for an object that is
not there. If no answer of S3's comes within some seconds, it is given up; one that was heard once
keeps the patience of ``patience.py``.
"""

import contextlib
import re
import threading
import time
from collections.abc import Generator, Mapping
from datetime import timedelta
from typing import Any

from xsim_core.errors import StoreUnreachableError

from .endpoint import endpoint_name, endpoint_of

FIRST_ANSWER_S = 2.5
"""With a command's start, and the sentence, within five."""
_PAUSES_S = (0.2, 0.4, 0.8)
"""A server that is being started refuses for a moment."""


class _Heard:
    """The servers that answered this process, and whether those that did not are given up soon."""

    servers: set[str] = set()  # noqa: RUF012 one for the process
    is_awaited = False


@contextlib.contextmanager
def expecting_answers() -> Generator[None]:
    """Give up servers that never answered this process after ``FIRST_ANSWER_S``.

    For commands, at whose end a person waits. Stages of a run under way and Prefect's workers are
    processes of their own, and wait for a server as long as ever.
    """
    before, _Heard.is_awaited = _Heard.is_awaited, True
    try:
        yield
    finally:
        _Heard.is_awaited = before


def await_first_answer(config: Mapping[str, Any]) -> None:
    """Once for every server, in a command: see that one is there, and that it speaks S3.

    Args:
        config: obstore's, with the bucket or without.

    Raises:
        StoreUnreachableError: with the address, what happened there, and the mend.
    """
    server = endpoint_of(config)
    if not _Heard.is_awaited or server in _Heard.servers:
        return
    said = [f"no answer within {FIRST_ANSWER_S:g} s"]
    # A name server that is silent holds its caller for longer than any timeout says.
    asking = threading.Thread(target=_ask, args=(config, said), daemon=True)
    asking.start()
    asking.join(FIRST_ANSWER_S)
    if not said[-1]:
        _Heard.servers.add(server)
    else:
        raise StoreUnreachableError(
            f"the store's server {server} ({endpoint_name()}) is out of reach: {said[-1]}. "
            "Check that address, whether the server runs, and XSIM_STORE."
        )


def _ask(config: Mapping[str, Any], said: list[str]) -> None:
    """Ask until there is an answer, whatever it is, which adds ''; else what there is instead."""
    import obstore
    from obstore.exceptions import BaseError

    once: Any = {"max_retries": 0, "retry_timeout": timedelta(0)}
    client: Any = {
        "allow_http": endpoint_of(config).startswith("http://"),
        "timeout": timedelta(seconds=FIRST_ANSWER_S),
    }
    asked: Any = {"bucket": "none", **config}
    store = obstore.store.S3Store(config=asked, client_options=client, retry_config=once)
    for pause_s in (*_PAUSES_S, 0.0):
        try:
            obstore.get(store, "probes/none")
        except (BaseError, FileNotFoundError) as error:
            said.append(_unlike_s3(error))
        else:
            said.append("it has an answer for whatever is asked, so it is no S3 server")
        if not said[-1]:
            return
        time.sleep(pause_s)


def _unlike_s3(error: BaseException) -> str:
    """Why an answer that no object of that name is there is none of S3's; '' if it is."""
    text = str(error)
    if _MACHINE in text:
        return "no keys are given (AWS_ACCESS_KEY_ID), and this machine has none of its own"
    status = _STATUS.search(text)
    is_failing = status is not None and _number(status).startswith("5")
    is_s3 = "<Code>" in text or "redirect without LOCATION" in text
    return "" if is_s3 and not is_failing else in_words(error)


_MACHINE = "169.254.169.254"
"""Where a machine of Amazon's is asked for its own keys."""


def _number(status: re.Match[str]) -> str:
    return next(filter(None, status.groups()))


_WORDS = {
    "NameResolutionError|dns error": "no host of that name is known",
    "Connection ?[Rr]efused": "nothing listens there (connection refused)",
    "WRONG_VERSION_NUMBER|InvalidContentType": "it does not speak TLS: its address is http://",
    "CERTIFICATE_VERIFY_FAILED|UnknownIssuer": "this machine does not trust its certificate",
    "No route to host|Host ?Unreachable|Network ?([Ii]s )?[Uu]nreachable": "no way leads there",
    "ProxyError": "the proxy that HTTP_PROXY or HTTPS_PROXY names does not answer",
    "[Tt]imed ?[Oo]ut|TimeoutError": "no answer in time",
    "RemoteDisconnected|[Cc]onnection ?([Rr]eset|aborted)|Incomplete(Message|Read)|BadStatusLine":
        "the connection was closed before an answer was whole",
}  # fmt: skip
"""By what Python's, urllib3's and hyper's errors are called."""
_STATUS = re.compile(r"status code: (\d+)|too many (\d+) error|Response code: (\d+)")


def in_words(error: BaseException) -> str:
    """What a client's error over the network means, without the client's own dump."""
    text = f"{type(error).__name__}: {error}"
    if found := _STATUS.search(text):
        return f"it answers {_number(found)}, and not as S3 does"
    for pattern, words in _WORDS.items():
        if re.search(pattern, text):
            return words
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    # obstore names the whole request, and how often it asked, before what happened.
    return first.rpartition(" - ")[2][:200]
