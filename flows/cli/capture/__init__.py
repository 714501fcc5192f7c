"""``xsim capture``: made, recognised, checked, calibrated and brought into the store."""
