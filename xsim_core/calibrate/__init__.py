"""Calibration: align what the student's encoder sees in reality and in simulation."""

from .calibrate import CalibrateConfig, calibrate_student

__all__ = ["CalibrateConfig", "calibrate_student"]
