"""A store that two users share: their clocks differ, a listing or a read may go wrong once."""

from dataclasses import dataclass, field
from datetime import timedelta

from tests.storage.busy import BusyStore
from xsim_core.errors import StoreUnreachableError
from xsim_core.storage.object_store.objects import Objects


@dataclass
class Server:
    """What the users' stores have in common."""

    skew: dict[str, timedelta] = field(default_factory=dict)
    """Path, or prefix of an attempt → by how much the clock that stamped it was wrong."""
    spoilt: tuple[str, str] | None = None
    """What goes wrong, and with which folder."""
    spared: int = 0
    """How many such requests go well before."""

    def goes_wrong(self, path: str, *ways: str) -> str:
        """How this request goes wrong; "" when it does not."""
        if self.spoilt and self.spoilt[0] in ways and path.split("/")[0] == self.spoilt[1]:
            if self.spared:
                self.spared -= 1
                return ""
            way, self.spoilt = self.spoilt[0], None
            return way
        return ""

    def skew_of(self, path: str) -> timedelta:
        attempt = "/".join(path.split("/")[:3])
        return self.skew.get(path, self.skew.get(attempt, timedelta(0)))


class SharedObjects(Objects):
    """One user's way to the server."""

    def __init__(self, backend, server: Server, skew: timedelta) -> None:
        super().__init__(backend)
        self.server, self.clock = server, skew

    def listing(self, prefix=""):
        found = [(p, n, at + self.server.skew_of(p)) for p, n, at in super().listing(prefix)]
        match self.server.goes_wrong(prefix, "empty", "cut", "failed"):
            case "empty":
                return []
            case "cut":
                return found[::2]
            case "failed":
                raise StoreUnreachableError("no answer")
        return found

    def read(self, path, **limits):
        data = super().read(path, **limits)
        if self.server.goes_wrong(path, "lost"):
            raise FileNotFoundError(path)
        return data

    def create(self, path, data):
        is_new = super().create(path, data)
        self.server.skew.update({path: self.clock} if is_new else {})
        return is_new

    def write(self, path, data):
        super().write(path, data)
        self.server.skew[path] = self.clock


class User(BusyStore):
    """A user's store: the same objects, by the clock of the user's machine."""

    def __init__(self, server: Server, skew: timedelta, other: "User | None" = None) -> None:
        super().__init__("memory://")
        self.server, self.clock = server, skew
        backend = (other or self)._objects.backend
        self._objects = SharedObjects(backend, server, skew)

    def begin(self, *args, **kwargs):
        writer = super().begin(*args, **kwargs)
        self.server.skew[writer.prefix] = self.clock
        return writer
