"""What every task shares: carrying a stage out here or on another pool, and showing it."""
