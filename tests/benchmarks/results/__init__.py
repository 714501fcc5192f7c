"""What documents show of measurements, made from the kept figures: ``make results``."""
