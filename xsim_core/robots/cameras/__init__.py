"""Cameras that stand beside an arm, and the arm with one as a robot that a policy acts on."""
