"""The C++ kernel against the dense oracle, finite differences and plain geometry."""

import numpy as np
import pytest
import torch

from xsim_core.errors import BadInputError, MissingDependencyError
from xsim_core.geometry import PinholeCamera, inverse_se3, look_at
from xsim_core.rasterize import Gaussians2D, _build, _gsplat, render, render_numpy

FIELDS = ("means", "quats_wxyz", "scales", "opacities", "rgb")
T_CAM_WORLD = inverse_se3(look_at((1.5, 1.0, 1.2), (0, 0, 0)))


def random_gaussians(n: int, seed: int, *, largest_m: float = 0.4) -> Gaussians2D:
    rng = np.random.default_rng(seed)
    scales = 0.003 * (largest_m / 0.003) ** rng.random((n, 2))
    arrays = (
        rng.uniform(-1, 1, (n, 3)), rng.normal(size=(n, 4)), scales,
        rng.uniform(0.05, 1.0, n), rng.random((n, 3)),
    )  # fmt: skip
    return Gaussians2D(*(torch.from_numpy(a.astype(np.float32)) for a in arrays))


IMAGES = ("rgb", "alpha", "depth_m", "depth_variance_m2")


def run_with_gradients(gaussians, backend, dtype, K, w, h, *, num_threads=1, images=IMAGES):
    leaves = [t.detach().to(dtype).requires_grad_() for t in gaussians.tensors]
    screen = torch.zeros(len(gaussians), 2, dtype=dtype, requires_grad=True)
    out = render(
        Gaussians2D(*leaves),
        T_CAM_WORLD,
        K,
        w,
        h,
        (0.2, 0.5, 0.1),
        backend=backend,
        screen=screen,
        num_threads=num_threads,
    )
    rng = np.random.default_rng(7)
    loss = sum(
        (torch.from_numpy(rng.normal(size=image.shape)).to(image) * image).sum()
        for image in (getattr(out, name) for name in images)
    )
    loss.backward()
    return out, [t.grad for t in (*leaves, screen)]


@pytest.mark.parametrize("backend", ["cpp", pytest.param("gsplat", marks=pytest.mark.gpu)])
@pytest.mark.parametrize(("seed", "size"), [(0, (37, 29)), (1, (16, 16)), (2, (50, 18))])
def test_backend_agrees_with_oracle(backend, seed, size):
    if backend == "gsplat" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    w, h = size
    K = PinholeCamera.from_fov(w, h, 1.0).K
    # gsplat's depths are those of centres (see _gsplat.py), so it gets small discs.
    gaussians = random_gaussians(90, seed, largest_m=0.02 if backend == "gsplat" else 0.4)
    truth, truth_grads = run_with_gradients(gaussians, "reference", torch.float64, K, w, h)
    out, grads = run_with_gradients(gaussians, backend, torch.float32, K, w, h)
    # float32 against float64; the worst pixels look along nearly edge-on discs.
    atol = 5e-2 if backend == "gsplat" else 5e-4
    for name in ("rgb", "alpha", "depth_m", "median_depth_m", "depth_variance_m2"):
        actual, expected = getattr(out, name).cpu().double(), getattr(truth, name).double()
        torch.testing.assert_close(actual, expected, atol=atol, rtol=0, msg=name)
    if backend == "gsplat":
        return
    # The same pixels divide by a small cross product, which float32 knows to about 1e-3.
    assert_gradients_agree(grads, truth_grads, 3e-3)


def assert_gradients_agree(grads, truth_grads, most):
    for name, actual, expected in zip((*FIELDS, "screen"), grads, truth_grads, strict=True):
        error = (actual.double() - expected).abs().max()
        assert error <= most * expected.abs().max(), (name, float(error))


def test_discs_for_cuda_are_moved_by_pixels():
    M = torch.from_numpy(np.random.default_rng(0).uniform(1, 2, (1, 5, 3, 3)))
    screen = torch.from_numpy(np.random.default_rng(1).normal(size=(5, 2))).requires_grad_()
    moved = M + _gsplat._moved_by(screen, M)

    def centres(discs):
        return discs[0, :, :2, 2] / discs[0, :, 2:, 2]

    torch.testing.assert_close(centres(moved), centres(M) + screen)
    assert torch.equal(moved[..., :2], M[..., :2])
    centres(moved).sum().backward()
    torch.testing.assert_close(screen.grad, torch.ones_like(screen))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("seed", [0, 1, 2])
# gsplat's box cuts the largest discs off where they add about 1/255.
@pytest.mark.parametrize(("largest_m", "atol", "most"), [(0.02, 1e-4, 1e-4), (0.4, 8e-3, 1e-2)])
def test_colours_on_cuda_and_their_gradients_are_the_oracles(seed, largest_m, atol, most):
    w, h = 50, 37
    K = PinholeCamera.from_fov(w, h, 1.0).K
    gaussians, images = random_gaussians(90, seed, largest_m=largest_m), ("rgb", "alpha")
    truth, truth_grads = run_with_gradients(
        gaussians, "reference", torch.float64, K, w, h, images=images
    )
    out, grads = run_with_gradients(gaussians, "gsplat", torch.float32, K, w, h, images=images)
    for name in images:
        actual, expected = getattr(out, name).cpu().double(), getattr(truth, name).double()
        torch.testing.assert_close(actual, expected, atol=atol, rtol=0, msg=name)
    assert_gradients_agree(grads, truth_grads, most)


def test_oracle_gradients_match_finite_differences():
    K = PinholeCamera.from_fov(12, 10, 1.0).K
    leaves = [t.double() for t in random_gaussians(4, 5).tensors]
    weights = torch.from_numpy(np.random.default_rng(0).normal(size=(10, 12, 3)))

    def loss(fields):
        out = render(Gaussians2D(*fields), T_CAM_WORLD, K, 12, 10, backend="reference")
        return (out.rgb * weights).sum()

    fields = [t.clone().requires_grad_() for t in leaves]
    loss(fields).backward()
    step = 1e-7  # small enough that no pixel crosses a cut-off
    for index, field in enumerate(leaves):
        moved = [t.clone() for t in leaves]
        flat = (0,) * field.ndim
        moved[index][flat] += step
        high = loss(moved)
        moved[index][flat] -= 2 * step
        numeric = (high - loss(moved)) / (2 * step)
        assert float(numeric) == pytest.approx(float(fields[index].grad[flat]), rel=1e-4, abs=1e-6)


def test_thread_count_changes_nothing():
    K = PinholeCamera.from_fov(70, 50, 1.0).K
    gaussians = random_gaussians(400, 3)
    one, one_grads = run_with_gradients(gaussians, "cpp", torch.float32, K, 70, 50)
    two, two_grads = run_with_gradients(gaussians, "cpp", torch.float32, K, 70, 50, num_threads=2)
    assert torch.equal(one.rgb, two.rgb)
    for a, b in zip(one_grads, two_grads, strict=True):
        # Tiles are summed in another order: float32 round-off of the largest gradient.
        assert (a - b).abs().max() <= 1e-4 * a.abs().max()
    again = run_with_gradients(gaussians, "cpp", torch.float32, K, 70, 50, num_threads=2)[1]
    assert all(torch.equal(a, b) for a, b in zip(two_grads, again, strict=True))


def test_depth_of_a_tilted_disc_is_the_plane():
    camera = PinholeCamera.from_fov(41, 31, 0.7)
    T_world_cam = look_at((0.4, -0.9, 0.8), (0, 0, 0))
    disc = Gaussians2D(
        torch.zeros(1, 3),
        torch.tensor([[1.0, 0, 0, 0]]),
        torch.full((1, 2), 5.0),
        torch.tensor([0.9]),
        torch.ones(1, 3),
    )
    out = render_numpy(disc, inverse_se3(T_world_cam), camera.K, 41, 31)
    points_cam = camera.unproject(out.depth_m)
    z_world = points_cam @ T_world_cam[2, :3] + T_world_cam[2, 3]
    np.testing.assert_allclose(z_world, 0, atol=1e-5)
    assert out.alpha.min() > 0.8


def test_numpy_path_equals_torch_path():
    K = PinholeCamera.from_fov(33, 21, 1.0).K
    gaussians = random_gaussians(50, 9)
    a = render(gaussians, T_CAM_WORLD, K, 33, 21, (1, 0, 0))
    b = render_numpy(gaussians, T_CAM_WORLD, K, 33, 21, (1, 0, 0))
    oracle = render_numpy(gaussians, T_CAM_WORLD, K, 33, 21, (1, 0, 0), backend="reference")
    assert oracle.rgb.dtype == np.float32
    np.testing.assert_allclose(oracle.rgb, b.rgb, atol=5e-4)
    for name in ("rgb", "alpha", "depth_m", "median_depth_m", "depth_variance_m2"):
        np.testing.assert_allclose(getattr(a, name).numpy(), getattr(b, name), rtol=1e-6)


def test_nothing_in_view_is_background():
    K = PinholeCamera.from_fov(8, 8, 1.0).K
    behind = Gaussians2D(
        torch.tensor([[3.0, 2.0, 2.4]]),
        torch.tensor([[1.0, 0, 0, 0]]),
        torch.full((1, 2), 0.1),
        torch.tensor([0.9]),
        torch.ones(1, 3),
    )
    out = render_numpy(behind, T_CAM_WORLD, K, 8, 8, (0.25, 0.5, 0.75))
    np.testing.assert_array_equal(
        out.rgb, np.broadcast_to(np.float32([0.25, 0.5, 0.75]), (8, 8, 3))
    )
    assert not out.depth_m.any()


def test_wrong_shapes_are_refused():
    good = random_gaussians(3, 0)
    bad = Gaussians2D(good.means, good.quats_wxyz[:2], good.scales, good.opacities, good.rgb)
    with pytest.raises(BadInputError, match=r"quats_wxyz has shape \(2, 4\), expected \(3, 4\)"):
        render(bad, T_CAM_WORLD, np.eye(3), 8, 8)


def test_missing_compiler_says_how_to_mend_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XSIM_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(MissingDependencyError, match=r"apt-get install g\+\+"):
        _build.load_kernel.__wrapped__()
    assert not list(tmp_path.iterdir())
