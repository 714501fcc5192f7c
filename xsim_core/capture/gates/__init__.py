"""What is asked of a capture before anything of it is stored, gate by gate."""
