"""The command line ``xsim``, one module a group of commands."""
