"""The store's contract over S3's protocol: moto's server every day, a real one (Ceph) on demand."""

import logging
import urllib.error
import urllib.request

import numpy as np
import pytest

from tests.contracts.store_contract import StoreContract
from tests.contracts.toys import TOY, ToyConfig
from xsim_core.errors import BadInputError
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.storage.bucket import _client, check_bucket, create_bucket, policy, presign
from xsim_core.storage.object_store.backends import s3_credentials

CANARY = "canary-SECRET-51c0"


class TestMotoStore(StoreContract):
    @pytest.fixture
    def url(self, moto_url):
        return moto_url


@pytest.mark.s3
class TestRealS3Store(StoreContract):
    @pytest.fixture
    def url(self, real_url):
        return real_url


def test_a_new_bucket_passes_its_check(moto_url):
    findings = {f.name: f.ok for f in check_bucket(moto_url)}
    assert findings == dict.fromkeys(
        ("exists", "versioning", "lifecycle", "create-if-absent"), True
    )


def test_the_rules_of_other_stores_and_of_strangers_stay(moto_url):
    from minio.commonconfig import ENABLED, Filter
    from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule

    bucket, client = moto_url.split("/")[2], _client()

    def rules():
        return {
            (r.rule_id, r.rule_filter.prefix) for r in client.get_bucket_lifecycle(bucket).rules
        }

    before = rules()
    assert create_bucket(f"s3://{bucket}/beside") is False
    assert create_bucket(f"s3://{bucket}/beside") is False
    added = rules() - before
    assert rules() > before
    assert {prefix for _, prefix in added} == {"beside/", "beside/probes/"}
    logs = Rule(
        ENABLED, rule_filter=Filter(prefix="logs/"), rule_id="logs", expiration=Expiration(days=9)
    )
    client.set_bucket_lifecycle(bucket, LifecycleConfig([logs]))
    with pytest.raises(BadInputError, match=r"not ours \(logs\).*'beside/probes/'"):
        create_bucket(f"s3://{bucket}/beside")
    assert rules() == {("logs", "logs/")}
    finding = next(f for f in check_bucket(f"s3://{bucket}/beside") if f.name == "lifecycle")
    assert not finding.ok
    create = {f.name: f.ok for f in check_bucket(f"s3://{bucket}/beside")}["create-if-absent"]
    assert create, "the bucket itself can be used"


def test_a_missing_bucket_is_named(moto_url):
    (finding,) = check_bucket("s3://nobody-made-this")
    assert not finding.ok
    assert "xsim bucket create" in finding.text


def test_a_server_that_does_not_answer_is_a_sentence(monkeypatch):
    monkeypatch.setattr("urllib3.Retry.sleep", lambda *_: None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    (finding,) = check_bucket("s3://bucket/store")
    assert not finding.ok
    assert "Check AWS_ENDPOINT_URL" in finding.text
    with pytest.raises(BadInputError, match=r"^bucket bucket: no answer .*Check AWS_ENDPOINT_URL"):
        create_bucket("s3://bucket/store")


def test_a_link_fetches_one_file(moto_url):
    ref = run_stage(TOY, ToyConfig(), ArtifactStore(moto_url), {})
    link = presign(moto_url, ref, "note.txt", valid_s=60)
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == b"for people"


@pytest.mark.s3
def test_a_tampered_link_is_refused(real_url):
    ref = run_stage(TOY, ToyConfig(), ArtifactStore(real_url), {})
    link = presign(real_url, ref, "note.txt", valid_s=60)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(link[:-4] + "0000")


@pytest.mark.s3
def test_a_versioned_ceph_bucket_is_refused_or_keeps_the_protocol(real_url):
    from minio.commonconfig import ENABLED
    from minio.versioningconfig import VersioningConfig

    bucket = real_url.split("/")[2]
    _client().set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(ENABLED))
    assert not {f.name: f.ok for f in check_bucket(real_url)}["versioning"]
    with pytest.raises(BadInputError, match="ignores If-None-Match"):
        ArtifactStore(real_url).check_create_if_absent()


def test_readers_cannot_write_and_writers_cannot_delete():
    reader, writer, sweeper = (policy("s3://b/p", r) for r in ("reader", "writer", "sweeper"))
    assert "PutObject" not in reader
    assert "PutObject" in writer
    assert "DeleteObject" not in writer
    assert "DeleteObject" in sweeper
    assert "arn:aws:s3:::b/p/*" in reader


def test_the_secret_appears_nowhere(moto_url, monkeypatch, caplog, tmp_path):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    caplog.set_level(logging.DEBUG)
    store = ArtifactStore(moto_url, scratch_root=tmp_path)
    ref = run_stage(TOY, ToyConfig(), store, {})
    store.put_record("runs/r.json", {"toy": str(ref)})
    opened = store.open(ref)
    seen = [
        caplog.text,
        repr(store),
        repr(store._objects.backend),
        repr(opened),
        repr(opened.group),
    ]
    seen += [str(store.read_object(p)) for p, _, _ in store.list_objects()]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    lost = ArtifactStore("s3://unreachable/p", scratch_root=tmp_path)
    monkeypatch.setattr("xsim_core.storage.object_store.backends._RETRIES", {"max_retries": 0})
    monkeypatch.setattr("xsim_core.storage.object_store.patience.PAUSES_S", (0.1,))
    with pytest.raises(BadInputError, match="cannot be used") as error:
        ArtifactStore("s3://unreachable/p", scratch_root=tmp_path).check_create_if_absent()
    seen += [str(error.value), repr(error.value.__cause__), repr(lost)]
    assert len(seen) > 10
    assert not [text for text in seen if CANARY in text]


def test_credentials_come_from_a_private_file_only(tmp_path, monkeypatch):
    path = tmp_path / "keys"
    path.write_text(f"[default]\naws_access_key_id = me\naws_secret_access_key = {CANARY}\n")
    monkeypatch.setenv("XSIM_S3_CREDENTIALS", str(path))
    path.chmod(0o640)
    with pytest.raises(BadInputError, match="chmod 600"):
        s3_credentials()
    path.chmod(0o600)
    assert s3_credentials()["aws_secret_access_key"] == CANARY
    path.write_text(f"[default]\naws_secret_access_key = {CANARY}\n{CANARY}")
    with pytest.raises(BadInputError, match=r"needs a \[default\]") as error:
        s3_credentials()
    assert CANARY not in str(error.value)
    assert error.value.__cause__ is None


def test_a_url_with_credentials_is_refused():
    with pytest.raises(BadInputError, match="carries credentials") as error:
        ArtifactStore(f"s3://me:{CANARY}@bucket/p")
    assert CANARY not in str(error.value)


def test_frames_from_s3(moto_url, tmp_path):
    from tests.storage.test_frames import DATASET, DatasetConfig

    store = ArtifactStore(moto_url, scratch_root=tmp_path)
    opened = store.open(run_stage(DATASET, DatasetConfig(), store, {}))
    np.testing.assert_array_equal(opened.frames("photos"), opened.array("photos"))
