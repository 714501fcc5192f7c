"""What sees through cameras: backgrounds, domains, rendered episodes, policies in closed loop."""
