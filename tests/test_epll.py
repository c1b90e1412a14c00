"""The likelihood of patches: the mixture against torch's distributions, the solver against a dense solve."""

import numpy as np
import pytest
import torch
from made import make_mask, make_method
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from pairlsi import problems
from pairlsi.core import parts
from pairlsi.networks.patch_mixture import PatchMixture, drawn, fit
from pairlsi.solvers.patch_likelihood import conjugate_gradients, patch_likelihood

SHAPE = (1, 9, 7)


def covariance(seed: int, entries: int = 9) -> torch.Tensor:
    root = torch.randn(entries, entries, generator=torch.Generator().manual_seed(seed))
    return root @ root.T / entries + 0.1 * torch.eye(entries)


def mixture_of(covariances: list[torch.Tensor], weights: list[float]) -> PatchMixture:
    mixture = PatchMixture(SHAPE, SHAPE, 3, len(covariances))
    for k, matrix in enumerate(covariances):
        mixture.values[k], mixture.vectors[k] = torch.linalg.eigh(matrix)
    mixture.log_weights.copy_(torch.tensor(weights).log())
    return mixture


def test_densities_are_those_of_a_mixture_of_normal_distributions_and_noise_adds_to_every_variance():
    both, weights = [covariance(1), covariance(2)], [0.3, 0.7]
    mixture = mixture_of(both, weights)
    q = torch.randn(20, 9, generator=torch.Generator().manual_seed(0))
    for noise in (0.0, 0.4):
        noisy = torch.stack(both) + noise * torch.eye(9)
        theirs = MixtureSameFamily(Categorical(torch.tensor(weights)), MultivariateNormal(torch.zeros(9), noisy))
        assert mixture.log_densities(q, noise).logsumexp(1).numpy() == pytest.approx(theirs.log_prob(q).numpy(), 1e-4)


def test_fitting_raises_the_likelihood_and_finds_the_components_that_patches_were_drawn_from():
    generator = torch.Generator().manual_seed(0)
    flat, rough = 0.01 * torch.eye(9), covariance(1)
    roots = torch.linalg.cholesky(torch.stack([flat, rough]))
    which = torch.rand(20000, generator=generator) < 0.25  # of the rough ones
    q = (roots[which.long()] @ torch.randn(20000, 9, 1, generator=generator))[..., 0]
    mixture = PatchMixture(SHAPE, SHAPE, 3, 2)
    course = fit(mixture, q, 30)
    assert (np.diff(course) > -1e-3).all() and course[-1] > course[0] + 0.1
    assert mixture.log_weights.exp().numpy() == pytest.approx([0.75, 0.25], abs=0.02)
    for k, wanted in enumerate((flat, rough)):
        found = mixture.vectors[k] * mixture.values[k] @ mixture.vectors[k].T
        assert (found - wanted).norm() < 0.08 * wanted.norm()


def test_a_patch_alone_is_restored_by_the_wiener_filter_of_its_likeliest_component():
    mixture = PatchMixture((1, 3, 3), (1, 3, 3), 3, 2)
    for k, matrix in enumerate((0.01 * torch.eye(9), covariance(1))):
        mixture.values[k], mixture.vectors[k] = torch.linalg.eigh(matrix)
    u = 2 * torch.randn(5, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    q = u.flatten(1) - u.flatten(1).mean(1, keepdim=True)
    wanted = q @ torch.linalg.solve(covariance(1) + 0.2 * torch.eye(9), covariance(1)) + u.flatten(1).mean(1)[:, None]
    assert mixture.restored(u, 0.2).flatten(1).numpy() == pytest.approx(wanted.numpy(), abs=1e-4)


def test_patches_are_drawn_from_everywhere_of_the_scaled_samples_less_their_means():
    x = np.random.default_rng(0).random((4, 1, 9, 7)).astype(np.float32)
    mixture = PatchMixture(SHAPE, SHAPE, 3, 2)
    mixture.x_scaling.shift.copy_(torch.from_numpy(x.mean(0)))
    mixture.x_scaling.scale.fill_(2.0)
    every, _ = mixture.patches(mixture.x_scaling(torch.from_numpy(x)))
    found = drawn(mixture, x, 3000, seed=0)
    apart = torch.cdist(found, every.flatten(0, 1))
    assert (apart.min(1).values < 1e-3).all() and len(apart.argmin(1).unique()) == every.shape[0] * every.shape[1]


@pytest.fixture(scope="module")
def ct():
    said = {"image_size": 12, "angles": 10, "oversampling": 1, "noise_level": 0.01, "source": {"kind": "phantoms"}}
    return problems.create({"kind": "ct", **said})


def test_each_step_solves_its_least_squares(ct):
    """Against the dense normal equations, the prior being to stay near some image."""
    x, y = ct.draw("test", np.arange(3), 1, {"test": 3})
    seen = make_mask("random-25-0", 10, ct.missing_axis, 1)
    pull = np.array([0.3, 1.0, 3.0], np.float32).reshape(-1, 1, 1, 1)
    near = np.random.default_rng(0).random(x.shape).astype(np.float32)
    right = ct.adjoint(seen(y)) + pull * near
    found = conjugate_gradients(ct, seen, right, np.zeros_like(x), pull, 80)
    one = np.eye(144, dtype=np.float32).reshape(144, 1, 12, 12)
    square = ct.adjoint(seen(ct.forward(one))).reshape(144, 144)
    for i in range(3):
        wanted = np.linalg.solve(square + pull[i, 0, 0, 0] * np.eye(144), right[i].ravel())
        assert found[i].ravel() == pytest.approx(wanted, abs=2e-4 * np.abs(wanted).max())


def test_a_prior_of_one_gaussian_ends_at_the_posterior_mode(ct):
    """With one patch, the whole image, and narrower and narrower copies: min ½‖A x - ỹ‖² + weight ½ xᵀC⁻¹x."""
    _, y = ct.draw("test", np.arange(2), 1, {"test": 2})
    seen = make_mask("none-0-0", 10, ct.missing_axis, 1)
    smooth = np.exp(-np.square(np.subtract.outer(np.arange(144), np.arange(144)) / 20)) + 0.05 * np.eye(144)
    weights = np.array([0.5, 2.0])

    gains = {width: np.linalg.solve(smooth + width**2 * np.eye(144), smooth) for width in (0.3, 0.1)}

    def restored(x, width):
        return (x.reshape(2, 144) @ gains[width]).reshape(x.shape).astype(np.float32)

    *_, found = patch_likelihood(ct, y, seen, restored, weights, [0.3] * 100 + [0.1] * 300, 10)
    square = ct.adjoint(ct.forward(np.eye(144, dtype=np.float32).reshape(144, 1, 12, 12))).reshape(144, 144)
    for i, weight in enumerate(weights):
        # the copies may differ by the last width, which adds its square to the covariance
        precision = weight * np.linalg.inv(smooth + 0.1**2 * np.eye(144))
        wanted = np.linalg.solve(square + precision, ct.adjoint(y)[i].ravel())
        assert np.linalg.norm(found[i].ravel() - wanted) < 0.04 * np.linalg.norm(wanted)


@pytest.mark.slow
def test_knowing_patches_is_better_than_stopping_early(ct_data, ct_problem):
    from pairlsi.data import store
    from pairlsi.evaluation.metrics import relative_error

    part = parts.find("networks", "patches")
    said = part.Settings(size=4, components=12, drawn=20000, iterations=10)
    mixture = part.build(said, ct_problem, None)
    x = store.read(ct_data / "train.zarr", "x")
    mixture.x_scaling.scale.fill_(float(x.std()))
    part.solve(mixture, x, None, None)
    seen = make_mask("random-25-0", ct_problem.missing_count, ct_problem.missing_axis, 7)
    x, y = (store.read(ct_data / "validation.zarr", name) for name in ("x", "y"))
    statistics = ({}, {})
    epll = make_method("epll", {"weights": [0.1, 0.3, 1.0]}, ct_problem, seen, statistics, mixture)
    told = type(epll).choose([epll], x, y)
    best = min(error for _, error in told["validation_rre_by_weight"])
    cgls = make_method("cgls", {"iterations": 40}, ct_problem, seen, statistics)
    stopped = min(type(cgls).choose([cgls], x, y)["validation_rre"])
    assert best < 0.97 * stopped
    assert relative_error(epll(y, "validation").x, x).mean() == pytest.approx(best, rel=1e-3)
