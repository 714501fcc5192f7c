"""xsim_core/storage/codecs.py: how much a zstd frame says that it unpacks to."""

import numpy as np
import pytest
from numcodecs.zstd import Zstd

from xsim_core.storage.codecs import unpacked_size


@pytest.mark.parametrize(
    "size", [0, 1, 200, 255, 256, 257, 300, 65_535, 65_791, 65_792, 65_793, 1 << 20]
)
@pytest.mark.parametrize("checksum", [False, True])
def test_the_size_that_a_frame_names_is_found(size, checksum):
    data = np.random.default_rng(0).bytes(size)
    frame = Zstd(level=3, checksum=checksum).encode(data)
    assert unpacked_size(bytes(frame)[:18]) == size


def test_every_width_of_the_size_field_is_read():
    """RFC 8878, 3.1.1.1: 1, 2 (plus 256), 4 and 8 bytes, behind window and dictionary."""
    magic = b"\x28\xb5\x2f\xfd"
    assert unpacked_size(magic + bytes([0b0010_0000, 77])) == 77
    assert unpacked_size(magic + bytes([0b0110_0000, 1, 2])) == 256 + 0x0201
    assert unpacked_size(magic + bytes([0b1010_0000, 1, 2, 3, 4])) == 0x04030201
    assert unpacked_size(magic + bytes([0b1110_0000, *range(1, 9)])) == 0x0807060504030201
    window, dictionary = 0x50, [9, 9]
    assert unpacked_size(magic + bytes([0b0100_0010, window, *dictionary, 1, 2])) == 256 + 0x0201


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x28\xb5\x2f\xfd",
        b"nope!nope!",
        b"\x28\xb5\x2f\xfd\x00\x50rest",
        b"\x28\xb5\x2f\xfd\xe0\x01",
    ],
    ids=["empty", "magic only", "another magic", "no size", "cut short"],
)
def test_a_frame_that_does_not_say_has_no_size(frame):
    assert unpacked_size(frame) is None
