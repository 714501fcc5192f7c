"""xsim_core/artifacts/base.py: manifests of older versions stay readable."""

import pytest
from pydantic import ValidationError

from xsim_core.artifacts import KINDS, GroundTruth


def test_a_summary_with_a_field_that_was_retired_is_read():
    assert GroundTruth.model_validate({"name": "cup", "symmetric": False}) == GroundTruth(
        name="cup"
    )
    assert GroundTruth.model_validate(GroundTruth(name="cup")).name == "cup"
    with pytest.raises(ValidationError, match="symetric"):
        GroundTruth.model_validate({"name": "cup", "symetric": False})


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda k: k.kind)
def test_no_kind_has_a_field_that_it_retired(kind):
    assert not kind.retired & set(kind.model_fields)
