"""The hooks of the site as modules, loaded as MkDocs loads them: their folder first on the path."""

import sys
from pathlib import Path

import pytest

HOOKS = Path(__file__).parents[2] / "docs/hooks"


@pytest.fixture(scope="session", autouse=True)
def hooks():
    sys.path.insert(0, str(HOOKS))
    yield
    sys.path.remove(str(HOOKS))
