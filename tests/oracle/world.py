"""The world of the oracle: what arrived when, which book was in force, and who was in which audience."""

from tests.oracle.profiles import Settings, as_of
from tests.oracle.questions import ANSWERS, Scope, truth
from tests.oracle.reading import ACCOUNT, RefusedError, read
from tests.oracle.words import DAY, FOREVER, ages_of, duration, moment_of, span_of


class World:
    """Takes batches and books in the order of their instants, answers about any instant up to the last."""

    def __init__(self):
        self.books = []
        self.arrivals = {}
        self.kept = {}

    def define(self, book, at):
        """The book (a document as a dict) is in force from the end of this instant on."""
        self.books.append((at, book))
        self.kept.clear()

    def ingest(self, batches, at):
        """The batches take effect at this instant, in this order; return the positions of the refused ones."""
        refused = []
        for position, batch in enumerate(batches):
            try:
                arrival = read(batch, at, self.workspaces())
            except RefusedError:
                refused.append(position)
                continue
            self.arrivals.setdefault(arrival.mpid, []).append(arrival)
            self.kept.pop(arrival.mpid, None)
        return refused

    def workspaces(self):
        return {source["key"]: source.get("workspace", "default") for source in self.books[-1][1].get("inputs", ())}

    def profile(self, mpid, now):
        """What is known of the user at the end of the instant, None when nothing is."""
        if mpid not in self.kept:
            self.kept[mpid] = list(as_of(self.arrivals[mpid], settings_of(self.books[-1][1])))
        return next((profile for at, profile in reversed(self.kept[mpid]) if at <= now), None)

    def member(self, key, mpid, now, book=None):
        """Whether the user is in the audience at the end of the instant."""
        book = book or next(book for at, book in reversed(self.books) if at <= now)
        audience = audience_of(book, key)
        profile = self.profile(mpid, now)
        if audience is None or profile is None or not is_alive(profile, book, audience, now):
            return False
        return truth(audience["criteria"], profile, now, self.scope(book, audience, mpid, now))

    def scope(self, book, audience, mpid, now):
        return Scope(
            workspaces_of(book, audience), tuple(audience.get("inputs", ())), settings_of(book).lookback,
            lambda key: self.member(key, mpid, now, book),
        )  # fmt: skip

    def members(self, key, now):
        """MPIDs of the members at the end of the instant, ascending."""
        return sorted(mpid for mpid in self.arrivals if self.member(key, mpid, now))

    def changes(self, since, until):
        """All (at, audience, mpid, entered) with since < at <= until, ascending."""
        found = []
        for mpid in self.arrivals:
            before = {key: self.member(key, mpid, since) for key in self.keys()} if self.books[0][0] <= since else {}
            for at in self.instants(mpid, since, until):
                for key in self.keys():
                    is_in = self.member(key, mpid, at)
                    if is_in != before.get(key, False):
                        found.append((at, key, mpid, is_in))
                    before[key] = is_in
        return sorted(found)

    def keys(self):
        return sorted({audience["key"] for _, book in self.books for audience in book["audiences"]})

    def instants(self, mpid, since, until):
        """Every instant in (since, until] at which anything about this user could change."""
        steps = {0, 1}
        fixed = {at for at, _ in self.books}
        for _, book in self.books:
            settings = settings_of(book)
            steps |= {settings.retention or 0, settings.lookback or 0}
            for audience in book["audiences"]:
                lengths_in(audience["criteria"], steps, fixed)
        steps |= {step + 1 for step in steps}
        moments = fixed | {moment + step for moment in self.moments(mpid) for step in steps}
        first = self.books[0][0]
        return sorted(moment for moment in moments if since < moment <= until and moment >= first)

    def moments(self, mpid):
        """Every moment that the data of a user names."""
        for arrival in self.arrivals[mpid]:
            yield from (arrival.at, arrival.stamp)
            for event in arrival.events:
                yield event.time
                cells = [*event.custom.values(), *event.fields.values()]
                yield from (moment for moment in map(moment_of, cells) if moment is not None)
            for update in arrival.updates:
                moment = moment_of(update.cell)
                yield from [update.stamp] if moment is None else [update.stamp, moment]

    def flips_at(self, key, mpid, now):
        """The first instant after now at which the membership changes if nothing happens, None when it stays."""
        before = self.member(key, mpid, now)
        later = self.instants(mpid, now, FOREVER)
        return next((at for at in later if self.member(key, mpid, at) != before), None)


def settings_of(book):
    given = book.get("settings", {})

    def read_setting(name, otherwise):
        length = duration(given[name]) if name in given else otherwise
        return None if length is None or length >= FOREVER else length

    lookback = read_setting("lookback", 30 * DAY)
    return Settings(
        lookback=lookback,
        retention=read_setting("retention", lookback),
        remember_messages=read_setting("remember_messages", 2 * DAY) or FOREVER,
        remember_batches=read_setting("remember_batches", 30 * DAY) or FOREVER,
    )


def audience_of(book, key):
    return next((audience for audience in book["audiences"] if audience["key"] == key), None)


def workspaces_of(book, audience):
    """Workspaces of an audience: the ones it names, else all of the document."""
    of_document = dict.fromkeys(source.get("workspace", "default") for source in book.get("inputs", ()))
    return tuple(audience.get("workspaces") or of_document or ("default",))


def is_alive(profile, book, audience, now):
    """The user was active in the workspaces, is kept and has not opted out."""
    retention = settings_of(book).retention
    return (
        any(workspace in profile.workspaces for workspace in workspaces_of(book, audience))
        and (retention is None or profile.last >= now - retention)
        and profile.value(ACCOUNT, "status", "opted_out") != ("word", "true")
    )


def lengths_in(part, steps, fixed):
    """Gather every length of time and every calendar edge that a definition names."""
    if isinstance(part, dict):
        if part.get("op") and ages_of(part):
            steps |= set(ages_of(part))
        if part.get("op") and span_of(part):
            fixed |= set(span_of(part))
        for name in ("wait", "within"):
            if isinstance(part.get(name), str):
                steps.add(duration(part[name]))
        for value in part.values():
            lengths_in(value, steps, fixed)
    elif isinstance(part, list | tuple):
        for value in part:
            lengths_in(value, steps, fixed)


def leaves_of(criterion):
    """The criteria of a tree that ask something themselves."""
    if criterion["type"] in ANSWERS:
        yield criterion
    for part in criterion.get("of", ()) if isinstance(criterion.get("of"), list | tuple) else ():
        yield from leaves_of(part)
