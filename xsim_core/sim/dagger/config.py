"""How a student is sent out (``dagger``): fields alone, so that planning needs no torch."""

from pydantic import Field

from xsim_core.config import FrozenModel


class RoundConfig(FrozenModel):
    """How a student is sent out, and how much it then learns from that."""

    num_episodes: int = Field(default=48, ge=1)
    """Episodes a round, failures included."""
    share: float | None = Field(default=0.25, gt=0, le=1)
    """Of each batch, drawn from what rounds gave once there is some; None draws windows uniformly
    from the dataset and the rounds together."""
    seed: int = Field(default=3_000_000, ge=0)
    """Of the first episode; the following ones count up, apart from those of any other stage."""
