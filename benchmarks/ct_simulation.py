"""CT simulation: our batched projection against ASTRA image by image, with skimage.radon for reference.

Run: python benchmarks/ct_simulation.py [--repeats 5]. Same run, same images, one thread each; the contestants take
turns in every repeat, so that a busy machine slows all of them. Prints a table of medians and writes
benchmarks/results/ct_simulation.csv with the facts of the machine. Always exits 0; says which targets are met.

"ours" is CT.forward on a batch, float32 in and out, all copies included; making the matrix is timed apart. ASTRA gets
its best shot: projector, algorithm and data objects are made once, and images go in and sinograms come out through
views of ASTRA's own memory. The difference of the two is printed, relative to the maximum; skimage's discretisation
is another one.
"""

import argparse
import time
import warnings
from statistics import median

import machine  # first: it holds libraries to one thread

# isort: split
import astra
import numpy as np
import torch
from skimage.transform import radon

from pairlsi.problems import ct
from pairlsi.problems.ct.phantoms import phantom

ANGLES = 180
TARGETS = {128: 15, 256: 5}  # times as many images a second as ASTRA
IMAGES = {"ours": 128, "astra": 32, "skimage": 1}  # in one repeat: fewer of what is slower


def astra_one_by_one(size: int, bins: int):
    """A function images (n, size, size) -> sinograms (n, ANGLES, bins) that reuses everything ASTRA lets it reuse."""
    grid = astra.create_vol_geom(size, size)
    views = astra.create_proj_geom("parallel", 1.0, bins, np.arange(ANGLES) * np.pi / ANGLES)
    config = astra.astra_dict("FP")
    config["ProjectorId"] = astra.create_projector("line", views, grid)
    config["VolumeDataId"] = volume = astra.data2d.create("-vol", grid)
    config["ProjectionDataId"] = sinogram = astra.data2d.create("-sino", views)
    algorithm = astra.algorithm.create(config)
    inlet, outlet = astra.data2d.get_shared(volume), astra.data2d.get_shared(sinogram)

    def project(images: np.ndarray) -> np.ndarray:
        out = np.empty((len(images), ANGLES, bins), np.float32)
        for image, row in zip(images, out, strict=True):
            inlet[:] = image
            astra.algorithm.run(algorithm)
            row[:] = outlet
        return out

    return project


def skimage_one_by_one(images: np.ndarray) -> np.ndarray:
    degrees = np.arange(ANGLES) * 180 / ANGLES
    return np.stack([radon(image, degrees, circle=False).T for image in images])


def measure(size: int, repeats: int) -> list[dict]:
    settings = ct.Settings(image_size=size, angles=ANGLES, noise_level=0, oversampling=1, source={"kind": "phantoms"})
    problem = ct.CT(settings)
    images = np.stack([phantom(np.random.default_rng(i), size) for i in range(max(IMAGES.values()))])
    start = time.perf_counter()
    problem.forward(images[:1, None])
    preparation = time.perf_counter() - start
    contestants = {
        "ours": lambda images: problem.forward(images[:, None])[:, 0],
        "astra": astra_one_by_one(size, settings.bins),
        "skimage": skimage_one_by_one,
    }
    reference = contestants["astra"](images[:4]) / size  # ASTRA's unit of length is the pixel, ours the image width
    difference = np.abs(contestants["ours"](images[:4]) - reference).max() / reference.max()
    seconds = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, project in contestants.items():
            start = time.perf_counter()
            project(images[: IMAGES[name]])
            seconds[name].append((time.perf_counter() - start) / IMAGES[name])
    peer = median(seconds["astra"])
    return [
        {
            "size": size,
            "angles": ANGLES,
            "bins": settings.bins,
            "contestant": name,
            "images": IMAGES[name],
            "repeats": repeats,
            "images_per_second": round(1 / median(times), 2),
            "slowest": round(1 / max(times), 2),
            "fastest": round(1 / min(times), 2),
            "times_astra": round(peer / median(times), 3),
            "difference_from_astra": f"{difference:.1e}" if name == "ours" else "",
            "preparation_seconds": round(preparation, 2) if name == "ours" else "",
        }
        for name, times in seconds.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="of each measurement (default 5)")
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="Radon transform")  # skimage warns of pixels outside the circle
    facts = machine.facts("astra-toolbox", "numpy", "scipy", "torch", "scikit-image")
    print(*(f"{key}: {value}" for key, value in facts.items()), sep="\n")
    rows = []
    print("\n size contestant  images/s  slowest  fastest  x ASTRA  difference")
    for size in TARGETS:
        for row in measure(size, repeats):
            numbers = "{size:>5} {contestant:>10} {images_per_second:>9.1f} {slowest:>8.1f} {fastest:>8.1f}"
            print((numbers + " {times_astra:>8.2f} {difference_from_astra:>11}").format(**row))
            rows.append({**row, **facts})
    print()
    for row in rows:
        if row["contestant"] == "ours":
            target = TARGETS[row["size"]]
            verdict = "met" if row["times_astra"] >= target else "NOT met"
            print(
                f"{row['size']}: target at least {target} times ASTRA: {verdict}, {row['times_astra']:.1f} times;",
                end=" ",
            )
            print(f"making the matrix once: {row['preparation_seconds']} s")
    machine.write(rows, "ct_simulation")


if __name__ == "__main__":
    main()
