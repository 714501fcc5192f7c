"""LeRobot's datasets, versions 3.0 and 2.1: Parquet, pictures within it or films beside it."""
