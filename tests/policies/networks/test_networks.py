"""Every network of the student keeps one contract, whatever it learns."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from tests.policies.toy import toy_episodes
from xsim_core.errors import BadInputError, TrainingDivergedError
from xsim_core.exporters.onnx_file import ChunkModule, example
from xsim_core.policies import (
    AugmentConfig,
    Batch,
    ChunkSampler,
    Episodes,
    MinMaxNormalizer,
    OptimConfig,
    Student,
    StudentArchitecture,
    Trainer,
    build_net,
    cloning_loss,
    objective_of,
)
from xsim_core.policies.fitting import fit, new_net, torch_threads
from xsim_core.policies.networks import resnet
from xsim_core.policies.networks.unet import ShortConv
from xsim_core.policies.student import state_arrays
from xsim_core.serving.answers import PolicyAnswers

META = torch.device("meta")
SIZES = {"image_hw": (40, 48), "state_dim": 2, "action_dim": 2, "num_inference_steps": 3}
NETWORKS = {
    "small": {
        "channels": (8, 8, 8), "embed_dim": 16, "denoiser_width": 16, "denoiser_blocks": 1,
        "head_channels": 4,
    },
    "unet": {
        "unet": {
            "down_dims": (8, 16), "diffusion_step_embed_dim": 8, "spatial_softmax_num_keypoints": 4
        }
    },
    "transformer": {
        "channels": (8, 8, 8), "embed_dim": 16, "head_channels": 4,
        "transformer": {"width": 16, "depth": 2, "num_heads": 2},
    },
}  # fmt: skip
OBJECTIVES = {
    "sample": {"num_diffusion_steps": 9},
    "epsilon": {"num_diffusion_steps": 9, "prediction": "epsilon"},
    "flow": {"objective": "flow"},
}


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    """A ResNet of the same layers with few channels: eleven million weights take seconds a step."""
    monkeypatch.setattr(resnet, "WIDTHS", (16, 16, 16, 32))


every_network = pytest.mark.parametrize("network", list(NETWORKS))
# Each network, and each objective with networks that take noise levels each in their own way.
every_kind = pytest.mark.parametrize(
    ("network", "objective"),
    [("small", "flow"), ("unet", "sample"), ("unet", "flow"), ("transformer", "epsilon")],
)


def architecture_of(network, objective="flow", **more):
    return StudentArchitecture(**SIZES, **NETWORKS[network], **OBJECTIVES[objective], **more)


def student_of(architecture, seed=3):
    rng, a = np.random.default_rng(1), architecture
    net = new_net(a, seed=seed)
    if a.network == "transformer":  # Its last layer begins at zero, which would hide the rest.
        with torch.no_grad():
            for name, value in net.denoiser.named_parameters():
                if value.count_nonzero() == 0:
                    value += 0.1 * torch.sin(torch.arange(value.numel()) + len(name)).reshape(
                        value.shape
                    )
    ranges = [MinMaxNormalizer.fit(rng.normal(0, 3, (9, d))) for d in (a.state_dim, a.action_dim)]
    return Student(net, *ranges)


def batch_of(architecture, b=4):
    a, g = architecture, torch.Generator().manual_seed(0)
    to = a.n_obs_steps
    return Batch(
        torch.rand((b, to, 3, *a.image_hw), generator=g) - 0.5,
        torch.rand((b, to, a.state_dim), generator=g),
        torch.rand((b, a.horizon, a.action_dim), generator=g) * 2 - 1,
        torch.ones(b, a.horizon),
    )


@every_kind
def test_shapes(network, objective):
    student = student_of(architecture_of(network, objective, n_obs_steps=2))
    a, batch = student.architecture, batch_of(student.architecture)
    condition = student.net.condition(batch.rgb, batch.state)
    step = objective_of(a).draw(4, generator=torch.Generator().manual_seed(0))
    assert (condition.ndim, len(condition), step.shape) == (2, 4, (4,))
    assert student.net.denoise(batch.action, step, condition).shape == (4, 8, 2)
    features = student.net.encoder.features(batch.rgb[:, 0])
    assert features.shape == (4, student.net.encoder.feature_dim)
    given = example(student, 3, np.random.default_rng(0))
    chunk = student.sample_actions(*given)
    assert chunk.shape == (3, 8, 2)
    alone = student.sample_actions(*(part[1:2] for part in given))
    np.testing.assert_allclose(chunk[1:2], alone, atol=1e-4)


@every_kind
def test_it_looks_and_listens(network, objective):
    """Image, state, noise and noise level each change the answer."""
    student = student_of(architecture_of(network, objective))
    rgb, state, noise = example(student, 1, np.random.default_rng(0))
    chunk = student.sample_actions(rgb, state, noise)
    for other in ((255 - rgb, state, noise), (rgb, state + 1, noise), (rgb, state, noise / 2)):
        assert np.abs(student.sample_actions(*other) - chunk).max() > 1e-6
    batch = batch_of(student.architecture)
    condition = student.net.condition(batch.rgb, batch.state)
    levels = (torch.full((4,), level) for level in (1, 8))
    low, high = (student.net.denoise(batch.action, step, condition) for step in levels)
    assert (low - high).abs().max() > 1e-4


@every_kind
def test_what_was_written_is_read_to_the_bit(network, objective):
    student = student_of(architecture_of(network, objective))
    told = student.architecture.model_dump(mode="json")
    ranges = student.state.arrays("state") | student.action.arrays("action")
    again = Student.from_arrays(
        StudentArchitecture.model_validate(told), state_arrays(student.net), ranges
    )
    assert again.architecture == student.architecture
    given = example(student, 2, np.random.default_rng(0))
    np.testing.assert_array_equal(again.sample_actions(*given), student.sample_actions(*given))
    other = next(n for n in NETWORKS if n != network)
    with pytest.raises(BadInputError, match="do not fit their architecture"):
        Student.from_arrays(architecture_of(other, objective), state_arrays(student.net), ranges)


@every_kind
def test_gradient_steps_lower_the_loss(network, objective):
    architecture = architecture_of(network, objective)
    trainer = Trainer(new_net(architecture, seed=0), OptimConfig(warmup_steps=0))
    batch, target = batch_of(architecture), objective_of(architecture)
    for _ in range(3):
        generator = torch.Generator().manual_seed(0)
        trainer.update(
            cloning_loss(trainer.net, target, batch, 4, generator=generator), fraction=0.0
        )
    assert trainer.losses[0] > trainer.losses[1] > trainer.losses[2]
    reached = {n for n, p in trainer.net.named_parameters() if p.grad.count_nonzero() > 0}
    assert reached == {name for name, _ in trainer.net.named_parameters()}


def sampler_of(architecture):
    episodes = toy_episodes(3, rng=np.random.default_rng(0), hw=architecture.image_hw)
    ranges = (MinMaxNormalizer.fit(values) for values in (episodes.state, episodes.action))
    return ChunkSampler(episodes, *ranges, architecture, AugmentConfig())


FEW = OptimConfig(num_steps=4, batch_size=4, noise_draws=1, warmup_steps=1)


def fitted(sampler, checkpoint, *, until=None):
    trainer = Trainer(new_net(sampler.architecture, seed=3), FEW)
    fit(trainer, sampler, seed=5, checkpoint=checkpoint, progress=lambda *_: None, until=until)
    return trainer


@every_network
def test_a_fit_that_was_stopped_ends_as_an_unbroken_one(network, tmp_path):
    sampler = sampler_of(architecture_of(network))
    unbroken = fitted(sampler, tmp_path / "unbroken.npz")
    fitted(sampler, tmp_path / "parts.npz", until=2)
    resumed = fitted(sampler, tmp_path / "parts.npz")
    assert resumed.losses == unbroken.losses
    for name, value in unbroken.average.items():
        assert torch.equal(resumed.average[name], value), name


@every_network
def test_nan_is_refused(network, tmp_path):
    sampler = sampler_of(architecture_of(network))
    clean = sampler.episodes
    state = np.full_like(clean.state, np.nan)
    spoilt = Episodes(clean.rgb, state, clean.action, clean.episode_ends)
    sampler = ChunkSampler(
        spoilt, sampler.state, sampler.action, sampler.architecture, AugmentConfig()
    )
    with pytest.raises(TrainingDivergedError, match="NaN or infinite at step 0"):
        fitted(sampler, tmp_path / "student.npz")


@every_kind
def test_nothing_leaves_the_device(network, objective):
    architecture = architecture_of(network, objective)
    trainer = Trainer(new_net(architecture, seed=0, device=META), OptimConfig())
    target = objective_of(architecture).on(META)
    batch = Batch(*(part.to(META) for part in vars(batch_of(architecture)).values()))
    generator = torch.Generator().manual_seed(0)
    trainer.update(cloning_loss(trainer.net, target, batch, 3, generator=generator), fraction=0.1)
    net = trainer.averaged()
    condition = net.condition(batch.rgb, batch.state)
    chunk = target.sample(lambda x, at: net.denoise(x, at, condition), batch.action)
    assert (chunk.device, chunk.shape) == (META, batch.action.shape)


def loss_of(architecture, dtype=torch.float32):
    """The loss on one batch, and the norm of each gradient."""
    net = new_net(architecture, seed=0).to(dtype)
    batch = Batch(*(part.to(dtype) for part in vars(batch_of(architecture)).values()))
    generator = torch.Generator().manual_seed(0)
    loss = cloning_loss(net, objective_of(architecture), batch, 3, generator=generator)
    loss.backward()
    return loss.item(), {n: p.grad.double().norm().item() for n, p in net.named_parameters()}


@every_kind
def test_single_precision_and_double_and_two_threads_agree(network, objective):
    """To 1e-4 of the loss, and to 1e-3 of each gradient's norm or 1e-5 of the largest."""
    architecture = architecture_of(network, objective)
    loss, gradients = loss_of(architecture, torch.float64)
    most = max(gradients.values())
    for threads in (1, 2):
        with torch_threads(threads):
            found, norms = loss_of(architecture)
        assert found == pytest.approx(loss, rel=1e-4)
        for name, norm in gradients.items():
            assert norms[name] == pytest.approx(norm, rel=1e-3, abs=1e-5 * most), name


@every_network
def test_it_is_served_and_what_onnx_would_trace_is_the_student(network):
    student = student_of(architecture_of(network))
    given = example(student, 1, np.random.default_rng(0))
    asked = {
        "observation.images.front": given[0][0, 0],
        "observation.state": given[1][0, 0],
        "seed": 7,
    }
    answers = PolicyAnswers(student, {})
    first, again = (answers.infer(asked, rng=np.random.default_rng(k))["actions"] for k in (0, 1))
    np.testing.assert_array_equal(first, again)
    with torch.inference_mode():
        traced = ChunkModule(student).eval()(*map(torch.from_numpy, given))
    np.testing.assert_allclose(traced, student.sample_actions(*given), atol=1e-5)


def test_parameters_are_counted(monkeypatch):
    monkeypatch.undo()

    def count(**fields):
        with META:
            return build_net(StudentArchitecture(**fields)).num_parameters

    assert count() == 1_100_472
    assert count(transformer={}) == 1_576_355
    assert count(unet={}) == 260_934_947
    assert count(unet={"down_dims": (256, 512, 1024)}) == 75_183_395


def test_the_small_one_is_what_it_was():
    """Names, and first weights of a seed: what was trained before goes on as it did."""
    net = new_net(StudentArchitecture(), seed=0)
    assert sorted({name.split(".")[0] for name in net.state_dict()}) == [
        "denoiser",
        "encoder",
        "state",
    ]
    total = sum(float(value.double().abs().sum()) for value in net.state_dict().values())
    assert total == pytest.approx(FIRST_WEIGHTS, rel=1e-9)


FIRST_WEIGHTS = 31_778.853671868026


@pytest.mark.parametrize("length", [1, 2, 3, 8])
def test_a_short_convolution_is_the_whole_one(length):
    generator = torch.Generator().manual_seed(0)
    short = ShortConv(6, 4, 5).double()
    x = torch.randn((3, 6, length), generator=generator, dtype=torch.double)
    whole = torch.nn.functional.conv1d(x, short.weight, short.bias, padding=2)
    torch.testing.assert_close(short(x), whole, rtol=1e-12, atol=1e-12)
    with torch.no_grad():
        for rows in (x, x[:1]):
            torch.testing.assert_close(short(rows), whole[: len(rows)], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"unet": {}, "transformer": {}}, "a student has one network"),
        ({"unet": {}, "denoiser_width": 64}, "denoiser_width is 64, but says nothing of a unet"),
        ({"transformer": {}, "denoiser_blocks": 2}, "nothing of a transformer network"),
        ({"objective": "flow", "prediction": "epsilon"}, "trained as flow. Leave it at sample"),
        ({"unet": {}, "horizon": 6}, "Take a multiple of 4"),
        ({"unet": {"kernel_size": 4}}, "Take 3 or 5"),
        ({"unet": {"down_dims": (64, 100)}}, "Take multiples of it"),
        ({"transformer": {"width": 30}}, "no multiple of twice num_heads 4"),
    ],
)
def test_what_cannot_be_is_refused(fields, said):
    with pytest.raises(ValidationError, match=said):
        StudentArchitecture(**fields)


def test_small_images_are_refused_where_keypoints_would_be_constant():
    with pytest.raises(BadInputError, match=r"images of 24 x 32 .* over 32 pixels"):
        build_net(architecture_of("unet").model_copy(update={"image_hw": (24, 32)}))


def test_what_says_nothing_of_a_student_is_not_part_of_its_identity():
    told = {n: architecture_of(n).model_dump(mode="json") for n in NETWORKS}
    assert {"unet", "transformer", "prediction", "num_diffusion_steps"}.isdisjoint(told["small"])
    assert {"channels", "embed_dim", "denoiser_width"}.isdisjoint(told["unet"])
    assert "denoiser_width" not in told["transformer"]
    assert all(t["objective"] == "flow" for t in told.values())
    assert "objective" not in StudentArchitecture().model_dump(mode="json")
