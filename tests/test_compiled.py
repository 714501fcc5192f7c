"""xsim_core/compiled.py: C++ becomes a library once, and again when anything of it changes."""

import pytest

from xsim_core.compiled import compiled
from xsim_core.errors import MissingDependencyError

WORDS = {"name": "answer", "what": "the answer", "instead": "ask again"}


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setenv("XSIM_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "answer.cpp"
    path.write_text('#include "value.h"\nextern "C" int answer() { return VALUE; }\n')
    path.with_name("value.h").write_text("#define VALUE 41\n")
    return path


def test_a_changed_header_is_compiled_anew(source):
    assert compiled(source, **WORDS).answer() == 41
    source.with_name("value.h").write_text("#define VALUE 42\n")
    assert compiled(source, **WORDS).answer() == 42
    assert len(list((source.parent / "cache").glob("answer-*.so"))) == 2


def test_what_the_compiler_says_is_passed_on_and_nothing_is_kept(source):
    source.write_text("#error no such answer\n")
    with pytest.raises(MissingDependencyError, match=r"answer\.cpp.*no such answer"):
        compiled(source, **WORDS)
    assert not list((source.parent / "cache").glob("*"))


def test_without_a_compiler_the_mend_is_told(source, monkeypatch):
    monkeypatch.setenv("PATH", str(source.parent))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(MissingDependencyError, match=r"the answer is .*apt-get install g\+\+.*ask"):
        compiled(source, **WORDS)
