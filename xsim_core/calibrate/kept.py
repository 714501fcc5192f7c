"""Pairs that a calibration leaves to the one after it.

X-Sim calibrates "continually" (arXiv 2505.07096, section 4.3): the calibrated student is deployed,
and what it meets there is learnt from as well. New pairs are added and old ones kept, or the
student would forget where its predecessor had got to.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import StudentPolicy
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .harm import MIN_PAIRS
from .pairs import Pairs

_PREFIX = "pairs"


@dataclass(frozen=True)
class KeptPairs:
    """Trusted pairs of all calibrations so far."""

    pairs: Pairs
    is_held_out: NDArray[np.bool_]
    """(n,) whether they judge instead of being learnt from."""

    @property
    def learnt(self) -> Pairs:
        """Those to learn from."""
        return self.pairs.take(~self.is_held_out)

    @property
    def judged(self) -> Pairs:
        """Those held out."""
        return self.pairs.take(self.is_held_out)

    @property
    def judging(self) -> Pairs:
        """Those held out, or all where these are too few to say anything."""
        return self.judged if self.is_held_out.sum() >= MIN_PAIRS else self.pairs

    @classmethod
    def read(cls, student: OpenArtifact[StudentPolicy]) -> "KeptPairs | None":
        """What the calibration that made a student left; None of one that no calibration made."""
        arrays = student.arrays(_PREFIX)
        if not arrays:
            return None
        is_held_out = arrays.pop("is_held_out")
        return cls(Pairs(**arrays), is_held_out)

    def write(self, out: ArtifactWriter) -> None:
        """Leave them beside the student's weights."""
        out.write_all({**vars(self.pairs), "is_held_out": self.is_held_out}, prefix=_PREFIX)

    def fits(self, new: Pairs) -> bool:
        """Whether new ones can be learnt from beside these: of one image size, labelled alike."""
        return all(
            getattr(self.pairs, name).shape[1:] == getattr(new, name).shape[1:]
            for name in ("real", "state", "action")
        )

    def joined(self, new: "KeptPairs") -> "KeptPairs":
        """These and then the new ones, whose rollouts are counted on."""
        first = int(self.pairs.rollout.max(initial=-1)) + 1
        counted = replace(new.pairs, rollout=new.pairs.rollout + first)
        return KeptPairs(
            Pairs.concatenate([self.pairs, counted]),
            np.concatenate([self.is_held_out, new.is_held_out]),
        )


def with_those_before(
    student: OpenArtifact[StudentPolicy], new: KeptPairs
) -> tuple[KeptPairs, tuple[str, ...]]:
    """The pairs of the calibrations before, and then the new ones; what is left out is said."""
    before = KeptPairs.read(student)
    if before is None:
        return new, ()
    if before.fits(new.pairs):
        return before.joined(new), ()
    left_out = (
        f"{len(before.pairs)} pairs of the calibration before are left out: their images or labels "
        "are of another shape (teach, or another student's horizon)"
    )
    return new, (left_out,)
