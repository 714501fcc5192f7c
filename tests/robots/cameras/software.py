"""A RealSense of librealsense's own: its software device, to which pictures are handed."""

import threading
import time

import numpy as np

from xsim_core.capture.librealsense import load_librealsense

K = np.array([[150.0, 0, 79.5], [0, 150, 59.5], [0, 0, 1]])


class SoftwareRealSense:
    """Colour and depth streams of one size; depth may lie beside colour, the lens may bend."""

    def __init__(
        self, *, wh=(160, 120), K=K, beside_m=0.0, coefficients=(), has_depth=True, unit_m=0.001
    ):
        self.rs = rs = load_librealsense()
        self.device, self.wh, self.unit_m = rs.software_device(), wh, unit_m
        self.device.register_info(rs.camera_info.serial_number, "0042")
        self._sensors, self._profiles = {}, {}
        self._K, self._coefficients, self._number = K, coefficients, 0
        if has_depth:
            self._add("Depth", rs.stream.depth, 0, rs.format.z16, 2)
            self._sensors["Depth"].add_read_only_option(rs.option.depth_units, unit_m)
        self._add("Color", rs.stream.color, 1, rs.format.rgb8, 3)
        if has_depth:
            place = rs.extrinsics()
            place.rotation, place.translation = np.eye(3).ravel().tolist(), [beside_m, 0.0, 0.0]
            self._profiles["Depth"].register_extrinsics_to(self._profiles["Color"], place)

    def _add(self, name, kind, uid, form, bpp):
        rs, K = self.rs, self._K
        i, stream = rs.intrinsics(), rs.video_stream()
        i.width, i.height = self.wh
        i.fx, i.fy, i.ppx, i.ppy = K[0, 0], K[1, 1], K[0, 2], K[1, 2]
        bends = name == "Color" and self._coefficients
        i.model = rs.distortion.brown_conrady if bends else rs.distortion.none
        i.coeffs = list(self._coefficients) if bends else [0.0] * 5
        stream.type, stream.index, stream.uid, stream.fmt = kind, 0, uid, form
        stream.width, stream.height, stream.fps, stream.bpp = *self.wh, 30, bpp
        stream.intrinsics = i
        self._sensors[name] = self.device.add_sensor(name)
        self._profiles[name] = self._sensors[name].add_video_stream(stream)

    def show(self, rgb, depth=None, *, time_s=None, depth_time_s=None, domain="hardware_clock"):
        """One picture of each stream."""
        time_s = time.monotonic() if time_s is None else time_s
        if depth is not None:
            at_s = time_s if depth_time_s is None else depth_time_s
            self._send("Depth", depth, 2, at_s, domain)
        self._send("Color", rgb, 3, time_s, domain)
        self._number += 1

    def _send(self, name, image, bpp, time_s, domain):
        frame = self.rs.software_video_frame()
        frame.pixels = np.ascontiguousarray(image)
        frame.bpp, frame.stride = bpp, image.shape[1] * bpp
        frame.timestamp, frame.frame_number = 1000 * time_s, self._number
        frame.domain = getattr(self.rs.timestamp_domain, domain)
        frame.profile = self._profiles[name].as_video_stream_profile()
        if bpp == 2:
            frame.depth_units = self.unit_m
        self._sensors[name].on_video_frame(frame)


class Film(threading.Thread):
    """Shows pictures again and again until it is stopped."""

    def __init__(self, show, period_s=0.03):
        super().__init__(daemon=True)
        self._show, self._period_s, self._ended = show, period_s, threading.Event()
        self.start()

    def run(self):
        while not self._ended.wait(self._period_s):
            self._show()

    def stop(self):
        self._ended.set()
        self.join(5)
