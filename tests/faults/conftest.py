from datetime import timedelta

import pytest

from tests.servers.s3 import moto_endpoint, moto_url, real_s3, real_url
from xsim_core.storage.object_store import backends, patience

__all__ = ["moto_endpoint", "moto_url", "real_s3", "real_url"]


@pytest.fixture
def haste(monkeypatch):
    """As many tries as ever, at a tenth of the waiting."""
    seconds = {"connect_timeout": 1, "read_timeout": 0.6, "timeout": 60}
    retries = {
        "max_retries": backends._RETRIES["max_retries"],
        "retry_timeout": backends._RETRIES["retry_timeout"] / 2,
        "backoff": {
            "init_backoff": timedelta(milliseconds=10),
            "max_backoff": timedelta(milliseconds=500),
            "base": 2,
        },
    }
    for name, value in seconds.items():
        monkeypatch.setitem(backends.TIMEOUTS, name, timedelta(seconds=value))
    monkeypatch.setattr(backends, "_RETRIES", retries)
    monkeypatch.setattr(patience, "PAUSES_S", tuple(p / 10 for p in patience.PAUSES_S))
