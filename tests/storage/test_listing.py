"""object_store/listing.py: an answer that is no listing is never read as an empty store."""

import io
import re
from urllib.parse import parse_qs, urlparse

import pytest

from tests.contracts.toys import TOY, ToyConfig
from tests.faults.proxy import FaultyProxy
from xsim_core.errors import BadInputError, StoreUnreachableError
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.storage.bucket import _client
from xsim_core.storage.collect import collect
from xsim_core.storage.object_store import patience

PAGES = {
    "html": b"<html><head><title>Sign in</title></head><body><p>Welcome</p></body></html>",
    "html5": b"<!doctype html><html><p>one<br>two</html>",
    "error": b"<?xml version='1.0'?><Error><Code>InternalError</Code><Message/></Error>",
    "nothing": b"",
    "json": b'{"message": "upstream"}',
    "another bucket's": b"<ListBucketResult><Name>x</Name><KeyCount>1</KeyCount><Contents><Key>"
    b"elsewhere/a</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>x</ETag><Size>1"
    b"</Size><StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>",
}


class SpoiltListings(FaultyProxy):
    """Answers some listings of a folder, of those that come, with a page and status 200."""

    def __init__(self, endpoint, page, *, which, folder):
        super().__init__(endpoint, share=0.0, seed=0)
        self.page, self.which, self.folder, self.num_listings = page, which, folder, 0

    def draw(self, path):
        query = parse_qs(urlparse(path).query)
        if "list-type" not in query or self.folder not in query["prefix"][0]:
            return "none"
        with self.lock:
            self.num_listings += 1
            return (200, self.page) if self.which(self.num_listings) else "none"


@pytest.fixture
def spoil(monkeypatch, moto_url, moto_endpoint):
    """A store behind a proxy that spoils listings, with one of ``PAGES`` or the bytes given."""
    monkeypatch.setattr(patience, "PAUSES_S", (0.01,) * 7)

    def open_store(page, which, folder=""):
        proxy = SpoiltListings(moto_endpoint, PAGES.get(page, page), which=which, folder=folder)
        proxy.__enter__()
        proxies.append(proxy)
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        return ArtifactStore(moto_url), proxy

    proxies = []
    yield open_store
    for proxy in proxies:
        proxy.__exit__()


@pytest.mark.parametrize("page", PAGES)
def test_one_spoilt_listing_is_asked_for_again(spoil, moto_url, page):
    store, proxy = spoil(page, lambda n: n == 1)
    store.put_record("runs/a.json", {})
    assert store.list_records("runs") == ["runs/a.json"]
    assert proxy.num_listings == 2


@pytest.mark.parametrize("page", PAGES)
def test_a_store_that_only_answers_pages_is_out_of_reach(spoil, page):
    store, proxy = spoil(page, lambda _: True)
    with pytest.raises(StoreUnreachableError, match=r"failed 8 times"):
        store.list_records("runs")
    assert proxy.num_listings == 8


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("folder", ["/ground_truth/", "/runs/"])
@pytest.mark.parametrize("page", ["html", "without an object"])
def test_a_sweep_without_grace_keeps_what_a_run_names_whichever_listing_is_spoilt(
    spoil, moto_url, page, folder, number
):
    """A record counts if either of two listings has it, also where one is whole and wrong."""
    if page not in PAGES:
        bucket = moto_url.split("/")[2]
        page = f"<ListBucketResult><Name>{bucket}</Name></ListBucketResult>".encode()
    ref = run_stage(TOY, ToyConfig(), ArtifactStore(moto_url), {})
    ArtifactStore(moto_url).put_record("runs/a.json", {"stages": {"toy": str(ref)}})
    store, proxy = spoil(page, lambda n: n == number, folder)
    collect(store, grace_s=0, dry_run=False)
    assert folder != "/runs/" or proxy.num_listings >= 2
    assert store.verify(ref) == []


def test_a_long_listing_goes_on_behind_what_it_has(spoil, moto_url):
    from moto.s3.models import s3_backends

    names = [f"notes/{n:04d}" for n in range(1005)]
    bucket, prefix = re.fullmatch("s3://([^/]+)/(.*)", moto_url).groups()
    (backend,) = [b["aws"] for b in s3_backends.values() if bucket in b["aws"].buckets]
    for name in (*names, "notes-2"):
        backend.put_object(bucket, f"{prefix}/{name}", b"{}")
    store, proxy = spoil("html", lambda n: n == 2)
    assert store.list_records("notes") == names
    assert proxy.num_listings == 3


def test_names_come_back_as_they_are_and_folder_objects_are_none(moto_url):
    store = ArtifactStore(moto_url)
    names = ["odd/K\u00fcche 1+2%20&<x>", "odd/a b.json", "odd/q?#"]
    for name in names:
        store.put_record(name, {"n": name})
    bucket, prefix = re.fullmatch("s3://([^/]+)/(.*)", moto_url).groups()
    _client().put_object(bucket, f"{prefix}/odd/folder/", io.BytesIO(b""), 0)
    assert store.list_records("odd") == sorted(names)
    assert all(store.get_record(name) == {"n": name} for name in names)


def test_a_bucket_that_is_not_there_is_said_at_once(moto_url):
    store = ArtifactStore("s3://nobody-made-this/x")
    for ask in (lambda: store.list_records("runs"), lambda: store.get_record("runs/a.json")):
        with pytest.raises(BadInputError, match=r"NoSuchBucket\. There is no such bucket"):
            ask()


CODES = {
    403: ("AccessDenied", "RequestTimeTooSkewed", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    400: ("ExpiredToken", "AuthorizationHeaderMalformed"),
    301: ("PermanentRedirect",),
}
ASKS = {
    "list": lambda store: store.list_records("runs"),
    "read": lambda store: store.get_record("runs/a.json"),
    "write": lambda store: store.put_record("runs/a.json", {}),
    "create": lambda store: store.create_object("runs/a.json", b"1"),
    "probe": lambda store: store.check_create_if_absent(),
}


class Refusing(FaultyProxy):
    """Answers everything with one error."""

    num_requests = 0

    def draw(self, path):
        del path
        self.num_requests += 1
        return self.answer


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize(
    ("status", "code"), [(status, code) for status, codes in CODES.items() for code in codes]
)
def test_what_the_server_refuses_is_one_sentence_at_once(
    moto_url, moto_endpoint, monkeypatch, status, code, ask
):
    with Refusing(moto_endpoint, share=0.0, seed=0) as proxy:
        body = f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()
        proxy.answer = (status, body)
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        store = ArtifactStore(moto_url)
        with pytest.raises(BadInputError, match=code) as raised:
            ASKS[ask](store)
        assert proxy.num_requests == 1
        assert "\n" not in str(raised.value)
        assert len(str(raised.value)) < 400


def test_a_page_with_status_404_does_not_say_that_nothing_is_there(
    moto_url, moto_endpoint, monkeypatch
):
    monkeypatch.setattr(patience, "PAUSES_S", (0.01,) * 7)
    with Refusing(moto_endpoint, share=0.0, seed=0) as proxy:
        proxy.answer = (404, PAGES["html"])
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        with pytest.raises(StoreUnreachableError, match="not as S3 does"):
            ArtifactStore(moto_url).get_record("runs/a.json")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_one_lost_answer_does_not_fail_the_probe(moto_url, moto_endpoint, monkeypatch, number):
    class Forgetful(FaultyProxy):
        num_requests = 0

        def draw(self, path):
            self.num_requests += 1
            return "500 after" if self.num_requests == number else "none"

    with Forgetful(moto_endpoint, share=0.0, seed=0) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        ArtifactStore(moto_url).check_create_if_absent()
        assert proxy.num_requests > number
