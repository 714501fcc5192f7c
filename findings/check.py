"""Runs every finding beside it (or in the folder named) and says which no longer holds.

One after the other, each in a temporary folder that is removed with all it installed; a finding
that fails does not keep the next from running. Needs nothing but Python's standard library.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

TIMEOUT_S = 1800.0
SHOWN_LINES = 15


def main() -> int:
    """The process's exit status: 0 if every finding holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--timeout-s", type=float, default=TIMEOUT_S, help="for each finding")
    args = parser.parse_args()
    scripts = sorted(args.folder.resolve().glob("*.sh"))
    if not scripts:
        return _say(f"No findings: {args.folder} holds no NAME.sh.", status=2)
    outcomes = {script.stem: check(script, timeout_s=args.timeout_s) for script in scripts}
    failed = [name for name, holds in outcomes.items() if not holds]
    if not failed:
        return _say(f"Every finding holds ({len(outcomes)}).", status=0)
    names = ", ".join(failed)
    return _say(
        f"{len(failed)} of {len(outcomes)} findings no longer hold, or could not be tried"
        f" (their last lines above say which): {names}.",
        status=1,
    )


def check(script: Path, *, timeout_s: float) -> bool:
    """Runs one finding, prints its outcome, and its last lines where it does not hold."""
    with tempfile.TemporaryDirectory(prefix=f"finding-{script.stem}-") as folder:
        log = Path(folder) / "output"
        (Path(folder) / "tmp").mkdir()
        outcome = _run(script, log, Path(folder) / "tmp", timeout_s=timeout_s)
        holds = outcome == "holds"
        _say(f"{script.stem}: {outcome}")
        if not holds:
            lines = log.read_text(errors="replace").splitlines()[-SHOWN_LINES:]
            _say("\n".join(f"    {line}" for line in lines or ["(it printed nothing)"]))
    return holds


def _run(script: Path, log: Path, tmp: Path, *, timeout_s: float) -> str:
    """Starts the script as a process group of its own, so that a timeout ends its children too."""
    env = {**os.environ, "TMPDIR": str(tmp), "PYTHON": os.environ.get("PYTHON") or sys.executable}
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", str(script)],
            cwd=tmp,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout_s)
        except BaseException as error:  # An interrupt must not leave the children behind either.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            return f"not known: it had not ended after {timeout_s:g} s"
    return "holds" if status == 0 else f"does not hold (exit status {status})"


def _say(text: str, *, status: int = 0) -> int:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
    return status


if __name__ == "__main__":
    sys.exit(main())
