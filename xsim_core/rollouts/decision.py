"""When a comparison of two policies is decided."""

from pydantic import Field

from xsim_core.config import StageConfig
from xsim_core.promotion import PromotionTest


class CompareRolloutsConfig(StageConfig):
    """When the comparison is decided."""

    test: PromotionTest = Field(default=PromotionTest())
    """That of nightly retraining."""
