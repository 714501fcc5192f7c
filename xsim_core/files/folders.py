"""Folders as people write them."""

from pathlib import Path

from xsim_core.errors import BadInputError


def expanded(where: str, what: str) -> Path:
    """A path with a home folder written out in the place of ``~``.

    Raises:
        BadInputError: with ``what``, for the home of somebody who is not known here.
    """
    try:
        return Path(where).expanduser()
    except RuntimeError as error:
        raise BadInputError(
            f"{what} '{where}' begins with a home folder that is not known here. Write the whole "
            "path."
        ) from error
