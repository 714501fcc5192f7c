"""A night of each task in a process of its own, which can be killed.

``python -m tests.nights.one_night HOW STORE DAY TASK …``; HOW is ``flow``, through the flow
``nightly`` and the server of XSIM_HOME, or ``plain``.
"""

import sys
from datetime import datetime


def main(how: str, url: str, day: str, files: list[str]) -> None:
    """Carry them out, one after another."""
    from xsim_core.storage import ArtifactStore

    if how == "plain":
        from tests.nights.lab import one_night

        for file in files:
            one_night(ArtifactStore(url), file, datetime.fromisoformat(day))
        return
    from flows.prefect_server.server import find_server, use_server
    from tasks.settings import load_settings

    home = load_settings().home
    server = find_server(home)
    assert server is not None
    use_server(home, server)

    from prefect.runtime import flow_run

    from flows.retraining.nightly import nightly
    from tests.nights.lab import order_of, prefect_toys

    flow_run.scheduled_start_time = datetime.fromisoformat(day)  # Not that of this call.
    prefect_toys()
    for file in files:
        nightly(file, preset="debug", overrides=order_of(file).overrides)


if __name__ == "__main__":
    main(*sys.argv[1:4], sys.argv[4:])
