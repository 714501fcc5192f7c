"""``xsim server start|stop|status``: the background Prefect server."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import subcommand

from flows.cli.output import print_json


@dataclass(frozen=True)
class ServerStart:
    """Start the Prefect server in the background, or say where it runs already.

    It listens on this machine only, keeps its database under .xsim/prefect and sends nothing home.
    Beside it the reports are served, read-only, to which the pages of finished runs link.
    `xsim demo` and `xsim run` start it by themselves.
    """

    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Start and say where."""
        from flows.prefect_server.api import check_named
        from flows.prefect_server.server import auth_path, start_server
        from tasks.settings import load_settings

        home = load_settings().home
        server = start_server(home)
        check_named(server)
        if self.json:
            print_json(
                {
                    "ui": server.ui_url,
                    "api": server.api_url,
                    "pid": server.pid,
                    "reports": server.reports_url,
                }
            )
        else:
            print(f"Prefect server: {server.ui_url}")
            if server.pid is not None:
                print(f"sign in with the line in {auth_path(home)}")
        return 0


@dataclass(frozen=True)
class ServerStop:
    """Stop the background Prefect server. Artifacts and run history are kept."""

    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Stop and say what was stopped."""
        from flows.prefect_server.server import stop_server
        from tasks.settings import load_settings

        server = stop_server(load_settings().home)
        if self.json:
            print_json({"stopped": server.ui_url if server else None})
        else:
            print(f"stopped {server.ui_url}" if server else "no server was running")
        return 0


@dataclass(frozen=True)
class ServerStatus:
    """Say whether the Prefect server runs and answers. Exits with 1 when it does not."""

    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Look, and start nothing."""
        from flows.prefect_server.server import auth_path, find_server, log_path
        from tasks.settings import load_settings

        home = load_settings().home
        server = find_server(home)
        # One that PREFECT_API_URL names is believed to be there until it is asked.
        answers = server is not None and server.is_healthy()
        if self.json:
            print_json(
                {
                    "answers": answers,
                    "ui": server.ui_url if server else None,
                    "pid": server.pid if server else None,
                    "log": str(log_path(home)),
                }
            )
        elif server is None:
            print("no server runs; 'xsim server start' or the next run starts one")
        else:
            ours = f"process {server.pid}" if server.pid else "of PREFECT_API_URL"
            print(
                f"Prefect server: {server.ui_url} ({ours}) "
                f"{'answers' if answers else 'does not answer'}"
            )
            if server.pid is not None:
                print(f"sign in with the line in {auth_path(home)}; its log is {log_path(home)}")
        return 0 if answers else 1


@dataclass(frozen=True)
class ServerCommands:
    """Start, stop or look at the background Prefect server, whose UI shows every run."""

    action: (
        Annotated[ServerStart, subcommand("start")]
        | Annotated[ServerStop, subcommand("stop")]
        | Annotated[ServerStatus, subcommand("status")]
    )

    def run(self) -> int:
        """Pass on."""
        return self.action.run()
