"""Whatever bytes a file holds, what goes wrong in reading it is one sentence."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from xsim_core.errors import BadInputError, XSimError
from xsim_core.files.text import one_line


class UnreadableDirectlyError(BadInputError):
    """The recording is sound but needs librealsense: unaligned streams or an unusual encoding."""


@contextmanager
def reading(path: Path, mend: str) -> Generator[None]:
    """Turn whatever a parser raises over foreign bytes into a ``BadInputError``.

    Args:
        path: named in the error.
        mend: what a person can do about it.
    """
    try:
        yield
    except UnreadableDirectlyError:
        raise
    except XSimError as error:
        if str(path) in str(error):
            raise
        raise BadInputError(f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise BadInputError(f"{error.filename or path} is missing. {mend}") from error
    except MemoryError as error:
        raise BadInputError(
            f"{path} cannot be read: it asks for more memory than there is. {mend}"
        ) from error
    except sqlite3.DatabaseError as error:
        raise BadInputError(
            f"{path} is damaged or truncated ({one_line(error)}). {mend}"
        ) from error
    except Exception as error:
        # Parsers of damaged bytes raise anything: KeyError, struct.error, cv2.error.
        said = f"{type(error).__name__}: {one_line(error)}"
        raise BadInputError(f"{path} is damaged or truncated ({said}). {mend}") from error
