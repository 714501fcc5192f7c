"""Run inside the cpu image by check.sh: a stage makes an artifact, a worker carries out a flow run.

With ``--pipeline`` the worker also runs the debug pipeline, every stage of it.
"""

import signal
import subprocess
import sys
import time

from flows.prefect_server.server import start_server, stop_server, use_server
from tasks.settings import load_settings

CAPTURE = "/data/captures/demo"
PICK_UP_TIMEOUT_S, PIPELINE_TIMEOUT_S = 300.0, 3000.0


def main() -> int:
    """Zero when everything worked."""
    timed("synthesize", "xsim", "capture", "synthesize", CAPTURE, "--preset", "debug")
    timed("ingest_capture, a stage", "xsim", "capture", "ingest", CAPTURE)
    timed("deploy", "xsim", "deploy")
    # A shell in the background hands SIGINT down as ignored, and Prefect stops its worker by that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    worker = subprocess.Popen(["xsim", "worker", "xsim-cpu"])
    try:
        carried_out("scan-inbox/scan-inbox", {}, PICK_UP_TIMEOUT_S)
        if "--pipeline" in sys.argv:
            parameters = {"capture": CAPTURE, "preset": "debug"}
            carried_out("xsim/demo", parameters, PIPELINE_TIMEOUT_S)
    finally:
        try:
            worker.terminate()
            worker.wait(timeout=60)
        finally:
            # The container ends without ending what runs in it: nothing may outlive the check.
            worker.kill()
            stop_server(load_settings().home)
    return 0


def timed(what: str, *command: str) -> None:
    """Run a command; say how long it took.

    Raises:
        CalledProcessError: when it fails.
    """
    clock = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    say(what, clock)


def carried_out(deployment: str, parameters: dict[str, str], timeout_s: float) -> None:
    """Have the worker run a deployment.

    Raises:
        RuntimeError: when the flow run does not complete in time.
    """
    settings = load_settings()
    use_server(settings.home, start_server(settings.home))
    from prefect.deployments import run_deployment

    clock = time.monotonic()
    run = run_deployment(deployment, parameters=parameters, timeout=timeout_s, as_subflow=False)
    if run.state is None or not run.state.is_completed():
        raise RuntimeError(f"{deployment} ended as {run.state}")
    say(f"{deployment} by the worker", clock)


def say(what: str, clock: float) -> None:
    """Report a step."""
    sys.stdout.write(f"check: {what}: {time.monotonic() - clock:.0f} s\n")


if __name__ == "__main__":
    sys.exit(main())
