"""xsim_core/diffusion/config.py: rounds that cannot be are refused in a sentence."""

import pytest

from xsim_core.diffusion.config import DaggerConfig, DiffusionConfig
from xsim_core.errors import BadInputError
from xsim_core.policies import OptimConfig
from xsim_core.presets import pipeline_config


def test_rounds_come_before_steps_of_the_training():
    config = DiffusionConfig(dagger=DaggerConfig(after=(0.25, 0.5, 0.75)))
    assert config.round_steps == (700, 1400, 2100)
    assert DiffusionConfig().round_steps == ()


@pytest.mark.parametrize(
    "after", [(0.5, 1.0), (0.0,), (0.5, 0.4), (0.5, 0.5001), (0.9999,), (-0.1, 0.5)]
)
def test_rounds_that_cannot_be_are_refused(after):
    given = {"diffusion": {"dagger": {"after": after}}}
    with pytest.raises(BadInputError, match=r"of 2800 training steps makes rounds before steps \("):
        pipeline_config(overrides=given)


def test_no_round_is_refused_and_a_short_training_takes_its_rounds_along():
    with pytest.raises(BadInputError, match=r"diffusion.dagger.after.*at least 1"):
        pipeline_config(overrides={"diffusion": {"dagger": {"after": ()}}})
    with pytest.raises(BadInputError, match=r"diffusion.dagger.share is 1.5"):
        pipeline_config(overrides={"diffusion": {"dagger": {"share": 1.5}}})
    short = pipeline_config("debug", overrides={"diffusion": {"dagger": {}}}).diffusion
    assert short.optim == OptimConfig(num_steps=60, warmup_steps=5)
    assert short.round_steps == (27, 36, 45)
