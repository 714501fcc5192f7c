"""xsim_core/calibrate/kept.py: what a calibration leaves to the one after it."""

from dataclasses import replace

import numpy as np

from tests.calibrate.test_finetune import toy_pairs
from xsim_core.calibrate.kept import KeptPairs


def kept(num_rollouts, held_out):
    pairs = toy_pairs(num_rollouts, is_taught=True)
    return KeptPairs(pairs, pairs.rollout >= num_rollouts - held_out)


def test_new_pairs_come_after_the_old_ones_and_of_other_rollouts():
    joined = kept(3, 1).joined(kept(2, 1))
    assert len(joined.pairs) == len(kept(3, 1).pairs) + len(kept(2, 1).pairs)
    assert sorted(set(joined.pairs.rollout)) == [0, 1, 2, 3, 4]
    assert set(joined.judged.rollout) == {2, 4}
    assert set(joined.learnt.rollout) == {0, 1, 3}
    again = joined.joined(kept(1, 0))
    assert set(again.pairs.rollout) == set(range(6))


def test_pairs_of_another_shape_do_not_fit():
    old, new = kept(2, 1), toy_pairs(2, is_taught=True)
    assert old.fits(new)
    assert not old.fits(toy_pairs(2))
    assert not old.fits(replace(new, real=new.real[:, :-1], sim=new.sim[:, :-1]))


def test_none_that_were_kept_leave_the_new_ones_as_they_are():
    nothing = kept(2, 1)
    nothing = KeptPairs(nothing.pairs.take(np.zeros(len(nothing.pairs), bool)), np.zeros(0, bool))
    joined = nothing.joined(kept(2, 1))
    assert set(joined.pairs.rollout) == {0, 1}
