"""Places to climb between, and rungs of made-up outcomes."""

from types import SimpleNamespace

import numpy as np

from xsim_core.artifacts import GapRung
from xsim_core.gap.config import PICTURE
from xsim_core.pictures import png_bytes


class Rungs:
    """Opens rungs whose outcomes a function of their factors tells."""

    def __init__(self, outcome, *, num_worlds=0, seed=90_000):
        self.outcome, self.num_worlds, self.seed = outcome, num_worlds, seed

    def __call__(self, rung):
        success = np.asarray(self.outcome(rung.factors), bool)
        summary = SimpleNamespace(trials=success.size, num_worlds=self.num_worlds)
        arrays = {"success": success, "progress": success.astype(np.float32)}
        return SimpleNamespace(
            summary=summary,
            manifest=SimpleNamespace(
                config={"seed": self.seed}, provenance={"commit": "abc1234" * 5}
            ),
            array=arrays.__getitem__,
            read_file=lambda name: picture_of(rung.factors) if name == PICTURE else b"",
        )


def picture_of(factors):
    """A picture that no other rung has."""
    seed = sum(map(ord, "".join(factors)))
    return png_bytes(np.random.default_rng(seed).integers(0, 255, (8, 12, 3), dtype=np.uint8))


def commit_rung(store, ref, success, factors):
    """A rung under the ref that a plan gives it."""
    success = np.asarray(success, bool)
    writer = store.begin(ref.kind, ref.fingerprint)
    writer.write_all({"success": success, "progress": success.astype(np.float32)})
    writer.add_file(PICTURE, picture_of(factors))
    summary = GapRung(
        task="push_block",
        factors=factors,
        successes=int(success.sum()),
        trials=success.size,
        num_worlds=0,
    )
    recipe = {"stage": "gap_rung", "stage_version": 1, "config": {"seed": 90_000}, "inputs": {}}
    return store.commit(writer, summary, provenance={}, **recipe)
