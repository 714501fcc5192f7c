"""Work pools: runs as processes of their worker, or each in a container of its own."""

import os
from typing import Any

from pydantic import Field

from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError, MissingDependencyError
from xsim_core.named import named

from . import PoolKind

WORK_POOLS = ("xsim-cpu", "xsim-gpu", "xsim-foundationpose")

ENGINE = "python -m prefect.engine"
"""What a worker starts for a run; ``xsim worker`` sees to it that ``python`` is its own. Without a
command Prefect 3.8 starts another process before it, which imports all of Prefect, runs the pull
steps and is then replaced: 2.5 s of CPU before each run
(tests/benchmarks/orchestration/bench_trigger.py)."""

SECRET = "xsim"
"""The Kubernetes secret whose entries become environment variables of every run."""

_PASSED_ON = ("XSIM_STORE", "XSIM_POOLS", "AWS_ENDPOINT_URL", "AWS_REGION")
"""What containers are told of this environment. No keys: whoever may see a pool would see them."""


class PoolRequest(FrozenModel):
    """What new pools start their runs in."""

    kind: PoolKind = "process"
    image: str = "{pool}:latest"
    """Image of a run's container; ``{pool}`` becomes the pool's name."""
    volumes: tuple[str, ...] = ()
    """Docker: ``FOLDER:/PATH`` each."""
    environment: dict[str, str] = Field(default_factory=dict)
    """Further variables of the containers."""


def job_template(request: PoolRequest, pool: str) -> dict[str, Any]:
    """The base job template of a pool of containers; nothing for one of processes.

    Call ``check`` first, and this only where Prefect knows its server: it would start one.

    Raises:
        MissingDependencyError: when Prefect's worker of this kind is not installed.
    """
    if request.kind == "process":
        return {}
    template = _default_template(request.kind)
    _set_defaults(
        template,
        image=request.image.replace("{pool}", pool),
        env=_environment(request),
        image_pull_policy="IfNotPresent",
    )
    # The images' entry point is `xsim`; Prefect hands over a command of its own.
    if request.kind == "docker":
        _set_defaults(
            template,
            volumes=list(request.volumes),
            auto_remove=True,
            # Our server listens on this machine's loopback only.
            network_mode="host",
            container_create_kwargs={"entrypoint": ["/usr/bin/env"]},
        )
    else:
        pod = template["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
        pod["containers"][0] |= {
            "command": ["/usr/bin/env"],
            "envFrom": [{"secretRef": {"name": SECRET, "optional": True}}],
        }
    return template


def process_template() -> dict[str, Any]:
    """The base job template of a pool of processes: Prefect's own, its runs started by ``ENGINE``.

    Call it only where Prefect knows its server: it would start one.
    """
    from prefect.workers.process import ProcessWorker

    template: dict[str, Any] = ProcessWorker.get_default_base_job_template()
    _set_defaults(template, command=ENGINE)
    return template


def check(request: PoolRequest) -> None:
    """Look whether containers could reach the store.

    Raises:
        BadInputError: when they could not.
    """
    if request.kind == "process" or _is_bucket(_environment(request)):
        return
    if request.kind == "kubernetes" or not request.volumes:
        raise BadInputError(
            "containers need a store that they reach: set XSIM_STORE=s3://…, or for Docker give a "
            "--volume FOLDER:/data."
        )


def _environment(request: PoolRequest) -> dict[str, str]:
    given = {k: os.environ[k] for k in _PASSED_ON if os.environ.get(k)}
    if not _is_bucket(given):
        # A folder of this machine is none of the container's; one that --env names is.
        given.pop("XSIM_STORE", None)
    given |= request.environment
    # The worker would hand on its own, a folder of its machine. This one is the container's, which
    # is thrown away with the run: Prefect keeps there a profile and logs, nothing that outlives it.
    # Not the home, which an image's user need not have: any user may write to /tmp.
    given.setdefault("PREFECT_HOME", "/tmp/prefect")
    return given


def _is_bucket(environment: dict[str, str]) -> bool:
    return environment.get("XSIM_STORE", "").startswith("s3://")


_WORKERS = {
    "docker": "prefect_docker.worker:DockerWorker",
    "kubernetes": "prefect_kubernetes.worker:KubernetesWorker",
}
"""Of packages that are not installed everywhere."""


def _default_template(kind: PoolKind) -> dict[str, Any]:
    try:
        worker: Any = named(_WORKERS[kind])
    except ImportError as error:
        raise MissingDependencyError(
            f"{kind} pools need prefect-{kind}, here and where `xsim worker` runs: "
            f"pip install '.[{kind}]'."
        ) from error
    template: dict[str, Any] = worker.get_default_base_job_template()
    return template


def _set_defaults(template: dict[str, Any], **defaults: Any) -> None:
    for name, value in defaults.items():
        template["variables"]["properties"][name]["default"] = value
