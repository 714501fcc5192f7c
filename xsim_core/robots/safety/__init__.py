"""The safety layer that lies before every driver: limits, motion within them, who may move."""
