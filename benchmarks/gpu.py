"""Tests and measurements for a machine with a CUDA device: training, the solver and latent space inference on it.

Run: make gpu, or python benchmarks/gpu.py. Runs the tests marked gpu, prints a table and writes
benchmarks/results/gpu.csv, in less than eight minutes and without a network. It needs torch, numpy, safetensors, pytest
and, for the peer, botorch; what else is missing is said in the column "how". --device cpu --quick tries the program out
on a few samples, runs no tests and writes nothing.

Data are random numbers of the shapes of the examples with the paper's networks, ct_paper and crosswell_paper of the
preset variants, and weights those of an untrained network: what is measured is time and memory. Contestants take turns
in every repeat; the least wall time of each counts, after all work on the device has ended. Peak memory is what torch
had allocated at most while ours ran.
"""

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import machine  # first: it holds libraries to one thread and finds the package

# isort: split
import torch
from contestants import ITERATIONS, adam, bare_loop, botorch, least, misfit_of, ours

from pairlsi.networks.autoencoders import PairedAutoencoder
from pairlsi.solvers.latent_search import latent_space_inference
from pairlsi.training import loop as training
from pairlsi.training.checkpoints import Progress
from pairlsi.training.processes import Processes

# ct_paper and crosswell_paper of the preset variants, which these machines may have no library to read; a test compares
PYRAMID = {"kind": "pyramid", "layers": 3, "rates": [1, 2], "norm": "none"}
EXAMPLES = {
    "ct": {
        "shapes": ((1, 48, 48), (1, 60, 68)),
        "x": {"kind": "residual", "latent": 256, "width": 8, "stem": 2, "strides": [2, 2, 1], "norm": "none"},
        "y": {"kind": "residual", "latent": 256, "width": 8, "stem": 2, "strides": [2, 1, 2, 1, 1, 1], "norm": "none"},
        "divergence": None,
        "training": {"batch_size": 16, "learning_rate": 0.004, "warmup": 0.05},
        "lsi": {"iterations": 10, "history": 10},
    },
    "crosswell": {
        "shapes": ((1, 32, 32), (12, 32, 40)),
        "x": PYRAMID | {"latent": 16, "width": 16, "stem": 2, "strides": [2, 2, 1]},
        "y": PYRAMID | {"latent": 128, "width": 32, "stem": 4, "strides": [2, 2, 2]},
        "divergence": [3.0e-6, 3.0e-6],
        "training": {"batch_size": 32, "learning_rate": 0.004, "warmup": 0.05},
        "lsi": {"iterations": 16, "history": 10},
    },
}
PRECISIONS = ("32-true", "bf16-mixed")
LIBRARIES = ("lightning_fabric", "tqdm")  # that the loop of training takes, beside torch
TESTS = ("tests/test_pretend.py", "tests/test_gpu.py", "tests/test_lbfgs.py")
PATIENCE = 240  # seconds
FULL = SimpleNamespace(samples=4096, rows=(256, 4096), inferred=200, repeats=2)
QUICK = SimpleNamespace(samples=16, rows=(4,), inferred=4, repeats=1)


def has(library: str) -> bool:
    return importlib.util.find_spec(library) is not None


def peer_said() -> str:
    return "" if has("botorch") else "no botorch here, so no peer"


class Batches:
    """Random pairs on a device, with the interface of `pairlsi.data.batches.Batches` that training uses."""

    def __init__(self, shapes, samples: int, batch_size: int, device):
        self.x, self.y = (torch.randn(samples, *shape, device=device) for shape in shapes)
        self.batch_size, self.device = batch_size, torch.device(device)

    def __len__(self) -> int:
        return len(self.x) // self.batch_size

    def to(self, device) -> None:
        assert torch.device(device).type == self.device.type

    def share(self, rank: int, processes: int) -> None:
        pass

    def epoch(self, number: int, start: int = 0):
        for rows in torch.randperm(len(self.x), device=self.x.device).split(self.batch_size)[start:]:
            yield self.x[rows], self.y[rows]


class Bench:
    """The measurements on one device."""

    def __init__(self, device: str, sizes: SimpleNamespace):
        self.device, self.sizes, self.table = device, sizes, []
        self.on_gpu = device == "cuda"

    def clock(self) -> float:
        if self.on_gpu:
            torch.cuda.synchronize()
        return time.perf_counter()

    def peak(self, call) -> float | str:
        """Megabytes of the device that torch had allocated at most during a call; nothing is known on the CPU."""
        if not self.on_gpu:
            call()
            return ""
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        call()
        return round(torch.cuda.max_memory_allocated() / 2**20)

    def network(self, example: str) -> torch.nn.Module:
        said = EXAMPLES[example]
        torch.manual_seed(0)
        return PairedAutoencoder(*said["shapes"], said["x"], said["y"], divergence=said["divergence"]).to(self.device)

    def add(self, what: str, contestants: dict, unit: float | None, how: str, repeats: int) -> None:
        """Measure "ours" and, where it is there, "peer"; unit: what is done in a call, for a rate; None for seconds."""
        memory = self.peak(contestants["ours"])  # and warms up
        for name, call in contestants.items():
            if name != "ours":
                call()
        seconds = least(contestants, repeats, self.clock)
        found = {name: unit / taken if unit else taken for name, taken in seconds.items()}
        peer = found.get("peer", "")
        row = machine.compare(what, found["ours"], peer, found["ours"] / peer if peer else float("nan"))
        for said in (how, f"peak {memory} MiB" if self.on_gpu else ""):
            if said:
                print(f"    {said}")
        self.table.append({**row, "how": how, "peak_mib": memory})

    def training(self, example: str, precision: str) -> None:
        """Samples a second of one epoch of our loop, or of its steps, against a bare PyTorch loop."""
        said = EXAMPLES[example]
        chosen = SimpleNamespace(**said["training"], epochs=1, precision=precision, device=self.device)
        chosen.devices = chosen.nodes = 1
        data = Batches(said["shapes"], self.sizes.samples, chosen.batch_size, self.device)
        validation = Batches(said["shapes"], chosen.batch_size, chosen.batch_size, self.device)
        lacking = [library for library in LIBRARIES if not has(library)]

        def cast():
            return torch.autocast(self.device, torch.bfloat16, enabled=precision != "32-true")

        def loop():
            with tempfile.TemporaryDirectory() as folder:
                training.train(
                    self.network(example), data, validation, chosen, Path(folder) / "checkpoint.pt", "", threads=1
                )

        def steps():
            network = self.network(example).to(memory_format=torch.channels_last)
            optimizer, progress, losses = adam(network, chosen), Progress(), []
            schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
            with cast():
                for loss, terms in training.steps_of_epoch(Processes(), network, optimizer, schedule, data, progress):
                    progress.count(loss, terms)
                    losses.append(loss)
                    if progress.batch % training.LOOK == 0:
                        training.not_finite(losses)
                        losses.clear()

        def bare():
            with cast():
                bare_loop(self.network(example), chosen, data.x, data.y)

        how = f"its steps alone: no {', no '.join(lacking)} here" if lacking else "the whole loop"
        contestants = {"ours": steps if lacking else loop, "peer": bare}
        what = f"training {example}, {precision}: samples/s, bare loop"
        self.add(what, contestants, self.sizes.samples, how, self.sizes.repeats)

    def solver(self, rows: int) -> None:
        """The solver of latent space inference on the CT decoder against BoTorch's, and where both end."""
        network = self.network("ct").eval().requires_grad_(False)
        y, keep = self.masked("ct", rows)
        fun = misfit_of(network, y, keep)
        with torch.no_grad():
            x0 = network.encode_y(y)
        contestants = {"ours": lambda: ours(fun, x0)} | ({"peer": lambda: botorch(fun, x0)} if has("botorch") else {})
        what = f"solver, {rows} rows, {ITERATIONS} iterations: s, BoTorch"
        self.add(what, contestants, None, peer_said(), 1)
        if has("botorch"):
            means = ours(fun, x0).fun.mean().item(), botorch(fun, x0).mean().item()
            row = machine.compare(f"solver, {rows} rows: mean objective, BoTorch", *means, means[0] / means[1])
            self.table.append({**row, "how": "", "peak_mib": ""})

    def inference(self, example: str) -> None:
        """Latent space inference from data to estimates, against BoTorch's solver on the decoder as it is trained."""
        said, (y, keep) = EXAMPLES[example]["lsi"], self.masked(example, self.sizes.inferred)
        network = self.network(example).eval().requires_grad_(False).to(memory_format=torch.channels_last)
        plain = self.network(example).eval()

        def whole():
            start = network.distribution_y(y)[0]
            z = latent_space_inference(network, y, keep, start, "y", **said).points[-1]
            return network.decode_x(network.inverse_map(z)).cpu()

        def peer():
            with torch.no_grad():
                start = plain.encode_y(y)
            botorch(misfit_of(plain, y, keep), start, iterations=said["iterations"])
            with torch.no_grad():
                return plain.decode_x(plain.inverse_map(start)).cpu()  # of the start: it takes as long

        what = f"LSI {example}, {len(y)} samples, {said['iterations']} iterations: s, BoTorch"
        contestants = {"ours": whole} | ({"peer": peer} if has("botorch") else {})
        self.add(what, contestants, None, peer_said(), self.sizes.repeats)

    def masked(self, example: str, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Random data (rows, C, H, W) with every fourth row along H missing, and the mask (1, H, 1)."""
        shape = EXAMPLES[example]["shapes"][1]
        keep = (torch.arange(shape[1], device=self.device) % 4 > 0).float().view(1, -1, 1)
        return keep * torch.randn(rows, *shape, device=self.device), keep


def run_tests() -> tuple[str, bool]:
    """Run the tests marked gpu; return what pytest says in the end, and whether all is well."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "gpu", *TESTS],
            cwd=machine.ROOT,
            stdout=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return f"longer than {PATIENCE} s", False
    print(done.stdout)
    return done.stdout.strip().splitlines()[-1].strip("= "), done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--quick", action="store_true", help="few samples, to try the program out; writes nothing")
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        sys.exit("torch finds no CUDA device here, so nothing was measured: run make gpu on a machine that has one")
    started = time.perf_counter()
    measures = args.device == "cuda" and not args.quick
    tests, well = run_tests() if measures else ("not run", True)
    bench = Bench(args.device, QUICK if args.quick else FULL)
    for example in EXAMPLES:
        for precision in PRECISIONS:
            bench.training(example, precision)
    for rows in bench.sizes.rows:
        bench.solver(rows)
    for example in EXAMPLES:
        bench.inference(example)
    facts = machine.facts("torch", *(library for library in ("botorch",) if has(library)))
    facts |= {"device": torch.cuda.get_device_name() if bench.on_gpu else "cpu", "tests": tests}
    print(*(f"{key}: {value}" for key, value in facts.items()), sep="\n")
    print(f"{time.perf_counter() - started:.0f} s in all")
    if measures:
        machine.write([{**row, **facts} for row in bench.table], "gpu")
    sys.exit(0 if well else f"the tests on the device failed: {tests}")


if __name__ == "__main__":
    main()
