"""Frequency continuation against sines, dense Fourier matrices, runs by hand, and a wave that lies a period off."""

import itertools

import numpy as np
import pytest
import torch
from made import make_mask

from pairlsi import problems
from pairlsi.problems.crosswell import Crosswell
from pairlsi.solvers.continuation import ORDER, LowPass, bands
from pairlsi.solvers.model_based import waveform_inversion
from pairlsi.solvers.trajectory import follow, follow_in_turn

INTERVAL = 0.01  # s
TIMES = np.arange(400) * INTERVAL


def sine(frequency: float) -> torch.Tensor:
    return torch.from_numpy(np.sin(2 * np.pi * frequency * TIMES))


@pytest.mark.parametrize("frequency", [1.0, 4.0, 8.0, 16.0, 30.0])
def test_a_sine_comes_through_as_it_was_but_for_its_amplitude(frequency):
    passed = LowPass(8.0, INTERVAL)(sine(frequency))
    assert passed.shape == (800,)
    inner = slice(100, 300)  # a second away from the ends, where the record begins and ends at once
    wanted = sine(frequency) / np.sqrt(1 + (frequency / 8.0) ** (2 * ORDER))  # the same phase
    assert passed[inner].numpy() == pytest.approx(wanted[inner].numpy(), abs=0.01)


def test_it_is_a_symmetric_filter_whose_output_does_not_come_round_to_the_beginning():
    impulse = torch.zeros(401, dtype=torch.float64)
    impulse[200] = 1
    response = LowPass(8.0, INTERVAL)(impulse)[:401]
    assert response.numpy() == pytest.approx(response.flip(0).numpy(), abs=1e-12) and response.argmax() == 200
    late = torch.zeros(400, dtype=torch.float64)
    late[-1] = 1
    assert LowPass(8.0, INTERVAL)(late)[:300].abs().max() < 1e-3 * response.max()


def test_the_iterations_are_dealt_out_the_rest_to_the_wider_bands():
    dealt = bands([5.0, 9.0, None], INTERVAL, 11)
    assert [share for _, share in dealt] == [3, 4, 4] and dealt[-1][0] is None
    assert [f.frequency for f, _ in dealt[:2]] == [5.0, 9.0]
    assert bands([None], None, 7) == [(None, 7)]


def bowl(centre: float):
    def fun(x, rows):
        scale = 1.0 + rows.to(x)[:, None]
        return ((centre - x[:, :-1]).square() + scale * (x[:, 1:] - x[:, :-1].square()).square()).sum(1)

    return fun


def starts() -> torch.Tensor:
    return torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_one_function_after_the_other_is_each_from_where_the_one_before_ended():
    stages = [(bowl(1.0), 4), (bowl(0.5), 5)]
    found = follow_in_turn(stages, starts(), 9, 5)
    first = follow(bowl(1.0), starts(), 4, 5)
    second = follow(bowl(0.5), first.points[-1], 5, 5)
    assert torch.equal(found.points, torch.cat([first.points, second.points[1:]]))
    assert torch.equal(found.iterations, first.iterations + second.iterations)
    for fewer in range(1, 9):
        assert torch.equal(follow_in_turn(stages, starts(), fewer, 5).points, found.points[: 1 + fewer])
    single = follow_in_turn([(bowl(1.0), 9)], starts(), 9, 5)
    assert torch.equal(single.points, follow(bowl(1.0), starts(), 9, 5).points)


class Matrix:
    """A problem whose simulation is a matrix; records of 6 samples at 8 receivers."""

    def __init__(self):
        self.matrix = np.random.default_rng(0).standard_normal((48, 20)) / 5

    def simulate(self, x):
        return (x.flatten(1) @ torch.from_numpy(self.matrix.T)).unflatten(1, (1, 8, 6))


def filter_matrix(frequency: float) -> np.ndarray:
    """(12, 6): zeros behind, discrete Fourier transform, response, and back, written out."""
    k, t = np.arange(12), np.arange(12)
    forward = np.exp(-2j * np.pi * np.outer(k, t) / 12)
    response = 1 / np.sqrt(1 + (np.minimum(k, 12 - k) / (12 * INTERVAL) / frequency) ** (2 * ORDER))
    return np.real(forward.conj().T / 12 @ np.diag(response) @ forward)[:, :6]


def test_a_band_ends_at_the_least_squares_solution_for_filtered_data():
    mask = make_mask("random-25-0", 8, 2, 7).weights()
    keep, p = torch.from_numpy(mask).double(), np.broadcast_to(mask, (1, 8, 6)).ravel()
    y = torch.from_numpy(np.random.default_rng(1).standard_normal((5, 1, 8, 6)))
    start = torch.zeros(5, 20, dtype=torch.float64)
    band = [(LowPass(20.0, INTERVAL), 2000)]
    found = waveform_inversion(Matrix(), keep * y, keep, start, (1, 4, 5), (3.0, 0.5), 1.0, 2000, 50, band)
    filtered = np.kron(np.eye(8), filter_matrix(20.0)) @ np.diag(p)
    a = filtered @ Matrix().matrix * 3.0 / 0.5
    down, across = np.diff(np.eye(4), axis=0), np.diff(np.eye(5), axis=0)
    d = np.vstack([np.kron(down, np.eye(5)), np.kron(np.eye(4), across)])
    data = filtered @ y.flatten(1).numpy().T / 0.5
    wanted = np.linalg.solve(a.T @ a + d.T @ d, a.T @ data).T
    assert found.points[-1].numpy() == pytest.approx(wanted, abs=2e-5)


def test_all_frequencies_at_once_is_inversion_as_it_was():
    keep = torch.ones(1, dtype=torch.float64)
    y = torch.from_numpy(np.random.default_rng(1).standard_normal((5, 1, 8, 6)))
    given = Matrix(), y, keep, torch.zeros(5, 20, dtype=torch.float64), (1, 4, 5), (3.0, 0.5), 1.0, 6, 10
    plain = waveform_inversion(*given)
    assert torch.equal(waveform_inversion(*given, bands([None], None, 6)).points, plain.points)
    # a stop after six of ten goes the way of ten
    longer = waveform_inversion(*given[:-2], 10, 10)
    assert torch.equal(waveform_inversion(*given, bands([None], None, 10)).points, longer.points[:7])


class Delay:
    """A Ricker wavelet of 20 Hz that arrives after x, in units of 10 ms."""

    def simulate(self, x):
        squared = (np.pi * 20 * (torch.from_numpy(TIMES[:200]) - 1 - 0.01 * x.flatten(1))).square()
        return ((1 - 2 * squared) * (-squared).exp())[:, None, None, :]


def test_low_frequencies_lead_to_a_wave_that_lies_more_than_a_period_off():
    truth, start = torch.full((1, 1), 6.0, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    y, keep = Delay().simulate(truth), torch.ones(1, dtype=torch.float64)

    def found(*frequencies) -> float:
        dealt = bands(frequencies, INTERVAL, 30)
        return waveform_inversion(Delay(), y, keep, start, (1, 1, 1), (1.0, 1.0), 0.0, 30, 10, dealt).points[-1].item()

    assert abs(found(None) - 6) > 1  # in another minimum: a period is 5
    assert found(4.0, 10.0, None) == pytest.approx(6, abs=1e-3)


def test_a_problem_of_waves_says_how_far_its_samples_are_apart():
    problem = problems.create({"kind": "crosswell", **Crosswell.small()})
    trace = problem.forward(np.full((1, *problem.x_shape), 2150, np.float32))[0, 0, 5]
    spectrum = np.abs(np.fft.rfft(trace, 4096))
    peak = np.fft.rfftfreq(4096, problem.sample_interval)[spectrum.argmax()]
    # of f² exp(-(f / f₀)²), Ricker's, over the √f of a line source far away
    assert peak == pytest.approx(np.sqrt(3 / 4) * problem.settings.peak_frequency, rel=0.05)


@pytest.mark.parametrize("order", list(itertools.permutations([5.0, 9.0, None]))[1:])
def test_bands_that_do_not_widen_are_refused(order):
    from pydantic import ValidationError

    from pairlsi.methods.fwi import FWI

    with pytest.raises(ValidationError, match="wider than the one before"):
        FWI.Settings(iterations=6, roughness=[0.1], bands=list(order))
