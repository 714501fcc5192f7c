"""object_store/address.py: every spelling of a store means one place, or is refused."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.contracts.toys import TOY, ToyConfig
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.files.cache import cache_folder
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore, canonical_url, home_folder
from xsim_core.storage.object_store.backends import s3_credentials
from xsim_core.storage.object_store.disk import disk_refusal


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


def test_many_spellings_mean_one_folder(here):
    wanted = (here / "store").as_uri()
    for text in (
        "store",
        "./store",
        "store/",
        f"{here}/store",
        f"{here}/store/",
        f"{here}//store",
        f"{here}/x/../store",
        wanted,
        f"{wanted}/",
        f"{wanted}\n",
        f" {wanted}",
        f"file:{here}/store",
        f"file://localhost{here}/store",
        wanted.replace("file:", "FILE:"),
        here / "store",
    ):
        assert canonical_url(text) == wanted, text
        assert ArtifactStore(text).scratch_root == here / "store.scratch", text
    assert canonical_url("~/s") == (here / "home" / "s").as_uri()
    assert canonical_url("K\u00fcche 1#?") == (here / "K\u00fcche 1#?").as_uri()
    assert canonical_url(canonical_url("50% #?")) == canonical_url("50% #?")


@pytest.mark.parametrize("text", ["s3://b/p", "s3://b/p/", "s3://b/p\n", "S3://b/p"])
def test_many_spellings_mean_one_prefix(text):
    assert canonical_url(text) == "s3://b/p"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("file://./store", "{here}/store"),
        ("file://store", "{here}/store"),
        ("file:store", "{here}/store"),
        ("file://~/store", "{here}/home/store"),
        ("file:///data/a#b", "file:///data/a%23b"),
        ("file:///data/a?b", "file:///data/a%3Fb"),
        ("s3:/b", "s3://b"),
        ("s3:b/p", "s3://b/p"),
        ("s3:///b/p", "s3://b/p"),
        ("s3://", "s3://BUCKET"),
        ("s3://b//p", "s3://b/p"),
        ("s3://b/../c", "s3://b/c"),
        ("s3://b/a#c", "s3://b/a-c"),
        ("s3://b/a?c", "s3://b/a-c"),
        ("s3://b/a c", "s3://b/a-c"),
    ],
)
def test_what_could_mean_two_places_is_refused_with_what_was_meant(here, text, meant):
    for refuse in (canonical_url, ArtifactStore):
        with pytest.raises(BadInputError) as error:
            refuse(text)
        assert meant.format(here=here) in str(error.value)
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("text", ["s3://key:hush@b/p", "s3://hush@b", "file://hush@host/p"])
def test_credentials_are_not_repeated(text):
    with pytest.raises(BadInputError, match="carries credentials") as error:
        canonical_url(text)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("text", ["s3://bucket/pre\u2028fix", "sto\x07re", "g\u2029s://b/p"])
def test_what_cannot_be_seen_is_named(text):
    with pytest.raises(BadInputError, match=r"^the store's address holds .* \(U\+\w{4}\)"):
        canonical_url(text)


@pytest.mark.parametrize("text", ["~nobody-of-this-name/store", "file:~nobody-of-this-name/store"])
def test_a_home_that_is_not_known_is_said(text):
    with pytest.raises(BadInputError, match="begins with a home folder that is not known"):
        canonical_url(text)


@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("XSIM_HOME", home_folder),
        ("XSIM_CACHE", cache_folder),
        ("XSIM_S3_CREDENTIALS", s3_credentials),
    ],
)
def test_variables_that_begin_with_such_a_home_are_named(name, ask, monkeypatch):
    monkeypatch.setenv(name, "~nobody-of-this-name/x")
    with pytest.raises(BadInputError, match=f"{name} '~nobody-of-this-name/x' begins with"):
        ask()


def test_an_unknown_scheme_lists_the_known():
    with pytest.raises(UnknownNameError, match=r"gs.*file, memory, s3"):
        canonical_url("gs://b/p")


AS_NOBODY = """
import encodings.idna, os, pwd, sys
import xsim_core.api, xsim_core.stage
from xsim_core.errors import XSimError
from xsim_core.storage import ArtifactStore
ArtifactStore("memory://").put_record("runs/a.json", {})
os.setgroups([]); os.setgid(65534); os.setuid(65534)  # Python may lie where they cannot read.
try:
    store = ArtifactStore(sys.argv[1])
    print("scratch", store.scratch_root)
    store.put_record("runs/a.json", {})
    print("written")
except XSimError as error:
    print("refused", error)
"""


@pytest.fixture
def tmp_path_of_all():
    """A folder that others may enter; pytest's are closed again whenever a session begins."""
    with tempfile.TemporaryDirectory() as name:
        for folder in (Path(name), *Path(name).parents[:-2]):
            if not folder.stat().st_mode & 0o001:
                folder.chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_a_second_user_gets_a_sentence_or_a_scratch_of_their_own(tmp_path_of_all):
    store = tmp_path_of_all / "store"
    ref = run_stage(TOY, ToyConfig(), ArtifactStore(store), {})
    assert ref

    def as_nobody(folder):
        root = Path(__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(folder)],
            capture_output=True,
            text=True,
            cwd=root,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    said = as_nobody(store)
    assert "scratch" in said
    assert "xsim-scratch-65534" in said
    assert f"{store} is not yours to use" in said
    assert "belongs to root (mode" in said
    new = tmp_path_of_all / "new"
    assert f"{new} is not yours to use" in as_nobody(new)
    store.chmod(0o700)
    assert f"{store} is not yours to use" in as_nobody(store)


def test_a_file_where_the_store_should_be_is_named(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(BadInputError, match=r"file is a file"):
            ArtifactStore(path)


def test_a_disk_without_hard_links_is_named(tmp_path):
    said = disk_refusal(tmp_path, OSError(1, "Operation not permitted"))
    assert "has no hard links" in str(said)
    assert disk_refusal(tmp_path, ValueError("(os error 5)")) is None
