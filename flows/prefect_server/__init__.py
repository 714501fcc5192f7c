"""The Prefect server on this machine: started, reached, given its pools and deployments."""

from typing import Literal

NEW_VIDEO = "xsim/new-video"
"""The deployment (``prefect.yaml``) that inbox and backfills start for a capture."""

PoolKind = Literal["process", "docker", "kubernetes"]
"""Here, since the command line names it before anything else of a server is needed."""
