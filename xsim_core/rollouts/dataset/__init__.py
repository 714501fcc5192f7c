"""Rollouts of a robot in a LeRobot dataset, read and held against what they are to be used for."""
