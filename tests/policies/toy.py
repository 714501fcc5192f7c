"""A task that a tiny student learns in seconds: move an invisible point onto a coloured dot."""

import numpy as np

from xsim_core.policies import (
    AugmentConfig,
    ChunkSampler,
    Episodes,
    MinMaxNormalizer,
    OptimConfig,
    Student,
    StudentArchitecture,
    Trainer,
    cloning_loss,
    step_streams,
)
from xsim_core.policies.fitting import new_net

HW = (24, 32)
SPEED = 0.15
SMALL = StudentArchitecture(
    image_hw=HW,
    state_dim=2,
    action_dim=2,
    channels=(8, 16, 16),
    embed_dim=64,
    denoiser_width=64,
    denoiser_blocks=2,
    head_channels=8,
)


def draw_dot(target, hw=HW):
    """(n, 2) targets in [-1, 1] to (n, h, w, 3) uint8 images."""
    h, w = hw
    v, u = np.mgrid[:h, :w]
    x = (target[:, 0, None, None] + 1) / 2 * (w - 1)
    y = (target[:, 1, None, None] + 1) / 2 * (h - 1)
    blob = np.exp(-((u - x) ** 2 + (v - y) ** 2) / 8.0)[..., None]
    return (60 + blob * np.array([180, 60, -40])).astype(np.uint8)


def expert(position, target):
    return np.clip((target - position) / SPEED, -1, 1).astype(np.float32)


def toy_episodes(num_episodes, *, length=10, rng, hw=HW):
    rgb, state, action = [], [], []
    for _ in range(num_episodes):
        target = rng.uniform(-0.8, 0.8, (1, 2))
        position = rng.uniform(-0.8, 0.8, (1, 2))
        for _ in range(length):
            rgb.append(draw_dot(target, hw)[0])
            state.append(position[0])
            action.append(expert(position, target)[0])
            noise = 0.3 * rng.standard_normal(2)
            position = position + SPEED * (action[-1] + noise)
    return Episodes(
        np.stack(rgb),
        np.stack(state).astype(np.float32),
        np.stack(action),
        np.arange(1, num_episodes + 1) * length,
    )


def rollout(actor, seeds, *, steps=20, look=lambda rgb: rgb):
    """Final distance to the dot, (n,)."""
    rng = [np.random.default_rng(s) for s in seeds]
    target = np.stack([r.uniform(-0.8, 0.8, 2) for r in rng])
    position = np.stack([r.uniform(-0.8, 0.8, 2) for r in rng])
    actor.reset(seeds)
    rgb = look(draw_dot(target))
    for _ in range(steps):
        action = actor.act(rgb, position.astype(np.float32))
        position = position + SPEED * np.clip(action, -1, 1)
    return np.linalg.norm(position - target, axis=1)


def toy_student(architecture, *, steps, num_episodes=150):
    """A student trained on the toy, and the episodes it saw."""
    episodes = toy_episodes(num_episodes, rng=np.random.default_rng(0))
    state, action = MinMaxNormalizer.fit(episodes.state), MinMaxNormalizer.fit(episodes.action)
    optim = OptimConfig(learning_rate=3e-3, warmup_steps=20)
    trainer = Trainer(new_net(architecture, seed=0), optim)
    student = Student(trainer.net, state, action)
    # A shift would move the dot against the (invisible) point: the toy forbids it.
    sampler = ChunkSampler(
        episodes, state, action, architecture, AugmentConfig(shift_px=0, light=None)
    )
    for step in range(steps):
        rng, generator = step_streams(0, step)
        loss = cloning_loss(
            trainer.net, student.objective(), sampler.draw(64, rng=rng), 4, generator=generator
        )
        trainer.update(loss, fraction=step / steps)
    return Student(trainer.averaged(), state, action), episodes
