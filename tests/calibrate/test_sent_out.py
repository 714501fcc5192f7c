"""xsim_core/calibrate/sent_out.py: a round is made once, and told."""

import numpy as np

from tests.sim.dagger.test_rounds import ask, student, world  # noqa: F401 fixtures
from xsim_core.calibrate.config import DaggerConfig
from xsim_core.calibrate.sent_out import sent_out_once, tell
from xsim_core.sim.vision.domain import Domain
from xsim_core.storage import ArtifactStore, Runtime


def test_an_interrupted_calibration_takes_the_round_that_was_made(student, ask, world, tmp_path):  # noqa: F811
    store = ArtifactStore((tmp_path / "store").as_uri())
    begun = {"runtime": Runtime(num_workers=0), "progress": lambda *_: None}
    config, heard = DaggerConfig(num_episodes=2, domain=Domain()), []

    def once(out):
        heard.clear()
        return sent_out_once(
            student, ask, world, config, out=out, progress=lambda f, x: heard.append((f, x))
        )

    first = once(store.begin("student_policy", "0" * 24, **begun))
    assert heard == [(1.0, {"dagger_success_1": first.success.mean()})]
    out = store.begin("student_policy", "0" * 24, **begun)
    again = once(out)
    assert heard == []
    for name, value in vars(first.windows).items():
        np.testing.assert_array_equal(getattr(again.windows, name), value)
    figures = tell(again, student, out)
    assert figures["dagger_miss_1"] == first.miss
    assert tell(None, student, out) == {}
