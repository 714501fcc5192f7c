"""The tracker's inner loop in C++; its reference is the NumPy of the modules around it."""
