from itertools import pairwise

import pytest
import torch

from xsim_core.policies.flow import LEVELS, FlowSchedule


def line(seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.rand((5, 8, 3), generator=g) * 2 - 1, torch.randn((5, 8, 3), generator=g)


@pytest.mark.parametrize("steps", [1, 2, 4, 10])
def test_whoever_knows_the_sample_reaches_it_in_any_number_of_steps(steps):
    sample, noise = line()
    asked = []

    def denoise(x, step):
        asked.append(float(step[0]))
        # Of the velocity towards one known sample, by where x is and how far there is to go.
        return (sample - x) / (step / LEVELS).reshape(-1, 1, 1)

    found = FlowSchedule(steps).sample(denoise, noise)
    torch.testing.assert_close(found, sample, rtol=1e-5, atol=1e-5)
    assert asked[0] == LEVELS
    assert len(asked) == steps
    assert all(a > b > 0 for a, b in pairwise(asked))


def test_the_line_begins_at_noise_ends_at_the_sample_and_is_straight():
    sample, noise = line()
    flow = FlowSchedule(1)
    at = {
        share: flow.add_noise(sample, noise, torch.full((5,), LEVELS * share))
        for share in (0.0, 0.25, 1.0)
    }
    torch.testing.assert_close(at[0.0], sample)
    torch.testing.assert_close(at[1.0], noise)
    torch.testing.assert_close(at[0.25] + 0.25 * flow.target(sample, noise), sample)


def test_levels_are_uniform_and_the_generators():
    draws = [FlowSchedule(2).draw(20_000, generator=torch.Generator().manual_seed(1)) for _ in "ab"]
    assert torch.equal(*draws)
    assert 0 <= draws[0].min() < 1 < 99 < draws[0].max() <= LEVELS
    assert draws[0].mean() == pytest.approx(LEVELS / 2, abs=1)


def test_one_step_answers_the_mean():
    """Of chunks that are a or b alike, a flow of one step with the best velocity is between."""
    a, b = torch.ones(1, 2, 1), -torch.ones(1, 2, 1)
    noise = torch.full((1, 2, 1), 0.3)
    found = FlowSchedule(1).sample(lambda x, _: ((a - x) + (b - x)) / 2, noise)
    torch.testing.assert_close(found, torch.zeros(1, 2, 1), atol=1e-6, rtol=0)


@pytest.mark.parametrize("steps", [1, 4, 10])
def test_what_is_known_is_reached_whatever_the_network_says(steps):
    sample, noise = line()
    values, _ = line(seed=1)
    weights = torch.zeros(8, 1)
    weights[:2] = 1.0
    found = FlowSchedule(steps).sample(
        lambda x, step: (sample - x) / (step / LEVELS).reshape(-1, 1, 1),
        noise,
        known=(values, weights),
    )
    torch.testing.assert_close(found[:, :2], values[:, :2], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found[:, 2:], sample[:, 2:], rtol=1e-5, atol=1e-5)
