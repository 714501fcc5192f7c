"""Which rungs there are: from simulation to the world and back, one part of the difference a rung.

Forwards a part is put into the simulation as it is in the world; backwards it is put back into the
world as it was in simulation, in the same order. So each part is measured twice: where the parts
before it are the world's and those after it the simulation's, and the other way round. The two
agree where parts do not depend on each other.
"""

from collections.abc import Sequence

from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError, UnknownNameError

from .config import FACTOR_NAMES, MEANINGS, FactorName

REST = "the rest"
"""The part that holds what was not asked for, so that a ladder always ends in the world."""


class Part(FrozenModel):
    """What changes together from one rung to the next."""

    name: str
    factors: tuple[FactorName, ...]

    @property
    def what(self) -> str:
        """In words."""
        return "; ".join(MEANINGS[name] for name in self.factors)


class Rung(FrozenModel):
    """A place between simulation and world."""

    title: str
    factors: tuple[FactorName, ...]
    """What is as in the world, in the ladder's order."""


class Ladder(FrozenModel):
    """Parts in the order in which they are gone through."""

    parts: tuple[Part, ...]

    def forwards(self) -> list[Rung]:
        """Simulation first, the world last: one more than there are parts."""
        titles = ["simulation", *(f"+ {part.name}" for part in self.parts)]
        return [self._rung(title, self.parts[:k]) for k, title in enumerate(titles)]

    def backwards(self) -> list[Rung]:
        """The world first, simulation last: one more than there are parts."""
        titles = ["the world", *(f"− {part.name}" for part in self.parts)]
        return [self._rung(title, self.parts[k:]) for k, title in enumerate(titles)]

    def rungs(self) -> list[Rung]:
        """Each place once: the last of either way is the first of the other."""
        return [*self.forwards(), *self.backwards()[1:-1]]

    def _rung(self, title: str, parts: Sequence[Part]) -> Rung:
        of_world = {name for part in parts for name in part.factors}
        return Rung(title=title, factors=tuple(n for n in FACTOR_NAMES if n in of_world))


def ladder_of(differing: Sequence[FactorName], asked: Sequence[str] = ()) -> Ladder:
    """The ladder over what differs, or over what is asked for and all the rest as one part.

    Args:
        differing: from ``factors.differing``.
        asked: factors in the order in which they shall be gone through; all of them when empty.

    Raises:
        UnknownNameError: when one is asked for that does not exist.
        BadInputError: when nothing differs, or not in what is asked for, or one is named twice.
    """
    if not differing:
        raise BadInputError(
            "the world to deploy into differs in nothing from the simulation: there is no gap to "
            "take apart."
        )
    for name in asked:
        if name not in MEANINGS:
            raise UnknownNameError("rung", name, MEANINGS)
    if len(set(asked)) < len(asked):
        raise BadInputError(f"--rungs names one twice: {', '.join(asked)}.")
    if alike := [name for name in asked if name not in differing]:
        raise BadInputError(
            f"simulation and world do not differ in {', '.join(alike)}. They do in "
            f"{', '.join(differing)}."
        )
    order: list[FactorName] = [n for a in asked for n in differing if n == a] or [*differing]
    rest: tuple[FactorName, ...] = tuple(name for name in differing if name not in order)
    parts = [Part(name=name, factors=(name,)) for name in order]
    return Ladder(parts=(*parts, *([Part(name=REST, factors=rest)] if rest else [])))
