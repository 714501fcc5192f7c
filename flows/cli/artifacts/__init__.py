"""Commands about artifacts: looked at, kept or let go, and handed to other tools."""
