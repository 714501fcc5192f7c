"""xsim_core/calibrate/config.py: X-Sim's recipe sets what it fixes, and says so where it cannot."""

import pytest

from xsim_core.calibrate.config import X_SIM, AlignConfig, CalibrateConfig, CameraFitConfig
from xsim_core.errors import BadInputError
from xsim_core.presets import pipeline_config


def test_the_recipe_is_what_is_recorded():
    config = CalibrateConfig(recipe="x-sim", seed=3)
    assert {name: getattr(config, name) for name in X_SIM} == X_SIM
    assert config.seed == 3
    assert CalibrateConfig.model_validate(config.model_dump(mode="json")) == config
    assert config.teach is None
    assert CalibrateConfig().replay == "resync"


def test_the_teacher_labels_and_nothing_is_aligned_unless_asked():
    """What was measured to help is on, what was measured to harm is off (docs/calibration.md)."""
    config = CalibrateConfig()
    assert config.teach is not None
    assert config.align.weight == 0


def test_the_recipe_is_asked_for_over_a_preset():
    asked = {"calibrate": {"recipe": "x-sim", "optim": {"num_steps": 200}}}
    config = pipeline_config("full", overrides=asked).calibrate
    assert (config.replay, config.camera, config.do_no_harm) == ("actions", None, None)
    assert config.optim.num_steps == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("camera", CameraFitConfig(pixel_stride=4)), ("align", {"temperature": 0.5})],
)
def test_what_the_recipe_fixes_is_not_set_beside_it(field, value):
    with pytest.raises(BadInputError, match=f"sets {field} itself"):
        pipeline_config(overrides={"calibrate": {"recipe": "x-sim", field: value}})


def test_a_field_of_the_recipe_may_be_said_again():
    assert CalibrateConfig(recipe="x-sim", replay="actions").align == X_SIM["align"]
    assert CalibrateConfig(recipe="x-sim", align=AlignConfig().model_dump()).align == X_SIM["align"]
