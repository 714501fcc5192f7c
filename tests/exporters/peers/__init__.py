"""What peers' own loaders make of our files. Each script runs in that peer's environment."""
