"""The gates that a capture passes when it is taken in: run once, told where somebody looks on."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from xsim_core.config import FrozenModel
from xsim_core.errors import XSimError


class GateResult(FrozenModel):
    """What one gate said."""

    gate: str
    status: Literal["ok", "warning", "refused", "not reached"]
    found: str = ""
    """What was measured, in words and numbers; of a refusal what is wrong and the mend."""
    notes: tuple[str, ...] = ()
    """What was guessed, dropped, mended, or does not agree well."""


@dataclass
class Gate:
    """One gate while it is passed."""

    name: str
    found: str = ""


@dataclass
class Gates:
    """Remembers what each gate said; a refusal goes through it as it is."""

    goes_on: bool = False
    """Whether the gates that can do without what was refused are looked at as well."""
    results: list[GateResult] = field(default_factory=list)

    @contextmanager
    def gate(self, name: str, notes: list[str]) -> Generator[Gate]:
        """A gate: what the block appends to ``notes`` is its own, what it raises its refusal."""
        gate, before = Gate(name), len(notes)
        try:
            yield gate
        except XSimError as error:
            self._keep(gate, "refused", str(error), notes[before:])
            raise
        self._keep(gate, "warning" if notes[before:] else "ok", gate.found, notes[before:])

    @contextmanager
    def part(self) -> Generator[None]:
        """Gates that build on each other: after a refusal the rest of the block is left out."""
        try:
            yield
        except XSimError:
            if not self.goes_on:
                raise

    def not_reached(self, name: str, lacking: str) -> None:
        """Say that a gate could not be tried."""
        self.results.append(GateResult(gate=name, status="not reached", found=lacking))

    @property
    def refused(self) -> list[GateResult]:
        """Those that let nothing through."""
        return [result for result in self.results if result.status == "refused"]

    def _keep(
        self, gate: Gate, status: Literal["ok", "warning", "refused"], found: str, said: list[str]
    ) -> None:
        result = GateResult(gate=gate.name, status=status, found=found, notes=tuple(said))
        self.results.append(result)
