import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler

from xsim_core.policies.ddim import DDIMSchedule, cosine_betas


@pytest.mark.parametrize("prediction", ["sample", "epsilon"])
@pytest.mark.parametrize(("train", "inference"), [(50, 10), (100, 10), (64, 8), (50, 50)])
def test_sampler_agrees_with_diffusers(prediction, train, inference):
    ours = DDIMSchedule.create(train, inference, prediction)
    theirs = DDIMScheduler(
        num_train_timesteps=train, beta_schedule="squaredcos_cap_v2", clip_sample=True,
        set_alpha_to_one=True, prediction_type=prediction, timestep_spacing="trailing",
    )  # fmt: skip
    theirs.set_timesteps(inference)
    assert ours.timesteps == theirs.timesteps.tolist()
    generator = torch.Generator().manual_seed(0)
    x = y = torch.randn((3, 8, 2), generator=generator)
    for step in ours.timesteps:
        output = 0.5 * torch.randn(x.shape, generator=generator)
        x = ours.step_back(output, step, x)
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
        ours.add_noise(sample, noise, step), theirs.add_noise(sample, noise, step),
        rtol=1e-4, atol=1e-5,
    )  # fmt: skip


@pytest.mark.parametrize("prediction", ["sample", "epsilon"])
def test_a_perfect_denoiser_recovers_the_sample(prediction):
    schedule = DDIMSchedule.create(50, 10, prediction)
    truth = torch.linspace(-0.9, 0.9, 24).reshape(1, 8, 3)

    def denoise(noisy, step):
        bar = schedule.alphas_cumprod[step].reshape(-1, 1, 1)
        return truth if prediction == "sample" else (noisy - bar.sqrt() * truth) / (1 - bar).sqrt()

    noise = torch.randn((1, 8, 3), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(schedule.sample(denoise, noise), truth, atol=1e-3, rtol=0)
