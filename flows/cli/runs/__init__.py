"""Commands about runs: what starts one, and what is made of a finished one for people."""
