"""Photos of the room to metric camera poses in the robot-base frame."""

from .scan import ScanConfig, solve_scan

__all__ = ["ScanConfig", "solve_scan"]
