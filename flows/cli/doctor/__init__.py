"""``xsim doctor``: the command, and its checks."""
