"""Image files in a folder of the user's: found through links, known by their content, whole and no longer changing."""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

QUIET = 2.0  # seconds without a change after which a folder counts as unpacked
BLOCK = 4096  # bytes read at the beginning, in the middle and at the end of a file to tell it from others
CODEC = "imagecodecs"  # the package with the decoders that tifffile lacks


class ImagesError(ValueError):
    """The images in a folder cannot be used as they are; the message says which and what to do."""


def folders(root: Path, name: re.Pattern) -> Iterator[Path]:
    """Yield every folder below `root`, links followed, whose whole name matches, by path; into those it does not look.

    A folder that links lead to again, as in a loop, is looked into once. Raises OSError for one that cannot be read,
    ImagesError for a link that leads nowhere, behind which images may be missed.
    """
    seen, waiting = set(), [root]
    while waiting:
        folder = waiting.pop()
        if folder != root and name.fullmatch(folder.name):
            yield folder
            continue
        status = folder.stat()
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            paths = sorted(folder.iterdir(), reverse=True)
            for path in paths:
                if path.is_symlink() and not path.exists():
                    raise ImagesError(f"{path} is a link that leads nowhere: mount the disk it leads to, or remove it")
            waiting += [path for path in paths if path.is_dir()]


def fingerprint(path: Path) -> dict:
    """What tells a file from others whatever its name and times: its "bytes" and a "digest" of parts of its content."""
    size = path.stat().st_size
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for start in (0, size // 2, max(size - BLOCK, 0)):
            file.seek(start)
            digest.update(file.read(BLOCK))
    return {"bytes": size, "digest": digest.hexdigest()[:12]}


def states(paths: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """Size in bytes and time of the last change, ns, of each file."""
    statuses = {str(path): path.stat() for path in paths}
    return {path: (status.st_size, status.st_mtime_ns) for path, status in statuses.items()}


def wait_until_quiet(paths: Iterable[Path]) -> None:
    """Where a file has changed within the last `QUIET` seconds, wait that long."""
    newest = max((path.stat().st_ctime for path in paths), default=0.0)
    if time.time() - newest < QUIET:  # also where the disk's clock is ahead
        time.sleep(QUIET)


def check_whole(path: Path) -> None:
    """Raise ImagesError unless a file is a TIFF with all the bytes that its first image should have."""
    from tifffile import TiffFile

    try:
        with TiffFile(path) as content:
            page = content.pages.first
            ends = [start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=True)]
        size = path.stat().st_size
    except OSError:
        raise
    except Exception as error:  # a damaged TIFF shows in whatever exception the parser happens to stumble upon
        raise _incomplete(path, error) from error
    if not ends or max(ends) > size:
        raise _incomplete(path, f"{size} bytes are there, {max(ends, default=0)} should be")


def read(path: Path) -> np.ndarray:
    """The image in a TIFF file.

    Raises FileNotFoundError if it is missing, ImagesError if it is no complete TIFF or compressed in a way that only a
    package can read that is not installed.
    """
    from tifffile import imread

    try:
        return imread(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; unpack its archive again") from None
    except Exception as error:  # see check_whole
        if isinstance(error, ImportError | NotImplementedError) or CODEC in str(error):
            raise ImagesError(
                f"{path} is compressed in a way that needs the package {CODEC} ({error}): install it (.venv/bin/pip "
                f"install {CODEC}), or store the images without compression"
            ) from error
        raise _incomplete(path, error) from error


def _incomplete(path: Path, why) -> ImagesError:
    return ImagesError(
        f"{path} is not a complete TIFF file ({why}): wait if its archive is still being unpacked, else unpack its "
        "archive again"
    )


def changes(before: Mapping[str, object], now: Mapping[str, object]) -> str:
    """What differs between two lists of files, in words: "700 are new (slice701 and 699 more), 1 is gone (slice2)"."""
    new, gone = [name for name in now if name not in before], [name for name in before if name not in now]
    changed = [name for name in now if name in before and now[name] != before[name]]
    told = []
    for names, one, many in ((new, "is new", "are new"), (gone, "is gone", "are gone"), (changed, *["changed"] * 2)):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            told.append(f"{len(names)} {one if len(names) == 1 else many} ({names[0]}{more})")
    return ", ".join(told)
