import sqlite3
import struct
from pathlib import Path

import pytest

from xsim_core.capture.readers.foreign import UnreadableDirectlyError, reading
from xsim_core.errors import BadInputError, MissingDependencyError

FILM = Path("film.bag")
MEND = "Record it again."


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (struct.error("needs 4\nbytes"), "damaged or truncated (error: needs 4 bytes). Record"),
        (KeyError("topic"), "damaged or truncated (KeyError: 'topic'). Record"),
        (sqlite3.DatabaseError("no database"), "damaged or truncated (no database). Record"),
        (MemoryError(), "asks for more memory than there is. Record"),
        (FileNotFoundError(2, "gone", "beside.png"), "beside.png is missing. Record"),
        (BadInputError("no depth"), "film.bag: no depth"),
    ],
)
def test_whatever_a_parser_raises_is_one_sentence_with_the_file(error, sentence):
    with pytest.raises(BadInputError) as caught, reading(FILM, MEND):
        raise error
    said = str(caught.value)
    assert sentence in said
    assert "\n" not in said
    assert caught.value.__cause__ is error
    assert type(caught.value) is BadInputError


@pytest.mark.parametrize(
    "error",
    [
        BadInputError("film.bag holds nothing"),
        UnreadableDirectlyError("librealsense must read it"),
        MissingDependencyError("film.bag needs rosbags"),
    ],
)
def test_what_is_a_sentence_already_passes(error):
    with pytest.raises(type(error)) as caught, reading(FILM, MEND):
        raise error
    assert caught.value is error


def test_ctrl_c_is_nobodys_fault():
    with pytest.raises(KeyboardInterrupt), reading(FILM, MEND):
        raise KeyboardInterrupt
