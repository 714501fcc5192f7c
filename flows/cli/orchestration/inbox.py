"""Commands about new videos: ``inbox list``, ``watch``, ``retry`` and ``listen``."""

import json as json_module
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg, subcommand

from flows.cli.arguments import LOOPBACK
from flows.cli.listening import check_address
from flows.cli.output import print_json


@dataclass(frozen=True)
class InboxList:
    """Every capture that ever arrived and what became of it, and what the last scan refused."""

    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """List."""
        from flows.inbox.last_scan import listed
        from tasks.settings import load_settings

        rows = listed(load_settings().open_store())
        if self.json:
            print_json(rows)
            return 0
        for row in rows:
            why = f"  ({' '.join(row['reason'].split())})" if row["reason"] else ""
            print(f"{row['phase']:<10} {row['name']:<40} {row['folder']}{why}")
        if not rows:
            print("nothing has arrived yet")
        return 0


@dataclass(frozen=True)
class InboxListen:
    """Take a bucket's notifications, and bring the next scan forward when a capture came.

    It listens on this machine only. The scan on schedule finds everything without it.
    """

    port: Annotated[int, arg(metavar="PORT")] = 4280
    """Where to listen; 0 for any free port."""
    json: bool = False
    """Print where it listens as JSON."""

    def run(self) -> int:
        """Listen until Ctrl-C."""
        import logging

        from flows.inbox.captures import tell_server
        from flows.inbox.webhook import Debouncer, Receiver
        from flows.prefect_server.secret import secret_in
        from flows.prefect_server.server import start_server, use_server
        from tasks.settings import load_settings

        check_address(LOOPBACK[0], self.port)
        home = load_settings().home
        use_server(home, start_server(home))
        token = home / "inbox-token"
        scan_soon = Debouncer(lambda: tell_server(home, "bucket"))
        logging.basicConfig(format="%(message)s")
        logging.getLogger("flows").setLevel(logging.INFO)
        with Receiver(self.port, secret_in(token), lambda _: scan_soon.trigger()) as receiver:
            if self.json:
                # One line, at once: whoever started this reads on while it listens.
                print(json_module.dumps({"url": receiver.url, "token": str(token)}), flush=True)
            else:
                print(f"bucket notifications: {receiver.url}, token in {token}", flush=True)
            with suppress(KeyboardInterrupt):
                receiver.serve()
        return 0


@dataclass(frozen=True)
class InboxWatch:
    """Start a capture's run as soon as the capture is whole, and not only at the next scan.

    Of an inbox that is a folder of this machine, whose kernel tells what changes in it; for a
    bucket's notifications there is `xsim inbox listen`. The scan on schedule finds everything
    without either. Stop it with Ctrl-C.
    """

    json: bool = False
    """Print what is watched as JSON."""

    def run(self) -> int:
        """Watch until Ctrl-C."""
        import logging

        from flows.inbox.place import inbox_place
        from flows.inbox.watch import Dues, watch
        from flows.prefect_server.server import start_server, use_server
        from tasks.settings import load_settings
        from xsim_core.errors import BadInputError

        settings = load_settings()
        settings.open_store().check_answers()
        use_server(settings.home, start_server(settings.home))
        from flows.inbox.scan_inbox import ScanRequest, scan_now

        asked = ScanRequest.as_deployed()
        given = asked.inbox or settings.inbox
        place = inbox_place(given, settings.home / "inbox", settings.store_url)
        if "://" in place:
            raise BadInputError(
                f"{place} is no folder: 'xsim inbox listen' takes a bucket's notifications."
            )
        logging.basicConfig(format="%(message)s")
        if self.json:
            print(json_module.dumps({"inbox": place}), flush=True)
        else:
            print(f"watching {place}", flush=True)
        dues = Dues(Path(place), asked.settle_s)
        with suppress(KeyboardInterrupt):
            watch(Path(place), dues, lambda: scan_now(ScanRequest.as_deployed()))
        return 0


@dataclass(frozen=True)
class InboxRetry:
    """Start a capture's run once more: the next scan does it, at once if a server is up."""

    capture: Annotated[Positional[str], arg(metavar="CAPTURE")]
    """The run's name as `xsim inbox list` shows it, the folder, or the digest's first digits."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Note it, and bring the scan forward."""
        from flows.inbox.captures import retry, tell_server
        from tasks.settings import load_settings

        settings = load_settings()
        again = retry(settings.open_store(), self.capture)
        tell_server(settings.home, again.digest)
        if self.json:
            print(again.model_dump_json(indent=1))
        else:
            print(f"{again.run_name}: the next scan starts it (attempt {again.attempt})")
        return 0


@dataclass(frozen=True)
class InboxCommands:
    """New human videos: what arrived, once more, and what starts them sooner than the schedule."""

    action: (
        Annotated[InboxList, subcommand("list")]
        | Annotated[InboxRetry, subcommand("retry")]
        | Annotated[InboxWatch, subcommand("watch")]
        | Annotated[InboxListen, subcommand("listen")]
    )

    def run(self) -> int:
        """Pass on."""
        return self.action.run()
