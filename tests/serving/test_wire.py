"""Only numbers in arrays that hold what they say; all else is refused, and nothing crashes."""

import contextlib

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from xsim_core.errors import BadInputError
from xsim_core.serving.wire import pack, unpack


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "<f2", "<f4", "<f8", ">f4", "i8"])
def test_arrays_come_back(dtype):
    value = np.arange(6).reshape(2, 3).astype(dtype)
    back = unpack(pack({"a": value, "n": value[1, 2], "s": "word", "x": [1, 2.5, None]}))
    np.testing.assert_array_equal(back["a"], value)
    assert back["a"].dtype == value.dtype
    assert (back["n"], back["s"], back["x"]) == (value[1, 2], "word", [1, 2.5, None])
    turned = unpack(pack({"a": value.T}))["a"]
    np.testing.assert_array_equal(turned, value.T)


def packed(**fields):
    told = {"__ndarray__": True, "data": b"\0" * 8, "dtype": "<f8", "shape": [1]} | fields
    return msgpack.packb({"a": {k.encode(): v for k, v in told.items()}})


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": "O"},
        {"dtype": "<f("},
        {"dtype": "(,)"},
        {"dtype": "|O8"},
        {"dtype": "V8"},
        {"dtype": "<c8"},
        {"dtype": "<M8"},
        {"dtype": "<U2"},
        {"dtype": "S8"},
        {"dtype": "f8,f8"},
        {"dtype": 8},
        {"dtype": "zz"},
        {"shape": [2]},
        {"shape": [-1]},
        {"shape": [1 << 40, 1 << 40]},
        {"shape": [1] * 7},
        {"shape": [1.0]},
        {"shape": [True]},
        {"shape": 1},
        {"shape": None},
        {"data": "text"},
        {"data": b""},
        {"data": [0] * 8},
    ],
    ids=str,
)
def test_other_arrays_are_refused(fields):
    with pytest.raises(BadInputError):
        unpack(packed(**fields))


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xc1",
        msgpack.packb([1]),
        msgpack.packb({1: 2}),
        msgpack.packb({"a": 1}) + b"\0",
        msgpack.packb({"a": msgpack.ExtType(5, b"x")}),
        msgpack.packb({"a": msgpack.Timestamp(1)}),
        msgpack.packb({str(i): i for i in range(65)}),
        msgpack.packb({"a": list(range(65))}),
        b"\x81\xa1a" + b"\x91" * 5000,
        b"\x81\xa1\xff\x00",
        b"\x81\xa1a\xdf\xff\xff\xff\xff",
        msgpack.packb({"a": {b"__npgeneric__": True, b"data": "x", b"dtype": "<f8"}}),
        msgpack.packb({"a": {b"__npgeneric__": True, b"data": 300, b"dtype": "u1"}}),
    ],
    ids=repr,
)
def test_other_messages_are_refused(message):
    with pytest.raises(BadInputError):
        unpack(message)


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(data):
    with contextlib.suppress(BadInputError):
        assert isinstance(unpack(data), dict)


def test_what_has_no_form_is_not_sent():
    with pytest.raises(TypeError, match="has no form"):
        pack({"a": np.array([object()])})
