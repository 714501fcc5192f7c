"""A store for each test."""

import pytest

from xsim_core.storage import ArtifactStore


@pytest.fixture
def store(tmp_path) -> ArtifactStore:
    return ArtifactStore((tmp_path / "store").as_uri())
