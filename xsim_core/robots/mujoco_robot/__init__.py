"""A robot simulated by MuJoCo: other physics, other light, another controller than in training."""
