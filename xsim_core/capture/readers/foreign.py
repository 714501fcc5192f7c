"""Whatever bytes a file holds, what goes wrong in reading it is one sentence."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xsim_core.errors import BadInputError, XSimError


@contextmanager
def reading(path: Path, mend: str) -> Iterator[None]:
    """Turn whatever a parser raises over foreign bytes into a ``BadInputError``.

    Args:
        path: named in the error.
        mend: what a person can do about it.
    """
    try:
        yield
    except XSimError:
        raise
    except MemoryError as error:
        raise BadInputError(f"{path} asks for more memory than there is. {mend}") from error
    except sqlite3.DatabaseError as error:
        raise BadInputError(f"{path} is damaged or truncated ({error}). {mend}") from error
    except Exception as error:
        # Parsers of damaged bytes raise anything: KeyError, struct.error, cv2.error.
        said = " ".join(str(error).split())[:200]
        kind = type(error).__name__
        raise BadInputError(f"{path} is damaged or truncated ({kind}: {said}). {mend}") from error
