"""Recordings of cameras: RealSense files and ROS bags, as streams that are paired and aligned."""
