"""``xsim policy serve``: a policy for whoever speaks openpi's protocol."""

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg, subcommand

from flows.cli.arguments import LOOPBACK, File, Reference
from flows.cli.listening import check_address
from flows.cli.output import print_json

from .train import PolicyTrain

if TYPE_CHECKING:
    import ssl

    from xsim_core.serving import PolicyServer

KEY_NAME = "policy-server.key"


@dataclass(frozen=True)
class PolicyServe:
    """Serve an image policy over a websocket, as openpi's client asks for it.

    Every stored byte of the policy is compared with its manifest first. Ctrl-C ends it.
    """

    ref: Reference
    """RUN:STAGE, kind/fingerprint, or the fingerprint's first digits."""
    host: Annotated[str, arg(metavar="ADDRESS")] = "127.0.0.1"
    """Where to listen; this machine alone unless told."""
    port: Annotated[int, arg(metavar="PORT")] = 8000
    """openpi's port; 0 takes a free one."""
    key_file: File = ""
    """A file with the key that clients send; policy-server.key in XSIM_HOME by default, made once.
    """
    certificate: File = ""
    """PEM of the certificate and its chain, for TLS (wss://)."""
    private_key: File = ""
    """PEM of the certificate's key."""
    max_clients: Annotated[int, arg(metavar="N")] = 64
    """Connected at once."""
    max_rate_hz: Annotated[float, arg(metavar="HZ")] = 50.0
    """Requests a second of each client; faster ones wait."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Serve until it is interrupted."""
        import asyncio

        from tasks.settings import load_settings
        from xsim_core.errors import BadInputError
        from xsim_core.refs import find_ref

        _require_packages()
        if self.max_clients < 1 or not 0 < self.max_rate_hz < math.inf:
            raise BadInputError("--max-clients is at least 1, --max-rate-hz more than 0.")
        check_address(self.host, self.port)
        tls = self._tls()
        store = load_settings().open_store()
        ref = find_ref(store, self.ref)  # Before torch is imported, which takes seconds.
        from xsim_core.serving import Limits, PolicyAnswers, PolicyServer

        answers = PolicyAnswers.read(store, ref)
        path, key = key_in(self.key_file)
        limits = Limits(clients=self.max_clients, rate_hz=self.max_rate_hz)
        asyncio.run(self._serve(PolicyServer(answers, key, limits), tls, path))
        return 0

    async def _serve(
        self, server: "PolicyServer", tls: "ssl.SSLContext | None", key_path: Path
    ) -> None:
        import asyncio
        import signal

        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        if tls is None and self.host not in LOOPBACK:
            print(
                "note: without --certificate and --private-key the key and the pictures cross the "
                "network in the clear.",
                file=sys.stderr,
            )
        async with server.listening(self.host, self.port, tls) as listening:
            port = next(iter(listening.sockets)).getsockname()[1]
            url = f"{'wss' if tls else 'ws'}://{self.host}:{port}"
            told = {"url": url, "policy": server.metadata["policy"], "key_file": str(key_path)}
            if self.json:
                print_json(told)
            else:
                print(f"{told['policy']} at {url}\n  clients send the key in {key_path}")
            sys.stdout.flush()
            await ended.wait()

    def _tls(self) -> "ssl.SSLContext | None":
        import ssl

        from xsim_core.errors import BadInputError

        if not self.certificate and not self.private_key:
            return None
        if not (self.certificate and self.private_key):
            raise BadInputError("TLS needs both --certificate and --private-key.")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.private_key)
        except ssl.SSLError as error:
            raise BadInputError(
                f"{self.certificate} and {self.private_key} are no certificate and its key: {error}"
            ) from error
        return context


def key_in(file: str) -> tuple[Path, str]:
    """The key of this file, or that of this machine, which is made once.

    Raises:
        BadInputError: when the file holds none.
    """
    from flows.prefect_server.secret import secret_in
    from xsim_core.errors import BadInputError
    from xsim_core.files.folders import expanded
    from xsim_core.storage.object_store.locate import home_folder

    if not file:
        path = home_folder() / KEY_NAME
        return path, secret_in(path)
    path = expanded(file, "--key-file")
    key = path.read_bytes()[:4096].decode(errors="replace").strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise BadInputError(f"{path} holds no key: one line of ASCII without blanks is wanted.")
    return path, key


def _require_packages() -> None:
    from importlib.util import find_spec

    from xsim_core.errors import MissingDependencyError

    missing = [p for p in ("msgpack", "websockets") if find_spec(p) is None]
    if missing:
        raise MissingDependencyError(
            f"serving a policy needs {', '.join(missing)}, which is not installed here. Run `make "
            "setup` in a checkout, or pip install 'xsim[serve]'."
        )


@dataclass(frozen=True)
class PolicyProbe:
    """Ask a policy server for one chunk, of a black picture, and say what it serves."""

    url: Annotated[Positional[str], arg(metavar="URL")]
    """ws://host:port or wss://host:port."""
    key_file: File = ""
    """A file with the server's key; policy-server.key in XSIM_HOME by default."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Connect, ask, print."""
        _require_packages()
        from xsim_core.serving.probe import probe

        seen = probe(self.url, key_in(self.key_file)[1])
        if self.json:
            print_json(seen)
            return 0
        print(f"{seen['metadata'].get('policy')} answers in {seen['round_trip_ms']:.1f} ms")
        for name, value in seen["metadata"].items():
            print(f"  {name:<16} {value}")
        return 0


@dataclass(frozen=True)
class PolicyCommands:
    """A policy for robots and other programs: serve, probe; train one on a dataset."""

    action: (
        Annotated[PolicyServe, subcommand("serve")]
        | Annotated[PolicyProbe, subcommand("probe")]
        | Annotated[PolicyTrain, subcommand("train")]
    )

    def run(self) -> int:
        """Pass on."""
        return self.action.run()
