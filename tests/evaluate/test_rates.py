import io

import numpy as np
import pytest
from PIL import Image

from xsim_core.errors import BadInputError
from xsim_core.evaluate.rates import Trials, comparison, rate_figures, rate_plot


def trials(policy, success, domain="real"):
    success = np.array(success, bool)
    return Trials(policy, domain, success, success.astype(np.float32), [])


def test_a_rate_carries_its_interval():
    rate = trials("student", [1] * 8 + [0] * 2).rate()
    # Wilson's interval of 8 of 10, as in Brown, Cai & DasGupta 2001 (formula 4).
    assert (rate.low, rate.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert (rate.successes, rate.trials) == (8, 10)
    assert rate_figures([rate])["student_real_success"] == 0.8


def test_paired_comparison_counts_what_changed():
    before, after = trials("student", [1, 0, 0, 0, 0, 0, 1]), trials("calibrated", [1] * 7)
    figures = comparison(before, after)
    assert (figures["gained"], figures["lost"]) == (5, 0)
    assert figures["mcnemar_p"] == pytest.approx(2 / 2**5)
    assert figures["success_difference"] == pytest.approx(5 / 7)


def test_unpaired_trials_are_refused():
    with pytest.raises(BadInputError, match="not paired"):
        comparison(trials("student", [1]), trials("calibrated", [1, 0]))


def test_the_bar_plot_is_a_picture():
    rates = [
        trials(p, [1, 0, 1], d).rate() for p in ("teacher", "student") for d in ("sim", "real")
    ]
    assert Image.open(io.BytesIO(rate_plot(rates))).width > 200


def test_in_worlds_the_worlds_are_what_is_counted():
    before = trials("student", np.repeat([1, 1, 0, 0, 0, 0], 3).reshape(6, 3), "worlds")
    after = trials("calibrated", np.repeat([1, 1, 1, 1, 1, 0], 3).reshape(6, 3), "worlds")
    rate = after.rate()
    assert (rate.successes, rate.trials) == (15, 18)
    assert rate.high - rate.low > 0.5  # Six worlds, not eighteen trials.
    figures = comparison(before, after)
    assert (figures["gained"], figures["lost"]) == (9, 0)
    assert figures["sign_flip_p"] == pytest.approx(2 / 2**3)
    assert figures["success_difference"] == pytest.approx(0.5)
    assert figures["success_difference_low"] < 0.5 < figures["success_difference_high"]
