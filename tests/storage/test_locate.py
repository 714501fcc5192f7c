"""Where a store lies when nobody says."""

import os
from pathlib import Path

import pytest

from xsim_core.storage import home_folder, store_url
from xsim_core.storage.object_store import locate


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    for name in ("XSIM_HOME", "XSIM_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_nearest_one_above_is_meant(nowhere, monkeypatch):
    assert home_folder() == nowhere / ".xsim"
    deep = nowhere / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert home_folder() == deep / ".xsim"
    (nowhere / ".xsim").mkdir()
    assert store_url() == (nowhere / ".xsim" / "store").as_uri()
    (nowhere / "a" / ".xsim").mkdir()
    assert home_folder() == nowhere / "a" / ".xsim"


def test_what_the_environment_names_goes_first(nowhere, monkeypatch):
    (nowhere / ".xsim").mkdir()
    monkeypatch.setenv("XSIM_HOME", "elsewhere")
    assert home_folder() == nowhere / "elsewhere"
    monkeypatch.setenv("XSIM_STORE", "s3://bucket/prefix")
    assert store_url() == "s3://bucket/prefix"


def test_from_any_folder_of_the_checkout_its_own_is_meant(nowhere, monkeypatch):
    checkout = nowhere / "clone"
    (checkout / "docs").mkdir(parents=True)
    (checkout / "pyproject.toml").touch()
    monkeypatch.setattr(locate, "_CHECKOUT", checkout)
    monkeypatch.chdir(checkout / "docs")
    assert home_folder() == checkout / ".xsim"


def test_another_users_folder_above_is_passed_by(nowhere, monkeypatch):
    (nowhere / ".xsim").mkdir()
    (nowhere / "mine").mkdir()
    monkeypatch.chdir(nowhere / "mine")
    monkeypatch.setattr(os, "getuid", lambda: Path(nowhere).stat().st_uid + 1)
    assert home_folder() == nowhere / "mine" / ".xsim"
