"""The command line as a person meets it: a process, its exit code and what it prints."""

import errno
import json
import os
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from flows.cli.artifacts.look import damage
from flows.cli.doctor.checks import _store
from flows.cli.main import _parse
from flows.cli.problems import problem_of
from tasks.settings import Settings
from tests.flows.conftest import run_python
from tests.flows.toys import make_toy_run
from tests.waiting import PATIENCE_S
from xsim_core.process import this_process
from xsim_core.promotion import promote
from xsim_core.runs import RunRecord, save_record
from xsim_core.storage import Runtime
from xsim_core.storage.object_store.payload import seal

ROOT = Path(__file__).parents[3]

COMMANDS = [
    "demo", "run", "capture", "capture synthesize", "capture ingest", "status", "show", "lineage",
    "forget", "inbox retry",
    "report", "open", "compare", "gap", "verify", "doctor", "server", "server start", "server stop",
    "server status",
    "gc", "pin", "bucket create", "bucket check", "bucket presign", "bucket policy", "promote",
    "rollback", "current", "deploy", "worker", "backfill", "inbox list", "inbox listen",
    "nights",
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("cli-home")
    store, refs = make_toy_run(home)
    save_record(store, RunRecord(name="toy", stages=refs, state="completed", elapsed_s=1.5))
    return home


def process(home, *arguments, **environment):
    """The command line as a process of its own."""
    return run_python(
        home, "-c", "from flows.cli.main import main; main()", *arguments, **environment
    )


def test_help_is_quick_and_names_every_command(home):
    before = os.times()
    done = process(home, "--help")
    assert done.returncode == 0
    after = os.times()
    cpu_s = after.children_user + after.children_system
    cpu_s -= before.children_user + before.children_system
    assert cpu_s < 5.0  # Of CPU time: 2 s, also where the machine is busy.
    for command in COMMANDS:
        assert command.split()[0] in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(xsim, tmp_path, command):
    done = xsim(tmp_path, *command.split(), "--help")
    assert done.returncode == 0
    assert len(done.stdout) > 200


def test_usage_errors_exit_with_2(home):
    assert process(home, "demo", "--no-such-flag").returncode == 2


def test_errors_are_one_block_without_traceback(home):
    done = process(home, "show", "toy:splatt")
    assert done.returncode == 1
    assert done.stderr.startswith("error: unknown stage of run 'toy' 'splatt'. Did you mean")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_errors_are_json_where_json_is_wanted(home):
    for arguments, kind, code in (
        (("show", "toy:splatt"), "UnknownNameError", 1),
        (("stauts",), "UsageError", 2),
        (("show",), "UsageError", 2),
        (("gc", "--grace-h", "soon"), "UsageError", 2),
        (("run", str(home), "--set", "ppo.seed=[1"), "BadInputError", 1),
    ):
        done = process(home, *arguments, "--json")
        assert done.returncode == code, arguments
        assert json.loads(done.stdout)["error"]["kind"] == kind
        assert done.stderr == ""


@pytest.mark.parametrize(
    ("slip", "meant"), [("stauts", "status"), ("rn", "run"), ("server strat", "start")]
)
def test_a_slip_of_a_command_is_answered_with_what_was_meant(xsim, home, slip, meant):
    done = xsim(home, *slip.split())
    assert done.returncode == 2
    assert f"Did you mean '{meant}'?" in done.stderr


def test_a_usage_error_in_json_holds_no_drawn_lines(home):
    done = process(home, "run", "--json")
    message = json.loads(done.stdout)["error"]["message"]
    assert "--help" in message
    assert "---" not in message
    assert "CAPTURE" in message


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("current nobody", "unknown policy pointer 'nobody'"),
        ("show TOY:splat", "Did you mean 'toy'?"),
        ("compare toy \udcff", "unknown run"),
        ("run {home} --rollouts /no/where", "there is no such folder or file"),
        ("deploy --gpu-slots -1", "--gpu-slots is 0 or more"),
        ("deploy --runs-at-once 0", "--runs-at-once 1 or more"),
        ("deploy --volume /srv:/data", "--volume is for containers: add --pools docker"),
        ("deploy --pools docker --volume srv", "--volume 'srv' is not FOLDER:/PATH"),
        ("inbox listen --port 70000", "--port 70000 is no port"),
        ("gc --grace-h nan", "--grace-h nan is no time"),
        ("gc --grace-h -1", "--grace-h -1 is no time"),
        ("report toy --out {home}", "is a folder: name a file in it"),
        ("report toy --out /dev/null", "is no plain file"),
        ("compare toy " + "a" * 300, "unknown run"),
        (
            "board place --lower-left nan 0 0 --lower-right 1 0 0 --upper-left 0 1 0",
            "lower_left.0 is nan",
        ),
    ],
)
def test_what_would_come_to_nothing_is_refused(xsim, home, words, said):
    done = xsim(home, *words.format(home=home).split(), "--json")
    assert done.returncode == 1
    assert said in json.loads(done.stdout)["error"]["message"]


def test_a_network_that_refuses_is_said_so():
    for error in (
        socket.gaierror(-2, "Name or service not known"),
        ConnectionRefusedError(111, "Connection refused"),
        OSError(errno.EADDRNOTAVAIL, "cannot assign requested address"),
    ):
        assert problem_of(error).message.startswith("the network refused: ")
    assert "bug in X-Sim" in problem_of(OSError(errno.EBADF, "bad file")).message


@pytest.mark.parametrize("reader", ["head -1", "true"])
@pytest.mark.parametrize("words", ["--help", "status --help", "--version"])
def test_the_reader_of_a_pipe_may_leave_early(home, words, reader):
    # true has left long before anything is printed, head with the first line.
    command = f"{sys.executable} -m flows.cli {words} | {reader}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert bool(done.stdout) == (reader != "true")
    assert done.stderr == ""


def test_a_bug_is_a_sentence_and_its_traceback_is_kept(xsim, home, monkeypatch):
    monkeypatch.setattr("flows.cli.runs.status.Status._runs", lambda self: {}["nothing"])
    done = xsim(home, "status")
    assert done.returncode == 1
    assert done.stderr.startswith("error: KeyError: 'nothing'. This is a bug")
    kept = Path(done.stderr.split()[-1].removesuffix("."))
    assert "Traceback" in kept.read_text()
    assert "Traceback" not in done.stderr


def test_each_set_counts():
    # Tyro alone lets the second replace the first.
    given = ["--set", "ppo.seed=1", "--set", "a.b=2", "c.d=3", "folder", "--set=e.f=4", "--json"]
    parsed = _parse(["run", *given])
    assert parsed.set == ("ppo.seed=1", "a.b=2", "c.d=3", "e.f=4")
    assert (parsed.capture, parsed.json) == ("folder", True)


def test_the_version_is_said(xsim, home):
    assert xsim(home, "--version").stdout == f"xsim {metadata.version('xsim')}\n"


def test_an_empty_store_is_announced(xsim, tmp_path):
    for arguments in (("status",), ("show", "abcd"), ("pin", "keep", "abcd")):
        assert f"the store {tmp_path / 'store'} is empty" in xsim(tmp_path, *arguments).stderr


def test_a_pin_takes_what_show_takes(xsim, tmp_path):
    store, refs = make_toy_run(tmp_path)
    done = xsim(tmp_path, "pin", "keep", refs["splat"].fingerprint[:10], "--json")
    assert json.loads(done.stdout) == {"pin": "keep", "artifact": str(refs["splat"])}
    assert xsim(tmp_path, "pin", "keep", "foo").stderr.startswith("error: unknown run or artifact")
    assert store.list_records("pins")


def test_no_server_is_said_and_none_is_started(xsim, tmp_path, monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    done = xsim(tmp_path, "server", "status", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["answers"] is False
    assert not (tmp_path / "server.json").exists()


def test_open_shows_the_newest_report(xsim, home, tmp_path, monkeypatch):
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    answer = json.loads(xsim(home, "open", "--json").stdout)
    assert answer == {"report": str(home / "reports" / "toy.html"), "opened": True}
    assert seen.read_text().strip() == (home / "reports" / "toy.html").as_uri()
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert "no browser here" in xsim(home, "open", "toy").stderr


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ("capture", "server")])
def test_every_command_takes_json(xsim, tmp_path, command):
    assert "--json" in xsim(tmp_path, *command.split(), "--help").stdout


def test_status_lists_runs(xsim, home):
    runs = json.loads(xsim(home, "status", "--json").stdout)["runs"]
    assert [(r["name"], r["state"], len(r["stages"])) for r in runs] == [("toy", "completed", 13)]


def test_status_says_what_it_cannot_know(xsim, tmp_path):
    store, refs = make_toy_run(tmp_path)
    for name, process in (("far", "another-machine 1 1 a b c"), ("here", this_process())):
        save_record(store, RunRecord(name=name, stages=refs, process=process))
    far, here = xsim(tmp_path, "status").stdout.splitlines()[1:]
    assert far.endswith("on another-machine; whether it still runs is not known here")
    assert "not known" not in here


def test_a_record_that_cannot_be_read_keeps_no_report_from_being_opened(xsim, tmp_path):
    store, refs = make_toy_run(tmp_path)
    save_record(store, RunRecord(name="toy", stages=refs, state="completed"))
    store.create_object("runs/odd.json", b"{")
    answer = json.loads(xsim(tmp_path, "open", "--json").stdout)
    assert answer["report"] == str(tmp_path / "reports" / "toy.html")


def test_a_report_written_elsewhere_says_the_same(xsim, tmp_path):
    store, refs = make_toy_run(tmp_path)
    part = {stage: refs[stage] for stage in ("ingest_capture", "scan")}
    record = RunRecord(name="cut", stages=part, state="failed", unfinished={"splat": "failed"})
    save_record(store, record)
    kept, out = Path(xsim(tmp_path, "report", "cut").stdout.strip()), tmp_path / "out.html"
    assert xsim(tmp_path, "report", "cut", "--out", str(out)).returncode == 0
    # But for the stamp by which a kept page is known.
    assert out.read_text() == kept.read_text().partition("\n")[2]


def test_show_and_lineage_answer_in_json(xsim, home):
    shown = json.loads(xsim(home, "show", "toy:splat", "--json").stdout)
    assert shown["summary"]["psnr_db"] == 27.5
    assert "means" in shown["arrays"]
    lineage = json.loads(xsim(home, "lineage", shown["ref"][:22], "--json").stdout)
    assert [n["stage"] for n in lineage["nodes"]] == ["ingest_capture", "scan", "splat"]


def test_report_is_written_and_its_path_printed(xsim, home):
    done = xsim(home, "report", "toy")
    assert done.stdout.strip() == str(home / "reports" / "toy.html")
    part = xsim(home, "report", "toy:splat", "--out", str(home / "part.html"))
    assert part.returncode == 0
    assert "<!doctype html>" in (home / "part.html").read_text()


def test_verify_finds_a_flipped_byte(xsim, tmp_path):
    _, refs = make_toy_run(tmp_path)
    assert xsim(tmp_path, "verify").returncode == 0
    victim = next((tmp_path / "store" / str(refs["splat"])).rglob("mesh.png"))
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    done = xsim(tmp_path, "verify", "--json")
    assert done.returncode == 1
    problems = json.loads(done.stdout)["problems"]
    assert len(problems) == 1
    assert "was altered (sha256 differs)" in problems[0]
    assert xsim(tmp_path, "forget", "toy:scan").returncode == 1
    forgotten = xsim(tmp_path, "forget", str(refs["splat"]), "--json")
    assert json.loads(forgotten.stdout) == {"forgotten": str(refs["splat"]), "damaged": 1}
    assert xsim(tmp_path, "verify").returncode == 0


def test_whatever_is_wrong_with_one_artifact_verify_reads_the_others(xsim, tmp_path):
    store, refs = make_toy_run(tmp_path)
    torn, newer, lost = refs["scan"], refs["build_sim"], refs["diffusion"]
    store._objects.write(f"{torn}/manifest.json", b"{")
    manifest = store.manifest(newer).model_copy(update={"summary": {"colour": "red"}})
    store._objects.write(f"{newer}/manifest.json", seal(manifest))
    next((tmp_path / "store" / str(lost)).rglob("c/0*")).unlink()
    done = xsim(tmp_path, "verify", "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, len(answer["checked"])) == (1, len(refs))
    assert sorted(
        str(ref) for ref in (torn, newer, lost) for p in answer["problems"] if str(ref) in p
    ) == sorted(map(str, (torn, newer, lost)))
    # Gone between the listing and its turn, as beside a sweep.
    store.delete(refs["splat"])
    assert "is not in" in damage(store, refs["splat"])[0]


def test_a_store_that_cannot_be_written_is_named(tmp_path):
    done = process(tmp_path, "status", XSIM_STORE="ftp://nowhere")
    assert done.returncode == 1
    assert "unknown store scheme 'ftp'" in done.stderr


@pytest.mark.vulkan
def test_doctor_says_whether_the_demo_can_run(home):
    done = process(home, "doctor", "--json")
    answer = json.loads(done.stdout)
    assert {c["name"] for c in answer["checks"]} >= {"python", "vulkan", "disk", "memory", "store"}
    assert done.returncode == (0 if answer["can_run_demo"] else 1)
    assert all(c["mend"] for c in answer["checks"] if not c["ok"])


def test_a_store_that_cannot_be_written_stops_the_demo(tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings = Settings(
        home=tmp_path, store_url=(tmp_path / "file" / "store").as_uri(), runtime=Runtime()
    )
    finding = _store(settings)
    assert finding.needed
    assert not finding.ok
    assert "XSIM_STORE" in finding.mend


def test_a_terminal_that_knows_no_umlaut_gets_no_traceback(tmp_path):
    store, refs = make_toy_run(tmp_path)
    save_record(store, RunRecord(name="K\u00fcche 1", stages=refs, state="completed"))
    done = process(tmp_path, "status", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.returncode == 0, done.stderr
    assert "K\\xfcche 1" in done.stdout


def test_an_odd_pointer_is_named_beside_the_good_ones(xsim, tmp_path):
    store, refs = make_toy_run(tmp_path)
    for name in ("lift", "pull", "push"):
        promote(store, name, refs["diffusion"], reason="first")
    store.put_record("pointers/pull/v000002.json", {"name": "pull"})
    done = xsim(tmp_path, "current")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["lift", "push"]
    assert done.stderr.startswith("skipped: pointers/pull/v000002.json is no record")
    done = xsim(tmp_path, "current", "--json")
    assert [entry["name"] for entry in json.loads(done.stdout)] == ["lift", "push"]
    assert "nobody knows which policy is current for pull" in done.stderr
    done = xsim(tmp_path, "current", "pull")
    assert (done.returncode, done.stdout) == (1, "")
    assert "pointers/pull/v000002.json" in done.stderr


HOLD = """
import sys, time
from pathlib import Path
from flows.cli.runs.launch import alone
with alone(Path(sys.argv[1]), lambda said: print(said, flush=True)):
    print("in", flush=True)
    time.sleep(float(sys.argv[2]))
    print("out", flush=True)
"""


def test_of_two_that_do_the_same_the_second_waits_and_says_so(tmp_path):
    lock = tmp_path / "locks" / "demo.lock"

    def begin(seconds):
        return subprocess.Popen(
            [sys.executable, "-c", HOLD, str(lock), seconds],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    first = begin("60")
    assert first.stdout.readline() == "in\n"
    second = begin("0")
    assert second.stdout.readline() == "another process works on demo: waiting for it\n"
    first.kill()
    assert second.communicate(timeout=PATIENCE_S)[0] == "in\nout\n"
    first.communicate()
