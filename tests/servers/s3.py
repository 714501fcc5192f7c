"""S3 servers: moto's for every day, a real one where the environment names it."""

import itertools
import os

import pytest

from xsim_core.storage.bucket import create_bucket

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def moto_endpoint():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _point_to(monkeypatch, endpoint, key, secret):
    for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN", "XSIM_S3_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    monkeypatch.setenv("AWS_REGION", "us-east-1")


def _fresh_bucket():
    url = f"s3://xsim-{os.getpid()}-{next(NUMBERS)}/some/prefix"
    create_bucket(url)
    return url


@pytest.fixture
def moto_url(moto_endpoint, monkeypatch):
    _point_to(monkeypatch, moto_endpoint, "testing", "testing")
    return _fresh_bucket()


@pytest.fixture
def real_s3(monkeypatch):
    endpoint = os.environ.get("XSIM_TEST_S3_ENDPOINT")
    if not endpoint or not os.environ.get("AWS_SECRET_ACCESS_KEY"):
        pytest.skip(
            "no S3 server: set XSIM_TEST_S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"
        )
    keys = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    _point_to(monkeypatch, endpoint, *keys)
    return endpoint


@pytest.fixture
def real_url(real_s3):
    return _fresh_bucket()
