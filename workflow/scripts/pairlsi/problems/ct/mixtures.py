"""What lies in the procedural slices: kinds of bodies and mixtures of them.

The kinds and their numbers are our own, set by eye to resemble published reconstructions of Kiss et al., "2DeteCT -
A large 2D expandable, trainable, experimental Computed Tomography dataset", Scientific Data 10, 576 (2023).
"""

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class Kind:
    """What one sort of body may look like; ranges are drawn from uniformly.

    ``size`` is the long semi-axis in image widths, ``aspect`` short over long axis, ``density`` relative attenuation.
    The Fourier coefficients of the outline have magnitude ``roughness``·(k/2)^-``decay`` for k = 2…``harmonics``.
    ``mottle`` and ``grain`` are the relative amplitudes of coarse and fine texture. ``spots`` (contrast, threshold)
    adds seeds (> 0) or pores (< 0) where the fine noise exceeds the threshold in standard deviations. ``shell`` is the
    thickness of the wall of a hollow body over its short semi-axis, ``kernel`` the radius of what lies in it over the
    body's own (0: empty), ``kernel_density`` its attenuation.
    """

    size: Range
    aspect: Range
    density: Range
    roughness: float = 0.03
    harmonics: int = 5
    decay: float = 1.0
    bend: Range = (0.0, 0.0)
    mottle: float = 0.05
    grain: float = 0.03
    spots: tuple[float, float] | None = None
    shell: Range = (0.0, 0.0)
    kernel: Range = (0.0, 0.0)
    kernel_density: Range = (0.0, 0.0)


@dataclass(frozen=True)
class Mixture:
    """Proportions of kinds (weights need not add up to one), number of bodies, filler between them."""

    bodies: tuple[int, int]
    filler: Range
    pockets: float  # the coarse noise above which the filler leaves an air pocket, in standard deviations
    kinds: tuple[tuple[float, Kind], ...]


# fmt: off
ALMOND = Kind((0.085, 0.13), (0.50, 0.70), (0.40, 0.48), roughness=0.03, mottle=0.04, bend=(0.0, 0.1))
CASHEW = Kind((0.095, 0.13), (0.42, 0.50), (0.38, 0.46), roughness=0.05, bend=(0.30, 0.45), mottle=0.04)
RAISIN = Kind((0.045, 0.075), (0.60, 0.90), (0.52, 0.64), roughness=0.05, harmonics=9, decay=0.5, grain=0.10)
FIG = Kind((0.11, 0.17), (0.65, 0.90), (0.42, 0.54), roughness=0.06, harmonics=7, mottle=0.10, spots=(0.22, 1.2))
BANANA = Kind((0.10, 0.14), (0.70, 0.95), (0.30, 0.40), roughness=0.04, mottle=0.12, grain=0.06, spots=(-0.35, 1.5))
STONE = Kind((0.035, 0.09), (0.60, 0.95), (0.78, 0.95), roughness=0.07, harmonics=6, decay=0.8, mottle=0.04)
WALNUT = Kind((0.12, 0.16), (0.80, 0.95), (0.50, 0.60), roughness=0.05, harmonics=9, decay=0.6, grain=0.05,
              shell=(0.10, 0.16), kernel=(0.66, 0.80), kernel_density=(0.36, 0.44))
HAZELNUT = Kind((0.075, 0.105), (0.85, 1.00), (0.56, 0.66), roughness=0.02, mottle=0.03, shell=(0.16, 0.24),
                kernel=(0.48, 0.66), kernel_density=(0.40, 0.48))
PISTACHIO = Kind((0.075, 0.10), (0.60, 0.75), (0.62, 0.72), roughness=0.03, mottle=0.03, shell=(0.18, 0.26),
                 kernel=(0.3, 0.66), kernel_density=(0.38, 0.46))
APRICOT = Kind((0.10, 0.15), (0.75, 0.95), (0.36, 0.46), roughness=0.05, mottle=0.10, grain=0.05)
PEANUT = Kind((0.09, 0.13), (0.45, 0.60), (0.42, 0.50), roughness=0.05, bend=(0.0, 0.2), mottle=0.04)
PUMPKIN_SEED = Kind((0.075, 0.10), (0.28, 0.40), (0.44, 0.52), roughness=0.02, mottle=0.03, shell=(0.22, 0.30),
                    kernel=(0.66, 0.76), kernel_density=(0.46, 0.54))
CRANBERRY = Kind((0.06, 0.095), (0.55, 0.85), (0.58, 0.70), roughness=0.07, harmonics=8, decay=0.4, grain=0.12,
                 spots=(-0.6, 1.3))
PEBBLE = Kind((0.055, 0.10), (0.70, 1.00), (0.70, 0.88), roughness=0.04, mottle=0.10, spots=(0.12, 1.4))

MIXTURES = {
    "trail-mix": Mixture((10, 16), (0.09, 0.17), 1.7, (
        (3, ALMOND), (2, CASHEW), (3, RAISIN), (2, FIG), (2, BANANA), (2, STONE), (2, WALNUT), (1, HAZELNUT))),
    "ood": Mixture((9, 14), (0.08, 0.15), 1.5, (
        (3, APRICOT), (3, PEANUT), (2, CRANBERRY), (2, PEBBLE), (1, PISTACHIO), (1, PUMPKIN_SEED))),
}
# fmt: on
