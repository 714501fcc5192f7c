"""Learning curves as TensorBoard reads them: a reader of the test's own takes the file apart."""

import struct

import numpy as np

from tests.evaluate.fixtures import make_student
from tests.exporters.test_rlds import fields, records, varint
from xsim_core.exporters import export_artifact
from xsim_core.exporters.datasets.tf_records import record
from xsim_core.exporters.tensorboard import events
from xsim_core.storage import ArtifactStore


def told(path):
    """(step, {tag: value}) of each event after the first."""
    found = []
    for k, data in enumerate(records(path)):
        assert data[0] == 1 << 3 | 1
        assert data[1:9] == bytes(8), "the time"
        assert data[9] == 2 << 3
        step, at = varint(data, 10)
        ((number, rest),) = fields(data[at:])
        if k == 0:
            assert (step, number, rest) == (0, 3, b"brain.Event:2")
            continue
        assert number == 5
        values = {}
        for one, value in fields(rest):
            assert (one, value[0]) == (1, 1 << 3 | 2)
            length, at = varint(value, 1)
            tag, number = value[at : at + length].decode(), value[at + length :]
            assert number[0] == 2 << 3 | 5
            (values[tag],) = struct.unpack("<f", number[1:])
        found.append((step, values))
    return found


def test_curves_stand_at_their_steps_and_nan_is_left_out(tmp_path):
    curves = {
        "env_steps": np.array([300.0, 600.0, 900.0]),
        "train_success": np.array([0.25, np.nan, 0.5]),
        "kl": np.array([1.0, np.nan, 2.0]),
    }
    path = tmp_path / "events"
    path.write_bytes(b"".join(map(record, events(curves))))
    assert told(path) == [
        (300, {"train/success": 0.25, "kl": 1.0}),
        (900, {"train/success": 0.5, "kl": 2.0}),
    ]


def test_a_students_loss_is_numbered_from_one(tmp_path):
    store = ArtifactStore("memory://")
    export_artifact(store, make_student(store), "tensorboard", tmp_path / "out")
    (path,) = (tmp_path / "out").glob("events.out.tfevents.*")
    assert told(path) == [(1, {"loss": 0.0}), (2, {"loss": 0.0})]
