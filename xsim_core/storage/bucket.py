"""Administration of buckets with MinIO's client, which speaks to any S3 server."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from xsim_core.artifacts.base import ArtifactRef
from xsim_core.errors import BadInputError, MissingArtifactError, StoreUnreachableError

from .object_store.backends import first_line, open_backend, s3_client, s3_config
from .object_store.first_answer import await_first_answer, in_words
from .object_store.probe import check_create_if_absent
from .object_store.refusals import mend_of

if TYPE_CHECKING:
    from minio import Minio
    from minio.lifecycleconfig import LifecycleConfig, Rule

MULTIPART_DAYS = 7
PROBE_DAYS = 1
_OURS = "xsim-"
"""With this the names of our lifecycle rules begin."""


@dataclass(frozen=True)
class BucketFinding:
    """One thing that was looked at."""

    name: str
    ok: bool
    text: str


def _client() -> "Minio":
    """MinIO's client.

    Raises:
        StoreUnreachableError: in a command, when the server never answered and does not now.
    """
    config = s3_config()
    await_first_answer(config)
    return s3_client(config)


def _server_errors() -> tuple[type[Exception], ...]:
    """What MinIO's client raises over a server: its answers, its silence, and names it refuses."""
    from minio.error import MinioException
    from urllib3.exceptions import HTTPError

    return MinioException, HTTPError, OSError, ValueError


def _said(error: Exception) -> str:
    from minio.error import S3Error
    from urllib3.exceptions import HTTPError

    if isinstance(error, HTTPError):
        return f"no answer ({in_words(error)}). Check AWS_ENDPOINT_URL and the network."
    if isinstance(error, S3Error):
        return f"the server answers {error.code}. {mend_of(error.code) or error.message}"
    return first_line(error)


def _split(url: str) -> tuple[str, str]:
    parsed = urlparse(url)
    if parsed.scheme != "s3" or not parsed.netloc:
        raise BadInputError(f"{url} is not s3://bucket/prefix: only buckets can be administered")
    return parsed.netloc, parsed.path.strip("/")


def create_bucket(url: str) -> bool:
    """Create the bucket of ``url`` with its lifecycle rules; False if it was there already.

    Rules for other prefixes' stores stay.

    Raises:
        BadInputError: when the server does not let us, the bucket has lifecycle rules of somebody
            else, or it cannot keep the protocol.
    """
    bucket, prefix = _split(url)
    try:
        client = _client()
        is_new = not client.bucket_exists(bucket_name=bucket)
        if is_new:
            client.make_bucket(bucket_name=bucket)
        client.set_bucket_lifecycle(
            bucket_name=bucket, config=_lifecycle(prefix, _rules(client, bucket), bucket)
        )
    except _server_errors() as error:
        raise BadInputError(f"bucket {bucket}: {_said(error)}") from None
    check_create_if_absent(open_backend(url), url)
    return is_new


def _rules(client: "Minio", bucket: str) -> list["Rule"]:
    lifecycle = client.get_bucket_lifecycle(bucket_name=bucket)
    return lifecycle.rules if lifecycle else []


def _prefix_of(rule: "Rule") -> str | None:
    """What a rule is for; None where it is for a tag, or says it in a way of old."""
    return rule.rule_filter.prefix if rule.rule_filter else None


def _lifecycle(prefix: str, there: list["Rule"], bucket: str) -> "LifecycleConfig":
    """The server clears what no sweep sees: unfinished multipart uploads; and old probes.

    Abandoned attempts lie beside committed ones: only ``xsim gc`` can tell them apart.
    """
    from minio.commonconfig import ENABLED, Filter
    from minio.lifecycleconfig import (
        AbortIncompleteMultipartUpload,
        Expiration,
        LifecycleConfig,
        Rule,
    )

    base = f"{prefix}/" if prefix else ""
    # All rules of a bucket are set at once, and MinIO's client loses what it does not know of one.
    foreign = [
        r.rule_id or "without a name" for r in there if not (r.rule_id or "").startswith(_OURS)
    ]
    if foreign:
        raise BadInputError(
            f"bucket {bucket} has lifecycle rules that are not ours ({', '.join(foreign)}): all "
            f"are left as they are. Add two beside them: end unfinished multipart uploads below "
            f"'{base}' after {MULTIPART_DAYS} days, remove what is below '{base}probes/' after "
            f"{PROBE_DAYS}. Then run 'xsim bucket check'."
        )
    others = [r for r in there if _prefix_of(r) not in (base, f"{base}probes/")]
    uploads = Rule(
        status=ENABLED,
        rule_filter=Filter(prefix=base),
        rule_id=f"{_OURS}unfinished-uploads:{base}"[:255],
        abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(MULTIPART_DAYS),
    )
    probes = Rule(
        status=ENABLED,
        rule_filter=Filter(prefix=f"{base}probes/"),
        rule_id=f"{_OURS}probes:{base}"[:255],
        expiration=Expiration(days=PROBE_DAYS),
    )
    return LifecycleConfig([*others, uploads, probes])


def check_bucket(url: str) -> list[BucketFinding]:
    """Look at everything the store needs of a bucket; changes nothing but a probe."""
    bucket, prefix = _split(url)
    findings = []
    try:
        client = _client()
        if not client.bucket_exists(bucket_name=bucket):
            return [
                BucketFinding(
                    "exists", ok=False, text=f"no bucket {bucket}: xsim bucket create {url}"
                )
            ]
        findings.append(BucketFinding("exists", ok=True, text=bucket))
        status = client.get_bucket_versioning(bucket_name=bucket).status
        is_plain = status != "Enabled"
        advice = "" if is_plain else ": Ceph ignores create-if-absent here; use another bucket"
        findings.append(BucketFinding("versioning", ok=is_plain, text=f"{status or 'Off'}{advice}"))
        findings.append(_check_lifecycle(_rules(client, bucket), prefix, url))
    except StoreUnreachableError as error:
        return [BucketFinding("server", ok=False, text=str(error))]
    except _server_errors() as error:
        return [*findings, BucketFinding("server", ok=False, text=_said(error))]
    try:
        check_create_if_absent(open_backend(url), url)
        findings.append(BucketFinding("create-if-absent", ok=True, text="holds"))
    except BadInputError as error:
        findings.append(BucketFinding("create-if-absent", ok=False, text=str(error)))
    return findings


def _check_lifecycle(rules: list["Rule"], prefix: str, url: str) -> BucketFinding:
    """Whether some rule, whoever made it, ends the unfinished uploads of this store."""
    ending = [r for r in rules if r.abort_incomplete_multipart_upload and r.status == "Enabled"]
    reaching = [p for p in map(_prefix_of, ending) if p is not None and f"{prefix}/".startswith(p)]
    names = ", ".join(r.rule_id or "without a name" for r in rules) or "no rules"
    hint = "" if reaching else f": none ends unfinished uploads; xsim bucket create {url}"
    return BucketFinding("lifecycle", ok=bool(reaching), text=names + hint)


def presign(url: str, ref: ArtifactRef, file: str, *, valid_s: float = 3600) -> str:
    """A link with which anybody can fetch one file of an artifact for a while.

    The link is itself a credential: it is for people, and not for logs or records.

    Raises:
        MissingArtifactError: when the artifact has no such file.
    """
    from .store import ArtifactStore

    bucket, prefix = _split(url)
    artifact = ArtifactStore(url).open(ref)
    if file not in artifact.file_names:
        known = ", ".join(artifact.file_names) or "none"
        raise MissingArtifactError(f"{ref} has no file '{file}'. It has: {known}")
    base = f"{prefix}/" if prefix else ""
    return _client().presigned_get_object(
        bucket_name=bucket,
        object_name=f"{base}{artifact.prefix}/files/{file}",
        expires=timedelta(seconds=valid_s),
    )


def policy(url: str, role: str) -> str:
    """A policy document for one role, to attach to that role's own credentials.

    Args:
        url: the store.
        role: ``reader`` sees; ``writer`` also adds objects; ``sweeper`` also deletes (``xsim gc``,
            and workers that clean up after themselves).
    """
    bucket, prefix = _split(url)
    actions = {
        "reader": ["s3:GetObject"],
        "writer": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
        "sweeper": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"],
    }
    if role not in actions:
        raise BadInputError(f"role '{role}': use one of {', '.join(actions)}")
    objects = f"arn:aws:s3:::{bucket}/" + (f"{prefix}/*" if prefix else "*")
    statements = [
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
            "Resource": [f"arn:aws:s3:::{bucket}"],
        },
        {"Effect": "Allow", "Action": actions[role], "Resource": [objects]},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=1)
