"""xsim_core/provenance.py: which code made an artifact is known to the file."""

import pytest

from xsim_core import provenance
from xsim_core.provenance import code_of, git_commit, other_code
from xsim_core.stages import COMPARE_ROLLOUTS, SIDE_STAGES, STAGES

FILES = {
    "__init__.py": "",
    "stage.py": (
        "from .parts import (\n    smooth,  # from a stub\n)\nfrom . import beside\n"
        'CHILD = ["-m", "room.child"]\n'
        "def run(*, out):\n    import numpy as np\n    from room.inside import late\n"
        "    import room.more.parts\n"
    ),
    "parts/__init__.py": "import lazy_loader\n",
    "parts/__init__.pyi": "from .smoothing import smooth as smooth\nfrom .unused import u as u\n",
    "parts/smoothing.py": "def smooth(): pass\n",
    "parts/kernel.cpp": "int main() {}",
    "parts/unused.py": "u = 1\n",
    "more/parts/__init__.py": "",
    "more/parts/kernel.cpp": "int main() { return 1; }",
    "beside.py": "",
    "child.py": "",
    "inside.py": "from xsim_core.storage import Runtime\nlate = 1\n",
    "report.py": "from .stage import run\n",
}


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A package whose stage imports in every way that stages do."""
    for name, text in FILES.items():
        (tmp_path / "room" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "room" / name).write_text(text)
    monkeypatch.setattr(provenance, "_packages", lambda: {"room": tmp_path / "room"})
    yield tmp_path / "room"
    forget()


def forget():
    """As a new process begins."""
    reading = (provenance._code_of, provenance._stands_on, provenance._digest)
    for cached in (*reading, provenance._imports, provenance._file):
        cached.cache_clear()


STANDS_ON = (
    "stage.py",
    "parts/smoothing.py",
    "parts/kernel.cpp",
    "more/parts/__init__.py",
    "more/parts/kernel.cpp",
    "beside.py",
    "child.py",
    "inside.py",
)


@pytest.mark.parametrize("name", FILES)
def test_a_mended_file_makes_other_code_where_the_stage_stands_on_it(room, name):
    forget()
    before = code_of("room.stage:run")
    with (room / name).open("a") as file:
        file.write("# mended\n")
    assert code_of("room.stage:run") == before, "its modules are those of before, too"
    forget()
    assert (code_of("room.stage:run") != before) == (name in STANDS_ON)


@pytest.mark.parametrize("stage", [*STAGES, *SIDE_STAGES], ids=lambda s: s.name)
def test_a_stages_code_is_its_package_and_no_page_or_store(stage):
    assert len(stage.code()) == 12
    module, _, name = stage.run.partition(":")
    seen, waiting = set(), list(provenance._origins(module, (name,)))
    while waiting:
        if (found := waiting.pop()) not in seen:
            seen.add(found)
            waiting += (
                o for m, names in provenance._imports(found) for o in provenance._origins(m, names)
            )
    assert any(found.startswith(f"{module}.") for found in seen)
    others = {"report", "api", "compare", "stages", "stage", "runs", "storage", "promotion"}
    if stage is COMPARE_ROLLOUTS:
        others.remove("promotion")  # It decides by the test of nightly retraining.
    assert not {found.split(".")[1] for found in seen} & others


def test_a_function_of_no_file_has_no_code():
    assert code_of("json:dumps") == ""
    assert code_of("nowhere.at_all:run") == ""


SHA = "0123456789abcdef"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"code": "aa", "commit": SHA}, ""),
        ({"code": "bb", "commit": SHA}, "other code (commit 0123456)"),
        (
            {"code": "bb", "commit": SHA, "uncommitted": True},
            "other code (commit 0123456 and changes not committed)",
        ),
        ({"code": "bb", "commit": None}, "other code (of no known commit)"),
        ({"commit": SHA}, "code not recorded (commit 0123456)"),
        ({}, "code not recorded (of no known commit)"),
    ],
)
def test_other_code_is_said_with_its_commit(made, said):
    assert other_code(made, "aa") == said


def test_what_was_made_at_this_commit_before_there_were_digits_is_not_doubted():
    if (commit := git_commit()) is not None:
        assert other_code({"commit": commit}, "aa") == ""
