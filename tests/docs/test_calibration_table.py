"""tests/benchmarks/students/calibration_table.py: how compared calibrations are told."""

from tests.benchmarks.students.calibration_table import calibration_table


def test_the_table_pairs_trials_with_those_before_in_the_same_world():
    def tried(arm, world, success, **more):
        return {"student": "a", "arm": arm, "world": world, "success": success, **more}

    results = [
        tried("uncalibrated", None, [1, 0, 0, 1], sim=[1, 1]),
        tried("new", None, [1, 1, 1, 0], sim=[1, 0], error_before=0.5, error_after=0.25),
        *(tried("uncalibrated", k, [0, 1]) for k in (0, 1)),
        *(tried("new", k, [1, 1]) for k in (0, 1)),
    ]
    lines = calibration_table(results).splitlines()
    assert lines[2].endswith("| 2/4 (0.15–0.85) | 2/2 (0.34–1.00) |")
    assert "| 0.500 → 0.250 |" in lines[3]
    assert "3/4 (0.30–0.95); 2 gained, 1 lost, p = 1.00" in lines[3]
    assert "0 gained, 1 lost" in lines[3]
    assert "new, 2 drawn worlds, 2 trials each: 2 → 4 of 4, difference +0.50" in lines[-1]
