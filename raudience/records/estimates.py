"""How many users a definition would have, as a sample of the profiles says."""

from __future__ import annotations

import msgspec

__all__ = ["Estimate", "Estimates", "SampleCount"]


class SampleCount(msgspec.Struct, frozen=True):
    """What one shard finds for the audiences of a plan, in their order.

    population: profiles that it keeps; sampled: how many of them are in the sample; found: how many of those are in
    each audience; held: all that are in it, where the shard knows them anyway, else None. inputs: those that were seen.
    """

    population: int
    sampled: int
    found: tuple[int, ...]
    held: tuple[int | None, ...]
    inputs: tuple[str, ...] = ()


class Estimate(msgspec.Struct, frozen=True):
    """One figure. path: of the criterion in its audience (`criteria.of[0]`), "" for the whole.

    size: None when too few of the sample are in it (shown `~`). With a probability of 95 % the true size is from
    `least` to `most`; when `exact` both are the size. found: how many of the sample are in it.
    """

    path: str
    size: int | None
    least: int
    most: int
    found: int
    exact: bool = False


class Estimates(msgspec.Struct, frozen=True):
    """A whole audience and each of its criteria, estimated at one moment (`at`, in milliseconds).

    population: profiles that are kept; sampled: how many of them were looked at. warning: why nothing could be
    estimated, then there are no figures.
    """

    audience: str
    at: int
    population: int
    sampled: int
    figures: tuple[Estimate, ...]
    warning: str | None = None

    @property
    def stands_for(self) -> float:
        """How many of the population one sampled profile stands for."""
        return self.population / self.sampled if self.sampled else 0.0

    def of(self, path: str = "") -> Estimate:
        """The figure of a criterion, or of the whole. KeyError when there is none."""
        for figure in self.figures:
            if figure.path == path:
                return figure
        raise KeyError(path)
