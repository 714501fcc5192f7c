"""What a lab brings: a film of a block behind two tags, its mesh, photos; under any names."""

import json

import numpy as np
from PIL import Image

from tests.capture.place.films import film, video_of
from tests.tracking.scenes import T_WORLD_CAM
from xsim_core.capture.formats import write_rgbd_folder
from xsim_core.geometry import inverse_se3


def lab_folder(root, *, mask=True, poses=False, photos=True, camera=None):
    """Write one; ``camera`` is the name of a file that gets the matrix, inverted if it says so."""
    made = film()
    write_rgbd_folder(root / "session 3" / "take1", video_of(made))
    made.mesh.write_obj(root / "assets" / "red_block")
    if photos:
        (root / "phone").mkdir()
        for k in range(3):
            Image.fromarray(made.rgb[k]).save(root / "phone" / f"IMG_{k}.jpg")
    if mask:
        left, top, right, bottom = (round(v) for v in made.box)
        values = np.zeros(made.rgb.shape[1:3], np.uint8)
        values[top:bottom, left:right] = 255
        (root / "session 3" / "masks").mkdir()
        Image.fromarray(values).save(root / "session 3" / "masks" / "000000.png")
    if poses:
        T = inverse_se3(made.T_world_cam) @ made.T_world_object
        (root / "track.json").write_text(json.dumps({"T_cam_object": T.tolist()}))
    if camera is not None:
        T = inverse_se3(T_WORLD_CAM) if "base2cam" in camera else T_WORLD_CAM
        np.savetxt(root / camera, T)
    return root
