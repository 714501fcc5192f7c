"""RGB-D videos as folders: the layouts in which datasets and trackers keep them."""
