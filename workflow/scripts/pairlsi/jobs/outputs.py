"""Results are written beside their place and renamed when whole, so that a finished one is never half-written.

A kill leaves at most a part beside, part-NAME, which the next try replaces.
"""

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)  # the disk, or what one may use of it


class BrokenLink(RuntimeError):
    """A result is to lie where a link leads, and there is no such place; the message names both and what to do."""


class DiskFull(RuntimeError):
    """There is no space left; the message names the file that was to be written and what to do."""


@contextmanager
def written(path: Path | str) -> Iterator[Path]:
    """Give the path of a file or folder to write; on success it becomes `path`, on an error it is removed.

    What lay at `path` stays whole until then. The given name ends as that of `path` does, for libraries that go by
    suffixes. Where `path` is a link, to another disk perhaps, the link stays and what it leads to is written.
    Raises DiskFull naming `path` where there is no space, BrokenLink where a link leads nowhere.
    """
    path = target(Path(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"part-{path.name}")
    remove(beside)
    try:
        with naming(path):
            yield beside
            flush(beside)
            if path.is_dir():  # no rename replaces a folder that holds something
                remove(path)
            beside.replace(path)
    except BaseException:
        clear(beside)
        raise


def save(content, path: Path | str) -> None:
    """`torch.save`, `written`: torch alone hides a full disk in an error of its own. Raises as `written` does."""
    import torch

    with written(path) as beside, beside.open(mode="wb") as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


def target(path: Path) -> Path:
    """Where what is written at `path` goes: to the end of a link that lies there."""
    if not path.is_symlink():
        return path
    end = Path(os.path.realpath(path))
    if end.is_symlink() or not end.parent.is_dir():
        raise BrokenLink(
            f"{path} is a link to {os.readlink(path)}, and there is no such folder to write to: mount the disk or make "
            f"the folder that it should lie in, or remove the link (rm {path}) and run again"
        )
    return end


@contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """Turn the error of a full disk, which names no file, into DiskFull naming `path`."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskFull(
            f"no space is left on the disk for {path}: make space (df -h {Path(path).parent} shows how much there is) "
            "and run again; finished jobs and the last checkpoint of training are kept"
        ) from error


def flush(path: Path) -> None:
    """Write a file, or every file of a folder, to the disk; some network disks say only now that they are full."""
    for file in [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]:
        with open(file, "rb") as opened:
            os.fsync(opened.fileno())


def clear(path: Path, tries: int = 40) -> None:
    """Remove what a failed attempt leaves, and what its threads write meanwhile: where one of zarr's meets a full disk,
    the others go on with their chunks for a moment. What stays after two seconds goes before the next attempt.
    """
    for _ in range(tries):
        with suppress(OSError):  # a thread has put something into a folder that was just emptied
            remove(path)
        time.sleep(0.05)
        if not path.exists():
            return


def remove(path: Path) -> None:
    """Remove a file or a folder with all that it holds, if it is there; of a link the link alone."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
