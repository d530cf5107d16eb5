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
    """first_seen: by workspace. cells: (workspace, namespace, name) -> (stamp, cell). last: latest activity."""

    last: int
    events: list = field(default_factory=list)
    first_seen: dict = field(default_factory=dict)
    cells: dict = field(default_factory=dict)
    device_ids: dict = field(default_factory=dict)

    def value(self, workspace, namespace, name):
        return self.cells.get((workspace, namespace, name), (0, ABSENT))[1]


def as_of(arrivals, settings):
    """Yield (instant, profile) after each arrival of one user, in their order."""
    requests = {}
    messages = {}
    profile = None
    for arrival in arrivals:
        key = arrival.request
        if key and key in requests and arrival.at - requests[key] <= settings.remember_batches:
            continue
        requests[key] = arrival.at
        if profile and settings.retention is not None and arrival.at > profile.last + settings.retention:
            profile = None
        profile = _with(profile or Profile(arrival.at), arrival, messages, settings)
        yield arrival.at, profile


def _with(old, arrival, messages, settings):
    profile = Profile(
        max(old.last, arrival.at), list(old.events), dict(old.first_seen), dict(old.cells),
        {name: set(ids) for name, ids in old.device_ids.items()},
    )  # fmt: skip
    seen = min([event.time for event in arrival.events] or [arrival.stamp])
    before = profile.first_seen.get(arrival.workspace, arrival.at)
    profile.first_seen[arrival.workspace] = min(before, seen, arrival.at)
    for event in arrival.events:
        if event.message is not None:
            first = messages.get(event.message)
            if first is not None and arrival.at - first <= settings.remember_messages:
                continue
            messages[event.message] = arrival.at
        profile.events.append(event)
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
