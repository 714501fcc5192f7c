import pytest

from tests.flows.toys import make_toy_run


@pytest.fixture(scope="session")
def _toy_run(tmp_path_factory):
    return make_toy_run(tmp_path_factory.mktemp("toy"))


@pytest.fixture
def toy_store(_toy_run):
    return _toy_run[0]


@pytest.fixture
def toy_refs(_toy_run):
    return _toy_run[1]
