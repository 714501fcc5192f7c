"""How students that were sent out are told, and judged."""

from tests.benchmarks.students.dagger_table import compare, dagger_table


def tried(arm, training, sim, world, **more):
    return {"arm": arm, "training": training, "sim": sim, "world": world, "miss": 0.5, **more}


def test_students_are_compared_on_the_trainings_that_both_have():
    results = [
        tried("plain", 0, [0] * 6 + [1], [0] * 4),
        tried("plain", 1, [1] * 7, [1] * 4),
        tried("DAgger", 0, [1] * 6 + [0], [1] * 4, cpu_s=700.4),
    ]
    compared = compare(results, "plain", "DAgger")
    assert compared["trainings"] == [0]
    assert compared["gained"] == {"sim": 6, "world": 4}
    assert compared["lost"] == {"sim": 1, "world": 0}
    assert compared["helps"]
    rows = dagger_table(results).splitlines()
    assert rows[-1].startswith("| DAgger | 1 | 700 | 0.500 | 6/7, ")
    assert rows[-1].endswith("| against *plain*: sim +6 −1, world +4 −0; p = 0.012 |")
    assert "| plain | 2 | – | 0.500 | 8/14 (1 + 7)," in rows[-2]


def test_what_is_better_in_one_place_and_worse_in_the_other_does_not_help():
    results = [
        tried("plain", 0, [0] * 12, [1, 0]),
        tried("DAgger", 0, [1] * 12, [0, 0]),
    ]
    compared = compare(results, "plain", "DAgger")
    assert compared["p"] < 0.05
    assert not compared["helps"]
    assert compare(results, "further", "DAgger") is None
