"""A real Ceph RGW tells the receiver of a new capture (``XSIM_TEST_S3_ENDPOINT``)."""

import io
import queue
import threading
import time

import boto3
import pytest
from botocore.exceptions import ClientError

from flows.inbox.webhook import Receiver
from tests.servers.s3 import real_s3, real_url
from xsim_core.storage.bucket import _client

__all__ = ["real_s3", "real_url"]

pytestmark = [pytest.mark.s3, pytest.mark.slow]

TOKEN = "a-Token_1"


class Listener:
    """A receiver that can be away; ``heard`` waits for its next message."""

    def __init__(self, token=TOKEN):
        self.messages, self.port, self.token = queue.Queue(), 0, token

    def __enter__(self):
        self.server = Receiver(self.port, self.token, self.messages.put)
        self.port = self.server.address[1]
        self.thread = threading.Thread(target=self.server.serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.stop()
        self.thread.join(timeout=10)

    def heard(self, *, within_s):
        return self.messages.get(timeout=within_s)


def subscribe(endpoint, bucket, listener):
    """Have the bucket tell the listener of each ``capture.yaml``, as docs/orchestration.md says."""
    sns = boto3.client("sns", endpoint_url=endpoint, region_name="us-east-1")
    # RGW takes secrets over TLS only, or from a proxy that says so and that it trusts.
    sns.meta.events.register(
        "before-send.sns.*",
        lambda request, **_: request.headers.__setitem__("X-Forwarded-Proto", "https"),
    )
    push = f"http://xsim:{TOKEN}@127.0.0.1:{listener.port}/bucket"
    try:
        topic = sns.create_topic(
            Name=bucket, Attributes={"push-endpoint": push, "persistent": "true"}
        )
    except ClientError as error:
        pytest.skip(f"no topics with a secret here; set rgw_trust_forwarded_https ({error})")
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    rules = [{"Name": "suffix", "Value": "capture.yaml"}]
    told = {
        "Id": "inbox", "TopicArn": topic["TopicArn"], "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }  # fmt: skip
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"TopicConfigurations": [told]}
    )


def put(bucket, key):
    _client().put_object(bucket_name=bucket, object_name=key, data=io.BytesIO(b"x"), length=1)


@pytest.fixture
def bucket(real_url):
    return real_url.split("/")[2]


def test_ceph_tells_of_a_new_capture_and_of_nothing_else(real_s3, bucket):
    with Listener() as listener:
        subscribe(real_s3, bucket, listener)
        put(bucket, "inbox/one/photos/0.png")
        put(bucket, "inbox/K\u00fcche 1+1/capture.yaml")
        heard = listener.heard(within_s=60)
        assert heard == [f"{bucket}/inbox/K\u00fcche 1+1/capture.yaml"]
        with pytest.raises(queue.Empty):
            listener.heard(within_s=3)


def test_a_capture_that_came_while_nobody_listened_is_told_later(real_s3, bucket):
    listener = Listener()
    with listener:
        pass
    subscribe(real_s3, bucket, listener)
    clock = time.monotonic()
    put(bucket, "inbox/late/capture.yaml")
    assert time.monotonic() - clock < 10, "the upload waited for the listener"
    with listener:
        assert listener.heard(within_s=120) == [f"{bucket}/inbox/late/capture.yaml"]


def test_ceph_is_heard_only_with_the_token(real_s3, bucket):
    listener = Listener(token="another")
    with listener:
        subscribe(real_s3, bucket, listener)
        put(bucket, "inbox/one/capture.yaml")
        with pytest.raises(queue.Empty):
            listener.heard(within_s=5)
    # It was refused, and not merely slow: with the token it is there at the next try.
    listener.token = TOKEN
    with listener:
        assert listener.heard(within_s=120) == [f"{bucket}/inbox/one/capture.yaml"]
