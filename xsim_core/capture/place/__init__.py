"""Where the robot stands, as people have it: a board, tags, a matrix, or a guess on the table.

``spec.py`` says what ``capture.yaml`` takes, ``resolve.py`` makes of it what stages see.
"""
