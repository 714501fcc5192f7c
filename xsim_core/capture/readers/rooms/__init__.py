"""A room that somebody has reconstructed already, as flat Gaussians."""
