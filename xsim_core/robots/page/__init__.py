"""What a session on a robot shows in the browser, and what is pressed there."""
