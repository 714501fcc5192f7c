import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from pydantic import ValidationError

from xsim_core.errors import BadInputError
from xsim_core.policies.config import StudentArchitecture
from xsim_core.policies.ddim import DDIMSchedule, cosine_betas


@pytest.mark.parametrize("prediction", ["sample", "epsilon"])
@pytest.mark.parametrize(("train", "inference"), [(50, 10), (100, 10), (64, 8), (50, 50)])
def test_sampler_agrees_with_diffusers_where_the_steps_divide(prediction, train, inference):
    ours = DDIMSchedule.create(train, inference, prediction)
    theirs = DDIMScheduler(
        num_train_timesteps=train,
        beta_schedule="squaredcos_cap_v2",
        clip_sample=True,
        set_alpha_to_one=True,
        prediction_type=prediction,
        timestep_spacing="trailing",
    )
    theirs.set_timesteps(inference)
    assert ours.timesteps == theirs.timesteps.tolist()
    generator = torch.Generator().manual_seed(0)
    x = y = torch.randn((3, 8, 2), generator=generator)
    for step, to in zip(ours.timesteps, [*ours.timesteps[1:], None], strict=True):
        output = 0.5 * torch.randn(x.shape, generator=generator)
        x = ours.step_back(output, x, step=step, to=to)
        y = theirs.step(output, step, y, eta=0.0).prev_sample
        # float32 in both, other order of products; epsilon divides by a small sqrt(bar).
        torch.testing.assert_close(x, y, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("train", [10, 50, 100])
def test_betas_and_noising_agree_with_diffusers(train):
    theirs = DDIMScheduler(num_train_timesteps=train, beta_schedule="squaredcos_cap_v2")
    np.testing.assert_allclose(cosine_betas(train), theirs.betas, rtol=1e-5)
    sample, noise = torch.randn(4, 8, 3), torch.randn(4, 8, 3)
    step = torch.tensor([0, 1, train // 2, train - 1])
    ours = DDIMSchedule.create(train, train, "epsilon")
    torch.testing.assert_close(
        ours.add_noise(sample, noise, step),
        theirs.add_noise(sample, noise, step),
        rtol=1e-4,
        atol=1e-5,
    )


def sampled_perfectly(prediction, train, inference):
    """A sample, and what the sampler makes of noise with a denoiser that knows the sample."""
    schedule = DDIMSchedule.create(train, inference, prediction)
    truth = torch.linspace(-0.9, 0.9, 24, dtype=torch.float64).reshape(1, 8, 3)

    def denoise(noisy, step):
        bar = schedule.alphas_cumprod[step].double().reshape(-1, 1, 1)
        return truth if prediction == "sample" else (noisy - bar.sqrt() * truth) / (1 - bar).sqrt()

    noise = torch.randn((1, 8, 3), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return truth, schedule.sample(denoise, noise)


@pytest.mark.parametrize("prediction", ["sample", "epsilon"])
@pytest.mark.parametrize("train", [1, 2, 3, 7, 50, 100])
def test_a_perfect_denoiser_recovers_the_sample_in_any_number_of_steps(prediction, train):
    for inference in range(1, train + 1):
        truth, found = sampled_perfectly(prediction, train, inference)
        # The schedule's levels are float32.
        assert float((found - truth).abs().max()) < 2e-3, inference


@pytest.mark.parametrize("train", [*range(1, 60), 100, 1000])
def test_steps_go_from_pure_noise_to_lower_levels_each(train):
    for inference in range(1, train + 1):
        steps = DDIMSchedule.create(train, inference, "sample").timesteps
        assert len(steps) == inference
        assert steps[0] == train - 1
        assert all(a > b for a, b in zip(steps, [*steps[1:], -1], strict=True)), (train, inference)


@pytest.mark.parametrize(("train", "inference"), [(50, 0), (50, 51), (50, -1), (0, 1)])
def test_steps_that_cannot_be_are_refused(train, inference):
    with pytest.raises(BadInputError, match="sampling steps"):
        DDIMSchedule.create(train, inference, "sample")
    with pytest.raises(ValidationError, match=r"sampling steps|greater than or equal to 1"):
        StudentArchitecture(num_diffusion_steps=train, num_inference_steps=inference)
