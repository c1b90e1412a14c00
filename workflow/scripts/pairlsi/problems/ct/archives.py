"""Archives of real images: fetched, checked and unpacked."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlparse

from pydantic import Field

from pairlsi.core.base import Strict
from pairlsi.jobs import outputs


class Archive(Strict):
    """One zip archive of the data set."""

    url: str = Field(pattern=r"^https?://.+\.zip(\?.*)?$", description="address of the zip archive")
    md5: str = Field(pattern=r"^[0-9a-f]{32}$", description="MD5 checksum, as the Zenodo record states it")


def unpack(archive: str | Path, folder: str | Path) -> None:
    """Unpack a zip archive into ``folder``, leaving out what lies there complete already.

    Raises ValueError, before anything is written, if a member would end up outside the folder.
    """
    root = Path(folder).resolve()
    with zipfile.ZipFile(archive) as content:
        members = [(member, (root / member.filename).resolve()) for member in content.infolist()]
        for member, target in members:
            if not target.is_relative_to(root):
                raise ValueError(
                    f"{archive} holds {member.filename!r}, which would be unpacked outside {root}; "
                    "this is no archive of 2DeteCT, do not use it"
                )
        for member, target in members:
            if not (target.is_file() and target.stat().st_size == member.file_size):
                content.extract(member, root)


def download(folder: str | Path, archives: Sequence[Archive | Mapping[str, str]]) -> None:
    """Fetch the archives (a few GB each) into ``folder`` unless they lie there, check their MD5, and unpack them there.

    Each archive is an ``Archive`` or a mapping of its keys. Raises ValueError (pydantic's ValidationError) for one
    without a checksum, before anything is fetched, and ValueError from pooch where a checksum does not match.
    """
    import pooch

    for archive in [Archive.model_validate(archive) for archive in archives]:
        name = Path(urlparse(archive.url).path).name
        with outputs.naming(Path(folder) / name):
            unpack(pooch.retrieve(archive.url, known_hash=f"md5:{archive.md5}", fname=name, path=folder), folder)
