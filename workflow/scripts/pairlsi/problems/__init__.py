"""Forward problems: one module each, found by the name in the config.

A module `problems/NAME.py` offers `Settings`, a pydantic model whose field `name` is NAME, and `Problem`, made
from such settings. Arrays are numpy's, float32, the batch is axis 0. `draw` is called from several threads at
once. It has

    settings                            what it was made from
    x_shape, y_shape                    (C, H, W) of one sample of x and of y
    x_unit, y_unit                      their units
    missing_axis, missing_name, missing_count
                                        the axis of a batch of y that masks act on, what its rows are, how many
    mirrored                            whether rows go on past the ends as a parallel beam's views do
    x_axes, y_axes                      if it likes, names of the axes (C, H, W) of x and of y, for who opens the data
    shares_samples                      whether the splits are dealt out of one pool of files, so that their sizes
                                        interact; if so, `draw` keeps to what was dealt once, and there are
        folder                          where the files lie
        deal(seed, counts) -> dict      plain data, kept as data/images.json: the files as "images", name -> what tells
                                        one from others, and which sample of which split each is
        images() -> dict                the "images" of the folder as it is now
        take(dealt)                     draw from these; an error with a sentence where the folder has changed since
    archives, fetch()                   what to download, if anything ([]), and how
    draw(split, indices, seed, counts)  -> x (n, C, H, W), y (n, C, H, W), float32; `indices` are the samples wanted,
                                        `counts` the samples of each split; the same sample whatever else is drawn
    forward(x) -> y, adjoint(y) -> x    A without noise on the grid of x and its transpose, (N, C, H, W) each;
                                        only linear problems have the adjoint
    simulate(x) -> y                    the same on tensors, differentiable; only for the methods that simulate in
                                        every iteration (settings.MODEL_BASED)
"""

import importlib
import importlib.util

from pairlsi.settings import ConfigError, parse

ATTRIBUTES = ("settings", "x_shape", "y_shape", "x_unit", "y_unit", "missing_axis", "missing_name", "missing_count")
ATTRIBUTES += ("mirrored", "shares_samples", "archives", "draw", "forward")
OF_FILES = ("folder", "deal", "images", "take")  # of problems that share samples


def axes(problem) -> dict[str, tuple[str, str, str]]:
    """Names of the axes (C, H, W) of x and of y; where the problem says nothing they are of x or of y alone."""
    x, y = ("channel", "row", "column"), ["y_channel", "y_row", "y_column"]
    if problem.missing_name not in x:
        y[problem.missing_axis - 1] = problem.missing_name
    return {"x": tuple(getattr(problem, "x_axes", x)), "y": tuple(getattr(problem, "y_axes", y))}


def module(name):
    """The module of the problem called `name`. Raises ConfigError where there is none."""
    path = f"pairlsi.problems.{name}"
    if not (isinstance(name, str) and name.isidentifier() and importlib.util.find_spec(path)):
        raise ConfigError(f"there is no module workflow/scripts/pairlsi/problems/{name}.py")
    return importlib.import_module(path)


def create(given: dict, key: str = "problem"):
    """Return the problem that a config block describes; `key` is its place in the config.

    Raises ConfigError that names the key.
    """
    if "name" not in given:
        raise ConfigError(f"config key '{key}.name' is missing: see config.yaml for what it means")
    name = given["name"]
    try:
        found = module(name)
    except ConfigError as error:
        raise ConfigError(f"config key '{key}.name' is {name!r}: {error}") from None
    if not hasattr(found, "Problem"):
        raise ConfigError(f"config key '{key}.name' is {name!r}: that module is no problem, it has no class Problem")
    problem = found.Problem(parse(found.Settings, given, key))
    needed = (*ATTRIBUTES, *OF_FILES) if getattr(problem, "shares_samples", False) else ATTRIBUTES
    lacking = [attribute for attribute in needed if not hasattr(problem, attribute)]
    if lacking:
        raise ConfigError(f"config key '{key}.name' is {name!r}: its class Problem lacks {', '.join(lacking)}")
    return problem
