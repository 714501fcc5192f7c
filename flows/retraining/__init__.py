"""Every night: a policy trained anew for each capture, compared with the current one, promoted."""
