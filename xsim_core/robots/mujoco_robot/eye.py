"""The robot's camera: MuJoCo's own renderer, and what a cheap sensor makes of its picture."""

import os
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import MissingDependencyError
from xsim_core.render.sensor import SensorSpec

from .scene import Eye as EyeSpec

MAX_GEOMS = 2000


class Camera:
    """Renders one camera of a model. Belongs to the thread that made it, as its context does."""

    def __init__(self, model: mujoco.MjModel, eye: EyeSpec, *, seed: int) -> None:
        """Open the renderer.

        Raises:
            MissingDependencyError: where there is no OpenGL without a screen.
        """
        camera = eye.camera
        self._model, self._data = model, mujoco.MjData(model)
        self._context, self._gl = _open_context(model, camera.width, camera.height)
        self._sensor = SensorSpec(noise_std=eye.noise_std, depth_noise_m=eye.depth_noise_m)
        self._rng = np.random.default_rng([seed, 0xE7E])
        self._scene, self._options = mujoco.MjvScene(model, MAX_GEOMS), mujoco.MjvOption()
        self._options.geomgroup[:] = [1, 1, 0, 0, 0, 0]
        self._view = mujoco.MjvCamera()
        self._view.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._view.fixedcamid = model.camera("eye").id
        self._rect = mujoco.MjrRect(0, 0, camera.width, camera.height)

    def picture(self, qpos: NDArray[np.float64]) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
        """Colour (h, w, 3) and depth in millimetres (h, w) of this configuration of everything."""
        rgb, depth_m = self.render(qpos)
        gain = np.ones(3, np.float32)
        return self._sensor.apply(rgb, gain, self._rng), self._sensor.apply_depth(
            depth_m, self._rng
        )

    def render(self, qpos: NDArray[np.float64]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The picture without a sensor's faults; depth in metres."""
        self._data.qpos[:] = qpos
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)
        category = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(
            self._model, self._data, self._options, None, self._view, category.value, self._scene
        )
        mujoco.mjr_render(self._rect, self._scene, self._context)
        height, width = self._rect.height, self._rect.width
        rgb, depth = np.empty((height, width, 3), np.uint8), np.empty((height, width), np.float32)
        mujoco.mjr_readPixels(rgb, depth, self._rect, self._context)
        return rgb[::-1].copy(), self._metres(depth[::-1])

    def _metres(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """z-depth of OpenGL's buffer."""
        extent, of = self._model.stat.extent, self._model.vis.map
        near, far = of.znear * extent, of.zfar * extent
        # float32 holds the far end of the buffer badly: computed in float64.
        z = near / (1 - depth.astype(np.float64) * (1 - near / far))
        return np.where(z < 0.999 * far, z, 0).astype(np.float32)

    def close(self) -> None:
        """Let go of the context."""
        self._context.free()
        self._gl.free()


def _open_context(model: mujoco.MjModel, width: int, height: int) -> tuple[Any, Any]:
    """A context that draws without a screen, and the window system's part of it."""
    try:
        # MuJoCo chooses by MUJOCO_GL, and by default wants a screen.
        if os.environ.get("MUJOCO_GL", "egl") == "osmesa":
            from mujoco.osmesa import GLContext
        else:
            os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
            from mujoco.egl import GLContext
        gl: Any = GLContext(width, height)
        gl.make_current()
        context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
    except (ImportError, AttributeError, RuntimeError, mujoco.FatalError) as error:
        raise MissingDependencyError(
            f"MuJoCo cannot draw without a screen here ({str(error)[:200]}): it needs EGL. On "
            "Debian: apt install libegl1 libgl1-mesa-dri."
        ) from error
    return context, gl
