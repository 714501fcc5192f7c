"""An episode: its start, its state, what a step leads to, and a moment that can be returned to."""
