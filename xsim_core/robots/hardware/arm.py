"""What all arms that can be bought have in common: targets are streamed, fingers come after."""

from xsim_core.robots.driver import RobotLostError, TcpTarget

from .hand import Hand
from .sender import Sender


class HardwareArm:
    """The half of a ``RobotDriver`` that names no make; ``connect`` of a make sets both parts."""

    def __init__(self, called: str) -> None:
        """Begin without a link.

        Args:
            called: what people call it, such as ``the UR at 10.0.0.2``.
        """
        self._called = called
        self._sender: Sender | None = None
        self._hand: Hand | None = None

    def command(self, target: TcpTarget) -> None:
        """As ``RobotDriver`` has it."""
        self._live().put(target)
        if self._hand is not None:
            self._hand.want(target.gripper_m)

    def stop(self) -> None:
        """As ``RobotDriver`` has it."""
        if self._sender is not None:
            self._sender.halt()

    def close(self) -> None:
        """As ``RobotDriver`` has it."""
        if self._hand is not None:
            self._hand.close()
        if self._sender is not None:
            self._sender.close()
        self._sender = self._hand = None
        self._let_go()

    def _let_go(self) -> None:
        """Give up the make's own links, those that there are."""
        raise NotImplementedError

    def _check(self) -> None:
        """Nothing while arm and hand take what is sent.

        Raises:
            RobotLostError: when one of them does not, or nothing is connected.
        """
        self._live().check()
        if self._hand is not None and self._hand.problem is not None:
            raise RobotLostError(self._hand.problem)

    def _opening_m(self) -> float:
        """Of the fingers; 0 where there are none."""
        return 0.0 if self._hand is None else self._hand.opening_m

    def _live(self) -> Sender:
        if self._sender is None:
            raise RobotLostError(f"{self._called} is not connected.")
        return self._sender
