"""Everything that is known of one user at one instant."""

from dataclasses import dataclass, field

from tests.oracle.words import ABSENT


@dataclass
class Settings:
    """Milliseconds; None: for ever."""

    lookback: int | None
    retention: int | None
    remember_messages: int
    remember_batches: int


@dataclass
class Profile:
    """first_seen: by workspace. cells: (workspace, namespace, name) -> (stamp, cell). last: latest activity,
    workspaces: those with activity."""

    last: int
    events: list = field(default_factory=list)
    first_seen: dict = field(default_factory=dict)
    cells: dict = field(default_factory=dict)
    device_ids: dict = field(default_factory=dict)
    workspaces: frozenset = frozenset()

    def value(self, workspace, namespace, name):
        return self.cells.get((workspace, namespace, name), (0, ABSENT))[1]


def as_of(arrivals, settings):
    """Yield (instant, profile) after each arrival of one user, in their order."""
    requests = {}
    messages = {}
    profile = None
    for arrival in arrivals:
        if is_repeated(requests, arrival.request, arrival.at, settings.remember_batches):
            continue
        if profile and settings.retention is not None and arrival.at > profile.last + settings.retention:
            profile = None
        profile = _with(profile or Profile(arrival.at), arrival, messages, settings)
        yield arrival.at, profile


def is_repeated(seen, key, at, span):
    """Whether the key was seen before; it is remembered to the end of the span of time after the one it was seen in."""
    if key is None:
        return False
    if key in seen and at // span - seen[key] // span <= 1:
        return True
    seen[key] = at
    return False


def _with(old, arrival, messages, settings):
    profile = Profile(
        max(old.last, arrival.at), list(old.events), dict(old.first_seen), dict(old.cells),
        {name: set(ids) for name, ids in old.device_ids.items()}, old.workspaces | {arrival.workspace},
    )  # fmt: skip
    fresh = [
        event
        for event in arrival.events
        if not is_repeated(messages, event.message, arrival.at, settings.remember_messages)
    ]
    profile.events.extend(fresh)
    sightings = [event.time for event in fresh] if arrival.events else [arrival.stamp]
    if sightings:
        before = profile.first_seen.get(arrival.workspace, arrival.at)
        profile.first_seen[arrival.workspace] = min(before, arrival.at, *sightings)
    for update in arrival.updates:
        _set(profile, update)
    return profile


def _set(profile, update):
    if update.namespace == "device_id":
        profile.device_ids.setdefault(update.name, set()).add(update.cell)
        return
    key = (update.workspace, update.namespace, update.name)
    if key not in profile.cells or update.stamp >= profile.cells[key][0]:
        profile.cells[key] = (update.stamp, update.cell)
