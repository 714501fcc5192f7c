"""An arm and a camera beside it as one robot."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.robots.driver import Observation, RobotDriver, RobotInfo, RobotLostError, TcpTarget

from .camera import Camera, CameraLostError


class ArmWithCamera:
    """A driver whose states are an arm's and whose pictures are a camera's.

    Both keep their own time; each is told on this machine's clock, so that a picture is laid beside
    the state that was measured when it was taken.
    """

    def __init__(self, arm: RobotDriver, camera: Camera, T_world_cam: NDArray[np.float64]) -> None:
        """Bring both together; nothing is connected yet.

        Args:
            arm: a driver without a camera.
            camera: that stands still.
            T_world_cam: (4, 4) where it stands, as calibrated.
        """
        self.name = arm.name
        self._arm, self._camera, self._T_world_cam = arm, camera, T_world_cam

    def connect(self) -> RobotInfo:
        """The camera first: without it the arm is not touched.

        Raises:
            BadInputError: for an arm that has pictures of its own.
        """
        try:
            seen = self._camera.connect()
            info = self._arm.connect()
            if info.camera is not None:
                raise BadInputError(
                    f"{self.name} has a camera of its own: leave out --camera {self._camera.name}."
                )
        except CameraLostError as error:
            self.close()
            raise RobotLostError(str(error)) from error
        except BaseException:
            self.close()
            raise
        return replace(
            info, camera=seen.camera, T_world_cam=self._T_world_cam, picture_times=seen.times
        )

    def observe(self) -> Observation:
        """As ``RobotDriver`` has it; a camera that is lost is a robot that is."""
        try:
            return Observation(self._arm.observe().state, self._camera.frame())
        except CameraLostError as error:
            raise RobotLostError(str(error)) from error

    def command(self, target: TcpTarget) -> None:
        """As ``RobotDriver`` has it."""
        self._arm.command(target)

    def stop(self) -> None:
        """As ``RobotDriver`` has it."""
        self._arm.stop()

    def close(self) -> None:
        """As ``RobotDriver`` has it."""
        try:
            self._arm.close()
        finally:
            self._camera.close()
