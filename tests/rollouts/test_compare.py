"""Two policies from the same starts: pairs, the sequential test, an evaluation like any other."""

from dataclasses import replace

import numpy as np
import pytest

from flows.cli.policies.compare import RobotEvaluate
from flows.retraining.candidate import paired_outcomes
from tests.evaluate.fixtures import make_rollouts, make_student
from tests.sim.fixtures import make_sim
from tests.world.test_rollouts import recording
from xsim_core.artifacts import Evaluation
from xsim_core.errors import BadInputError
from xsim_core.promotion import decide
from xsim_core.rollouts import CompareRolloutsConfig
from xsim_core.sim.open import open_sim_world
from xsim_core.stage import run_stage
from xsim_core.stages import COMPARE_ROLLOUTS
from xsim_core.storage import ArtifactStore

from .recordings import header_of, step_at, write


def rollouts_of(store, outcomes, *, name, first_seed=0, **fields):
    """As many attempts, a row each."""
    n, whole = len(outcomes), recording()
    rows = np.arange(n) % len(whole.state)
    taken = {
        field: value[rows]
        for field, value in vars(whole).items()
        if isinstance(value, np.ndarray) and len(value) == len(whole.state)
    }
    episodes = replace(whole, **taken, episode_ends=np.arange(1, n + 1))
    outcome = np.array(outcomes, np.int8)
    return make_rollouts(
        store, episodes, outcome=outcome, first_seed=first_seed, name=name, **fields
    )


def compared(store, current, candidate):
    given = {"current": current, "candidate": candidate}
    return store.open(run_stage(COMPARE_ROLLOUTS, CompareRolloutsConfig(), store, given))


def test_pairs_are_of_one_start_and_the_test_is_that_of_the_nights():
    store = ArtifactStore("memory://")
    old, new = [0, 1, 0, -1, 1] * 6, [1, 1, 1, 1, 1] * 6
    made = compared(
        store,
        rollouts_of(store, old, name="a"),
        rollouts_of(store, new, name="b", first_seed=2),
    )
    # Seeds 2 to 29 in both, without the six of which nobody knows; seed s is new[s - 2].
    seeds = [s for s in range(2, 30) if old[s] >= 0]
    pairs = [bool(old[s]) for s in seeds], [bool(new[s - 2]) for s in seeds]
    said = decide(*pairs)
    assert said.action == "promote"
    figures = made.summary.figures
    assert figures["decided_after_pairs"] == said.num_pairs
    assert figures["promotion_real_gained"] == pairs[0].count(False)
    assert [(r.policy, r.domain, r.successes, r.trials) for r in made.summary.rates] == [
        ("current", "real", pairs[0].count(True), len(seeds)),
        ("candidate", "real", len(seeds), len(seeds)),
    ]
    # Whoever promotes by an evaluation reads this one too.
    assert paired_outcomes(store, made.ref) == pairs
    assert "promote, the candidate is" in made.notes[0]
    assert "were tried with one policy alone and are left out" in made.notes[1]
    assert "progress was not measured" in made.notes[2]
    assert made.summary.task == "push_block"
    assert made.ref.kind == Evaluation.kind


def test_what_cannot_be_compared_is_refused():
    store = ArtifactStore("memory://")
    some = rollouts_of(store, [1, 0], name="a")
    with pytest.raises(BadInputError, match="no start in common whose outcome is known"):
        compared(store, some, rollouts_of(store, [1, 1], name="b", first_seed=9))
    with pytest.raises(BadInputError, match=r"of task 'push_block' and .* of 'pick_place'"):
        compared(store, some, rollouts_of(store, [1], name="c", task="pick_place"))
    with pytest.raises(BadInputError, match=r"nobody said which rollouts of .* succeeded"):
        compared(store, some, make_rollouts(store, recording(), name="d"))


def test_two_folders_of_recordings_are_compared_by_the_command(tmp_path, monkeypatch, capsys):
    store = ArtifactStore((tmp_path / "store").as_uri())
    monkeypatch.setenv("XSIM_STORE", store.url)
    sim = make_sim(store)
    student = make_student(store, inputs={"sim": sim})
    header = header_of(open_sim_world(store.open(sim), tmp_path / "sim"), student)
    rows = [step_at(i) for i in range(3)]
    for which, outcome in (("a", "failure"), ("b", "success")):
        for seed in (1, 2):
            told = header | {"seed": seed}
            write(tmp_path / which / f"{seed}.rollout", told, rows, outcome=outcome)
    folders = str(tmp_path / "a"), str(tmp_path / "b")
    RobotEvaluate(current=folders[0], candidate=folders[1]).run()
    said = capsys.readouterr().out
    assert "current    0/2 succeed" in said
    assert "candidate  2/2 succeed" in said
    assert "note: sequential test after 2 pairs (2 won, 0 lost): continue, undecided" in said
    with pytest.raises(BadInputError, match="are not of a kind: two policies, or two folders"):
        RobotEvaluate(current=folders[0], candidate=str(student)).run()
    with pytest.raises(BadInputError, match="say where with --out FOLDER"):
        RobotEvaluate(current=str(student), candidate=str(student)).run()
    with pytest.raises(BadInputError, match="neither an image policy nor rollouts of one"):
        RobotEvaluate(current=str(sim), candidate=str(student)).run()
