"""The Panda in the viewer's scene."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.files.cache import cache_folder
from xsim_core.geometry import matrix_to_quat_wxyz
from xsim_core.render.panda import low_poly_panda

from .panda_links import RobotLinks

if TYPE_CHECKING:
    import viser


@dataclass
class Robot:
    """One robot, added when it is first shown."""

    _links: RobotLinks | None = None
    _frames: dict[str, Any] = field(default_factory=dict)

    def show(self, server: "viser.ViserServer", qpos: NDArray[np.floating]) -> None:
        """Put the links where joints (9,) have them; radians, metres."""
        if self._links is None:
            self._links = RobotLinks.read(low_poly_panda(cache_folder()))
            self._add(server, self._links)
        poses = self._links.poses(np.asarray(qpos, np.float64))
        for name, frame in self._frames.items():
            T = poses[name]
            frame.wxyz, frame.position = matrix_to_quat_wxyz(T[:3, :3]), T[:3, 3]

    def _add(self, server: "viser.ViserServer", links: RobotLinks) -> None:
        import trimesh

        tm: Any = trimesh

        for link, visuals in links.visuals.items():
            if not visuals:
                continue
            self._frames[link] = server.scene.add_frame(f"/robot/{link}", show_axes=False)
            for k, (file, T_link_visual) in enumerate(visuals):
                scene = tm.load_scene(file)
                scene.apply_transform(T_link_visual)
                server.scene.add_glb(
                    f"/robot/{link}/{k}", tm.exchange.gltf.export_glb(scene, include_normals=True)
                )
