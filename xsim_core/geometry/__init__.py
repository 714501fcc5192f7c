"""Rigid transforms, cameras and calibration boards.

Frames are named: ``T_world_cam`` maps camera coordinates to world coordinates, so that
``T_world_cam @ T_cam_object`` reads ``T_world_object``. World is the robot base, z up; cameras use
OpenCV axes (x right, y down, z forward); metres and radians; quaternions are wxyz.
"""

import lazy_loader

# __init__.pyi says what is here; it is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
