"""What set-up says where something is missing, provoked with a doctored PATH.

Nothing is installed: indices and package managers lead nowhere.
"""

import fcntl
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S

REPO = Path(__file__).parents[2]
TOOLS = (
    "bash", "sh", "cat", "cut", "df", "dirname", "env", "flock", "grep", "head", "ls", "mkdir",
    "mktemp", "realpath", "rm", "sha256sum", "tail", "tr", "uname",
)  # fmt: skip
VERSION = ".".join(map(str, sys.version_info[:2]))
UV_HINT = "or take a Python of 3.11 3.12 3.13 from uv, pyenv or conda, and name it with PYTHON="


class Machine:
    """A checkout, and a PATH that holds only what a test puts there."""

    def __init__(self, folder: Path):
        self.checkout, self.bin = folder / "checkout", folder / "bin"
        self.bin.mkdir(parents=True)
        shutil.copytree(REPO / "deployments/setup", self.checkout / "deployments/setup")
        for name in ("requirements.lock", "requirements-torch.lock", "pyproject.toml"):
            shutil.copy(REPO / name, self.checkout)
        for tool in TOOLS:
            where = shutil.which(tool)
            assert where, f"this test needs {tool}"
            (self.bin / tool).symlink_to(where)
        self.script("id", "echo 1000")
        self.script("g++", "exit 0")
        self.script("python3.11", f'exec {sys.executable} "$@"')

    def script(self, name: str, body: str) -> Path:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def without(self, *names: str) -> None:
        for name in names:
            (self.bin / name).unlink()

    def python(self, name: str, version: str, ensurepip: str = "exit 0") -> Path:
        """An interpreter of any version, which knows what set-up asks before it makes something."""
        return self.script(
            name, f'case "$2" in *version_info*) echo {version} ;; *ensurepip*) {ensurepip} ;; esac'
        )

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        dead_index = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
        env = {
            "PATH": str(self.bin), "HOME": str(self.checkout), "TMPDIR": str(self.bin.parent),
            "PIP_CONFIG_FILE": os.devnull, **dead_index, **variables,
        }  # fmt: skip
        return subprocess.run(
            ["bash", *command],
            env=env,
            cwd=self.checkout,
            capture_output=True,
            text=True,
            check=False,
        )

    def set_up(self, venv: str = "venv", **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("deployments/setup/setup.sh", venv, **variables)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence that a failed set-up ends with."""
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("setup: "), done.stderr
    assert last.endswith("."), last
    assert done.stderr.count("setup: ") == 1, done.stderr
    return last


def passes_system(machine, **variables):
    """Set-up that goes as far as the folder, which it refuses: that is quicker than any pip."""
    (machine.checkout / "taken").mkdir()
    (machine.checkout / "taken/file").touch()
    done = machine.set_up("taken", **variables)
    assert "is not a virtual environment and not empty" in sentence(done)
    return done


def is_awaited(held):
    """Whether a process waits for this file's lock, as the kernel lists them."""
    inode = f":{os.fstat(held.fileno()).st_ino} "
    locks = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and inode in line for line in locks)


def test_a_second_set_up_waits_for_the_first(machine):
    """As make demo beside make test starts it: they would take each other's files away."""
    with (
        (machine.checkout / "deployments/setup/setup.sh").open() as held,
        ThreadPoolExecutor(1) as pool,
    ):
        fcntl.flock(held, fcntl.LOCK_EX)
        second = pool.submit(passes_system, machine)
        while not second.done() and not is_awaited(held):
            time.sleep(0.05)
        assert not second.done()
        fcntl.flock(held, fcntl.LOCK_UN)
        assert "another set-up is at work" in second.result(timeout=PATIENCE_S).stdout


def test_all_that_is_missing_is_named_at_once(machine):
    machine.without("python3.11", "g++")
    said = sentence(machine.set_up())
    # What is the system's own Python differs from system to system; this name does not.
    assert "missing here: python3 python3-venv g++;" in said
    assert "'apt-get install python3 python3-venv g++'" in said
    assert UV_HINT in said
    assert not (machine.checkout / "venv").exists()


@pytest.mark.parametrize("version", ["3.10", "3.14"])
def test_a_system_whose_own_python_will_not_do_is_told_of_another(machine, version):
    machine.without("python3.11")
    machine.python("python3", version)
    said = sentence(machine.set_up())
    assert "missing here: python3.11 python3.11-venv;" in said
    assert UV_HINT in said


@pytest.mark.parametrize("name", ["python3.12", "python3.13", "python3", "python"])
def test_any_python_that_the_lock_is_solved_for_is_taken(machine, name):
    machine.without("python3.11")
    machine.python("python3.10", "3.10")
    machine.python(name, "3.13" if "." not in name else name.removeprefix("python"))
    passes_system(machine)


@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_a_python_without_ensurepip_needs_the_venv_package(machine, version, root):
    # As Debian ships it: the interpreter is there, ensurepip is a package of its own.
    machine.without("python3.11")
    machine.python("python3", version, ensurepip="exit 1")
    if root:  # ... and no apt-get either
        machine.script("id", "echo 0")
    said = sentence(machine.set_up())
    assert f"missing here: python{version}-venv;" in said
    assert "uv" not in said
    assert not (machine.checkout / "venv").exists()


def test_no_compiler(machine):
    machine.without("g++")
    assert "missing here: g++; an administrator" in sentence(machine.set_up())
    machine.script("my-compiler", "exit 0")
    assert passes_system(machine, CXX="my-compiler").stdout == ""


def test_a_pyenv_shim_is_no_python(machine):
    machine.script("python3.11", "echo 'pyenv: python3.11: command not found' >&2; exit 127")
    assert "missing here: python3 python3-venv;" in sentence(machine.set_up())
    machine.python("python3.12", "3.12")
    passes_system(machine)


def test_a_python_that_was_asked_for_is_taken_or_refused_by_its_version(machine):
    other = machine.python("other", "3.14")
    said = sentence(machine.set_up(PYTHON=str(other)))
    assert "is Python 3.14, and the lock is solved for 3.11 3.12 3.13; name one of those" in said
    assert "PYTHON=/nowhere/python does" in sentence(machine.set_up(PYTHON="/nowhere/python"))
    passes_system(machine, PYTHON=str(machine.python("another", "3.13")))


def test_root_is_told_why_apt_could_not_install(machine):
    machine.without("python3.11")
    machine.script("id", "echo 0")
    machine.script(
        "apt-get", '[ "$1" = update ] || { echo "E: Unable to locate package $5" >&2; exit 100; }'
    )
    done = machine.set_up()
    assert "setup: installing python3 python3-venv (apt-get;" in done.stdout
    said = sentence(done)
    assert "(Unable to locate package python3)" in said
    assert UV_HINT in said
    # Where root does not want that, nothing is tried.
    assert "an administrator installs that" in sentence(machine.set_up(XSIM_NO_APT="1"))


def test_root_gets_what_is_missing_and_set_up_goes_on(machine):
    machine.without("g++")
    machine.script("id", "echo 0")
    package = machine.script("package", "exit 0")
    (machine.bin / "cp").symlink_to(shutil.which("cp"))
    machine.script("apt-get", f'[ "$1" = update ] || cp {package} {machine.bin}/g++')
    assert "installing g++" in passes_system(machine).stdout


def test_without_a_network_the_next_try_goes_on_where_this_one_stopped(machine):
    first = machine.set_up()
    said = sentence(first)
    assert "it needs PyPI or a mirror (PIP_INDEX_URL), a proxy" in said
    assert "GB are free" in said
    assert "No matching distribution found for absl-py" in first.stderr
    venv = machine.checkout / "venv"
    assert "creating" in first.stdout
    assert not (venv / ".xsim-lock").exists()

    second = machine.set_up()
    assert "creating" not in second.stdout
    assert "pip could not install" in sentence(second)

    # Half made, as Ctrl-C or a missing ensurepip leaves it; then moved to another place.
    (venv / "bin/pip").unlink()
    assert "creating" in machine.set_up().stdout
    assert (venv / "bin/pip").exists()
    venv.rename(machine.checkout / "moved")
    assert "creating" in machine.set_up("moved").stdout


def test_a_package_whose_bytes_are_others_is_refused(machine, tmp_path):
    wheel = tmp_path / "wheels/six-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("six.py", "")
        packed.writestr("six-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        packed.writestr(
            "six-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: six\nVersion: 1.0\n"
        )
        packed.writestr("six-1.0.dist-info/RECORD", "")
    locked = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock, found = machine.checkout / "requirements.lock", {"PIP_FIND_LINKS": str(wheel.parent)}
    lock.write_text(f"six==1.0 --hash=sha256:{'0' * 64}\n")
    done = machine.set_up(**found)
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert "pip could not install the locked packages" in sentence(done)
    installed = list((machine.checkout / "venv").rglob("six.py"))
    assert not [path for path in installed if "_vendor" not in path.parts]

    lock.write_text("six==1.0\n")
    assert "Hashes are required" in machine.set_up(**found).stderr

    lock.write_text(f"six==1.0 --hash=sha256:{locked}\n")
    # The next one that is not to be had.
    assert "No matching distribution found for torch" in machine.set_up(**found).stderr


def installed(machine, checkout):
    """The environment as a set-up from ``checkout`` leaves it: its stamp, and pip's own record."""
    venv = machine.checkout / "venv"
    inputs = "requirements.lock requirements-torch.lock pyproject.toml deployments/setup/*.sh"
    machine.run("-c", f"cat {inputs} | sha256sum | cut -d' ' -f1 > venv/.xsim-lock")
    record = next(venv.glob("lib/python*/site-packages")) / "xsim-0.1.0.dist-info"
    record.mkdir(exist_ok=True)
    told = {"dir_info": {"editable": True}, "url": checkout.as_uri()}
    (record / "direct_url.json").write_text(json.dumps(told))


def test_an_environment_that_two_checkouts_name_runs_the_code_of_the_one_that_asks(machine):
    machine.set_up()
    installed(machine, machine.checkout)
    assert (machine.set_up().returncode, machine.set_up().stdout) == (0, "")
    # The path of the other one begins alike.
    installed(machine, machine.checkout.with_name("checkout of a colleague"))
    again = machine.set_up()
    assert "was set up from another checkout; from now on it runs this one" in again.stdout
    assert "pip could not install" in sentence(again)


def test_an_environment_of_another_python_is_left_alone(machine):
    machine.set_up()
    other = "3.12" if VERSION == "3.13" else "3.13"
    asked = machine.python(f"python{other}", other)
    said = sentence(machine.set_up(PYTHON=str(asked)))
    assert f"is of Python {VERSION}, and PYTHON={asked} is another; name another folder" in said
    # Made by hand, with a Python that the lock is not solved for.
    python = machine.checkout / "venv/bin/python"
    python.unlink()
    python.symlink_to(machine.python("python3.14", "3.14"))
    assert "is of Python 3.14, and the lock is solved for" in sentence(machine.set_up())
    assert (machine.checkout / "venv/bin/pip").exists()
    # Its Python was taken away, as when a system goes from one release to the next.
    python.unlink()
    assert "creating" in machine.set_up().stdout


def test_a_folder_that_is_no_environment_is_left_alone(machine):
    folder = machine.checkout / "home"
    folder.mkdir()
    (folder / "thesis.tex").write_text("all of it")
    assert "is not a virtual environment and not empty" in sentence(machine.set_up("home"))
    assert (folder / "thesis.tex").read_text() == "all of it"


def vulkan(machine, **variables):
    venv = machine.checkout / "venv"
    (venv / "bin").mkdir(parents=True, exist_ok=True)
    python = venv / "bin/python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    # The loader finds no driver in a list that names none.
    empty = {"VK_ICD_FILENAMES": os.devnull, "VK_DRIVER_FILES": os.devnull}
    script = "deployments/setup/vulkan.sh"
    return machine.run(script, "venv", **empty, XSIM_PRIVATE_VULKAN="1", **variables)


def test_no_vulkan_driver_and_no_apt(machine):
    said = sentence(vulkan(machine))
    assert "found no Vulkan driver and none could be fetched (apt-get is not here);" in said
    assert "install mesa-vulkan-drivers 25 or newer" in said
    machine.script("apt-get", "exit 0")
    assert "(dpkg-deb is not here)" in sentence(vulkan(machine))


def test_no_vulkan_driver_and_apt_fails(machine):
    machine.script("apt-get", "exit 100")
    machine.script("dpkg-deb", "exit 0")
    done = vulkan(machine)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "none could be fetched (" in last
    assert last.endswith("run this again.")
    assert not list((machine.checkout / "venv").rglob("*.pth"))
