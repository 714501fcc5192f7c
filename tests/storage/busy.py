"""A store on which somebody else acts between two requests of whoever uses it."""

from xsim_core.storage import ArtifactStore


class BusyStore(ArtifactStore):
    """Once it was told ``interrupt(when, act)``, ``act`` happens before the when-th request."""

    _left = 0
    _act = None

    def interrupt(self, when, act):
        self._left, self._act = when, act

    def finish(self):
        """Whether the act has happened; from now on nobody acts."""
        is_done, self._left = self._left == 0, 0
        return is_done

    def _pause(self):
        if self._left:
            self._left -= 1
            if not self._left:
                self._act()

    def list_objects(self, prefix=""):
        self._pause()
        return super().list_objects(prefix)

    def list_records(self, prefix):
        self._pause()
        return super().list_records(prefix)

    def create_object(self, path, data):
        self._pause()
        return super().create_object(path, data)

    def read_object(self, path, *, limit=None):
        self._pause()
        return super().read_object(path, limit=limit)

    def get_record(self, path):
        self._pause()
        return super().get_record(path)

    def delete_objects(self, paths):
        self._pause()
        super().delete_objects(paths)

    def manifest(self, ref):
        self._pause()
        return super().manifest(ref)
