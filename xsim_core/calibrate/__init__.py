"""Calibration: align what the student's encoder sees in reality and in simulation."""
