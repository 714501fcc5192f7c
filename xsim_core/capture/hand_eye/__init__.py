"""Hand-eye calibration: where a camera sits on a robot's hand, or stands before its base.

``calibrate.py`` goes from a folder of pictures and robot poses to a matrix; ``solve.py`` from
matrices to it.
"""
