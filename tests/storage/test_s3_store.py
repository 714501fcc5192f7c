"""xsim_core/storage.py against its contract over S3's protocol, spoken by moto's server."""

import itertools

import pytest

from tests.contracts.store_contract import StoreContract

pytestmark = pytest.mark.s3
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def endpoint():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class TestS3Store(StoreContract):
    @pytest.fixture
    def url(self, endpoint, monkeypatch):
        import boto3

        keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        places = {"AWS_ENDPOINT": endpoint, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1"}
        for name, value in (keys | places).items():
            monkeypatch.setenv(name, value)
        bucket = f"xsim-{next(NUMBERS)}"
        boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(
            Bucket=bucket
        )
        return f"s3://{bucket}/some/prefix"
