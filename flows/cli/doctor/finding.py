"""What one check of ``xsim doctor`` found."""

from xsim_core.config import FrozenModel


class Finding(FrozenModel):
    """One check: what was found, and what to do if that is not enough."""

    name: str
    ok: bool
    needed: bool
    """Whether the demo cannot run without it."""
    found: str
    mend: str = ""
