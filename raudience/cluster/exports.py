"""What a client gives away of audiences: sizes of variations, downloads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from raudience.catalog.downloads import download_of
from raudience.cluster.downloads import Downloads, Tell
from raudience.cluster.engine import Engine
from raudience.cluster.listing import experiment_of, variation_sizes
from raudience.errors import FixRequest

__all__ = ["Exports"]


class Exports:
    """Variations and downloads of one engine."""

    _engine: Engine
    _by: str

    def variants(self, audience: str) -> dict[str, int]:
        """Users in each variation of the A/B test of an audience, Control last; without a test all are in Control."""
        return variation_sizes(self._engine, audience, experiment_of(self._engine, audience))

    def download(
        self,
        audiences: str | Sequence[str],
        identities: Sequence[str],
        out: str | os.PathLike[str],
        variations: Sequence[str] = (),
        sample: int | None = None,
        compressed: bool = True,
        tell: Tell = lambda job: None,
    ) -> Path:
        """Write members with their identities into a ZIP in a directory; its path. What is in it: `docs/downloads.md`.

        Raises FixDefinition with every fault of what is asked, FixRequest when the download failed or was cancelled.
        """
        keys = [audiences] if isinstance(audiences, str) else audiences
        asked = download_of(self._engine.catalog(), keys, identities, variations, sample, compressed)
        downloads = self.downloads(out)
        job = downloads.carry_out(downloads.request(asked, self._by).id, tell)
        if job.state != "ready":
            message = f"download {job.state}: {job.reason or 'as somebody wanted'}"
            raise FixRequest(message)
        return Path(out) / job.archive

    def downloads(self, folder: str | os.PathLike[str], keep: int | None = None) -> Downloads:
        """Downloads as jobs that others may see, go on with and cancel, kept in a directory with their archives. keep:
        how long after their end, in milliseconds; None: for ever."""
        return Downloads(self._engine, Path(folder), keep)
