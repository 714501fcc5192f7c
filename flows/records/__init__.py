"""What a run writes down while it goes on: its name, its record, and what it stands on."""
