"""What lies in files: as people write them, made once for all runs, larger than memory."""
