"""One connection at work: it follows the changes of its audience, looks at users, sends, and keeps its log.

What decides is `forward.connection`; here are time, requests and the log. A step does one thing, so several connections
of an output take turns, and a fault of one holds up no other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Final, assert_never

import msgspec

from raudience.clock import HOUR, SECOND
from raudience.cluster.calling import Calls, Surroundings
from raudience.cluster.keeping import Keeper
from raudience.cluster.keepsakes import Failpoint, no_failure
from raudience.cluster.ledgers import fresh, read_back
from raudience.cluster.snapshotting import due, write
from raudience.cluster.sources import Source, in_pieces
from raudience.collector import uncollected
from raudience.errors import FixStore
from raudience.forward.connection import EnsureList, Look, Send, Wait
from raudience.forward.entries import Entry, Faulted, Filling, Heard, Listed, Lost, Rechecked, Resumed, Snapped
from raudience.forward.figures import Figures, Tally
from raudience.forward.gathering import Gathering
from raudience.forward.keeping import snapshot
from raudience.forward.kinds import NO_ANSWER, BadItems, Done, Failure, GoneAtPartner, OurBug, Outcome, Partly, Retry
from raudience.forward.partner import Forwarded, Partner, Request, RequestKind, Response
from raudience.forward.planning import Batch
from raudience.forward.retrying import next_attempt

__all__ = ["Forwarder", "Link"]

_LOG: Final = logging.getLogger(__name__)
_REFRESH: Final = HOUR
"""Milliseconds between two looks for members whom the partner would forget."""
_TRUSTED: Final = SECOND
"""Milliseconds after writing for which a log is taken to be ours still."""


class Link(msgspec.Struct, frozen=True):
    """What a connection joins. name: what outputs call the audience or its variation. settings: of the output, opened,
    and of the connection. audience: its key. flush: milliseconds for which changes are gathered. recheck, resend: when
    it was asked that everybody be looked at, and that all be sent anew. attributes: of users, that go along. Whatever
    is in it may change: the next step does as it says now."""

    id: str
    name: str
    settings: dict[str, str | bool | int]
    audience: str = ""
    variation: str | None = None
    flush: int = 0
    recheck: int = 0
    resend: int = 0
    attributes: tuple[str, ...] = ()

    @property
    def forwarded(self) -> Forwarded:
        return Forwarded(self.id, self.audience, self.variation, self.name)


class Forwarder:
    """A connection with its log. keeper: None keeps it in memory alone. failpoint: see `keepsakes.Failpoint`."""

    def __init__(
        self,
        link: Link,
        partner: Partner,
        source: Source,
        world: Surroundings,
        keeper: Keeper[Entry] | None = None,
        failpoint: Failpoint = no_failure,
    ) -> None:
        self.link, self._partner, self._source, self._world, self._keeper = link, partner, source, world, keeper
        self._failpoint = failpoint
        self.connection = fresh(partner, link.settings)
        self._written, self._wrote_at = 0, 0
        self._refreshed = 0
        self._gathering = Gathering()
        self._attempts, self._waits, self._leaves = 0, 0, False
        self.tally = Tally()
        self._calls = Calls(partner, world, self.tally, failpoint)
        if keeper is not None:
            keeper.take_over()
            self._written = read_back(self.connection, keeper)
        if not self.connection.position or self._is_asked():
            self.refill()

    def refill(self) -> None:
        """Look at all members and at all whom the partner holds: at the beginning, when settings have changed, and when
        somebody asks for it."""
        position = self._source.position()
        held = {mpid for held in self.connection.held.values() for mpid in held.users()}
        everybody = dict.fromkeys((*self._source.members(), *sorted(held)))
        self._note(Filling(some) for some in in_pieces(list(everybody)))
        self._note([Heard(max(position, 1), ())])
        if self._is_asked():
            # With the last of all: who dies before does everything again.
            again = self.link.resend > self.connection.rechecked
            self._note([Rechecked(self.link.recheck, again, self.link.attributes)])

    def change(self, link: Link) -> None:
        """Do as the link says now."""
        other, self.link = link.settings != self.link.settings, link
        if other:
            self.connection.configure(link.settings, self._partner.bounds(link.settings))
        if other or self._is_asked():
            self.refill()

    def leave(self, link: Link, source: Source) -> None:
        """Nobody is a member any longer: what is left is to say so downstream, as the link says now."""
        self.link, self._source, self._leaves = link, source, True

    def resume(self) -> None:
        """The cause of a fault is gone, somebody says; what is gone at the partner is made again."""
        self._attempts, self._waits = 0, 0
        if any(self.connection.refused.values()):
            self.refill()
        # With the last of all: who dies before does everything again.
        self._note([Resumed()])

    def work(self) -> int | None:
        """Do one thing; the instant of the next, None when there is nothing to do before something happens."""
        now, self._calls.throttled = self._world.clock(), False
        following = self._step(now)
        self._count(following, now)
        return following

    def _step(self, now: int) -> int | None:
        if self.connection.fault is not None:
            return None
        self._hear()
        self._forget()
        self._refresh(now)
        if now < self._waits:
            return self._waits
        if (renamed := self._misnamed()) is not None:
            return self._rename(renamed, now)
        if (snapshot := due(self._partner, self.connection, self.link.settings, now)) is not None:
            return self._snap(snapshot, now)
        due_at = self._gathered(now)
        step = self.connection.next(now, due_at <= now)
        match step:
            case EnsureList():
                return self._ensure(step.kind, now)
            case Look():
                self._failpoint("before looking")
                with uncollected():
                    self._note(self.connection.planned(self._source.standings(step.mpids), now))
                self._gathering.see(self.connection.unseen)
                self._failpoint("after noting what is sent")
                return now
            case Send():
                return self._send(now)
            case Wait(None) if due_at > now and self.connection.fault is None:
                return due_at
            case Wait():
                return step.until
            case _:
                assert_never(step)

    @property
    def waits(self) -> int:
        """The instant before which nothing is asked of the partner again."""
        return self._waits

    def figures(self, output: str, now: int) -> Figures:
        """What operators see."""
        missed, until = max((self._attempts, self._waits), self.connection.missed, key=lambda each: each[1])
        waiting = self.tally.waiting(missed, until, now)
        return self.tally.figures(self.link.forwarded, output, self.connection, now, waiting)

    def end(self, at: int) -> bool:
        """Do downstream what the partner's policy says of an audience that was deleted at an instant; whether all of it
        is done. What is gone already is done; nothing is as long as there is a fault, or something to wait for."""
        if self._partner.deletes == "keep":
            return True
        now, at = self._world.clock(), max(at, self.connection.planned_at + 1)
        if self.connection.fault is not None or now < self._waits:
            return False
        for list_id in {listed.list_id: None for listed in self.connection.lists.values()}:
            request = self._partner.delete_list(self.link.settings, list_id, at)
            if (ready := self._calls.ready(request.kind, now=now)) > now:
                self._waits = ready
                return False
            answer = self._asked(request, now)
            outcome = NO_ANSWER if answer is None else self._partner.read_done(answer)
            if isinstance(outcome, GoneAtPartner) or not isinstance(outcome, Failure):
                self._attempts = 0
                lists = list(self.connection.lists.items())
                self._failpoint("after deleting a list")
                self._note([Lost(kind) for kind, listed in lists if listed.list_id == list_id])
            else:
                self._missed(outcome, now, request.kind)
                return False
        return True

    def _forget(self) -> None:
        """Users were erased: when they are nowhere downstream, nothing of them stays in what was written before."""
        connection, erased = self.connection, self._source.erased()
        heard = connection.position >= self._source.position()
        if self._keeper is None or erased <= connection.forgotten or connection.backlog or not heard:
            return
        connection.forget(erased)
        # A snapshot of this very position may hold what was refused.
        self._note([Heard(connection.position, ())])
        try:
            self._keeper.purge(self._written, [snapshot(connection)], self._written)
        except FixStore as error:
            connection.forget(0)
            _LOG.warning("connection %s: erased users are not purged from its log yet: %s", self.link.id, error)

    def close(self) -> None:
        if self._keeper is not None:
            self._keeper.close()

    def _is_asked(self) -> bool:
        return self.link.recheck > self.connection.rechecked or self.link.attributes != self.connection.attributes

    def _gathered(self, now: int) -> int:
        """The instant at which users to whom something has happened have been gathered for long enough, or fill a
        request."""
        unseen = self.connection.unseen
        return self._gathering.due(unseen, now, 0 if unseen >= self.connection.limits.items else self.link.flush)

    def _hear(self) -> None:
        before = self.connection.position
        if (heard := self._source.heard(before)) is None:
            self.refill()
            return
        reached, mpids = heard
        if reached > before:
            # The position moves with the last entry: who dies in between hears everything again.
            self._note([*(Heard(before, some) for some in in_pieces(mpids)), Heard(reached, ())])

    def _refresh(self, now: int) -> None:
        lasts = self._partner.refresh
        if lasts is not None and now - self._refreshed >= _REFRESH:
            self._refreshed = now
            old = {m for held in self.connection.held.values() for m in held.sent_before((now - lasts) // SECOND)}
            self._note(Filling(some) for some in in_pieces(sorted(old)))

    def _misnamed(self) -> Listed | None:
        """A list that is called otherwise than its audience; what is left of one that is no more is not renamed."""
        lists = () if self._leaves else self.connection.lists.values()
        return next((each for each in lists if each.name != self._name(each.kind)), None)

    def _name(self, kind: str) -> str:
        return self._partner.list_name(self.link.name, kind)

    def _rename(self, listed: Listed, now: int) -> int:
        name, own = self._name(listed.kind), self._partner.own_list(self.link.forwarded)
        if own is not None:
            self._note([Listed(listed.kind, own, name)])
            return now
        if (ready := self._calls.ready("write", now=now)) > now:
            return ready
        outcome = self._renamed(listed, name, now)
        if isinstance(outcome, OurBug | BadItems) and self._found(name, now) in self._world.others():
            # Of two that exchange their names one has to step aside.
            aside = f"{name} {self.link.id[:8]}"
            outcome = self._taken() if listed.name == aside else self._renamed(listed, aside, now)
            name = aside
        if isinstance(outcome, Failure):
            return self._missed(outcome, now, "write")
        self._attempts = 0
        self._failpoint("after renaming a list")
        self._note([Listed(listed.kind, listed.list_id, name)])
        return now

    def _renamed(self, listed: Listed, name: str, now: int) -> Outcome:
        answer = self._asked(self._partner.rename_list(self.link.settings, listed.list_id, name), now)
        return NO_ANSWER if answer is None else self._partner.read_done(answer)

    def _found(self, name: str, now: int) -> str | Failure | None:
        answer = self._asked(self._partner.find_list(self.link.settings, name), now)
        return NO_ANSWER if answer is None else self._partner.read_found(answer, name)

    def _taken(self) -> Failure:
        return Retry(0, "", "the list of this name is that of another connection, which has not renamed it yet")

    def _ensure(self, kind: str, now: int) -> int:
        """Find the list of exactly that name and adopt it, unless it is that of another connection; or make one, if the
        partner keeps lists at all."""
        name = self._name(kind)
        if (own := self._partner.own_list(self.link.forwarded)) is not None:
            self._note([Listed(kind, own, name)])
            return now
        if (ready := self._calls.ready("read", "write", now=now)) > now:
            return ready
        asked: RequestKind = "read"
        found = self._found(name, now)
        if isinstance(found, str) and found in self._world.others():
            found = self._taken()
        if found is None:
            asked = "write"
            answer = self._asked(self._partner.create_list(self.link.settings, name), now)
            found = NO_ANSWER if answer is None else self._partner.read_created(answer)
            self._failpoint("after making a list")
        if isinstance(found, str):
            self._attempts = 0
            self._note([Listed(kind, found, name)])
            self._failpoint("after listing")
            return now
        return self._missed(found, now, asked)

    def _send(self, now: int) -> int:
        if (ready := self._calls.ready("members", now=now)) > now:
            return ready
        self._prove(now)
        sends = self.connection.together(self._calls.room("members", now))
        settings = self.link.settings
        requests = [
            self._partner.send(settings, each.list_id, each.batch.kind, each.batch.items, each.batch.at)
            for each in sends
        ]
        for each, answer in zip(sends, self._calls.ask_all(requests, settings, now), strict=True):
            self._judge(each.batch, answer)
        return now

    def _judge(self, batch: Batch, answer: Response | None) -> None:
        outcome: Outcome = NO_ANSWER if answer is None else self._partner.read_sent(answer, batch.items)
        if isinstance(outcome, Done | Partly):
            self.tally.take(len(batch.items if isinstance(outcome, Done) else outcome.taken), self._world.clock())
        self._calls.heed(outcome.failure if isinstance(outcome, Partly) else outcome, "members")
        with uncollected():
            self._note(self.connection.judged(batch, outcome, self._world.clock(), self._world.chance()))
        self._failpoint("after acknowledging")

    def _snap(self, at: int, now: int) -> int:
        """Write the snapshot that is due at an instant."""
        if (ready := self._calls.ready("members", now=now)) > now:
            return ready
        self._prove(now)
        failure = write(self._partner, self.connection, self.link.settings, self._calls, now)
        if failure is not None:
            return self._missed(failure, now, "members")
        self._attempts = 0
        self._note([Snapped(at)])
        return now

    def _prove(self, now: int) -> None:
        """Who has waited writes before asking anything: raises Superseded when another has sent meanwhile."""
        if self._keeper is not None and not 0 <= now - self._wrote_at <= _TRUSTED:
            self._note([Heard(self.connection.position, ())])

    def _asked(self, request: Request, now: int) -> Response | None:
        self._prove(now)
        return self._calls.ask(request, self.link.settings, now)

    def _missed(self, failure: Failure, now: int, kind: RequestKind) -> int:
        """What is no change of members has failed: try again, or fault."""
        self._calls.heed(failure, kind)
        at = next_attempt(failure, self._attempts, now, self._world.chance())
        self._attempts += 1
        if at is None:
            self._note([self.connection.stopped(failure, now)])
            return now
        self._waits = at
        return at

    def _count(self, following: int | None, now: int) -> None:
        deaf = self.connection.fault is not None and self._source.position() > self.connection.position
        self.tally.be_deaf(now if deaf else None)
        self.tally.hear(*self.connection.counts, now)
        self.tally.turn(following, now, self._calls.throttled)

    def _note(self, entries: Iterable[Entry]) -> None:
        """Make entries durable, then true."""
        noted = list(entries)
        if self._keeper is not None and noted:
            self._failpoint("before append")
            under_way = [self._keeper.submit(entry) for entry in noted]
            self._failpoint("while appending")
            self._written = [each.result() for each in under_way][-1]
            self._wrote_at = self._world.clock()
            self._failpoint("after append")
        for entry in noted:
            self.connection.apply(entry)
            if isinstance(entry, Faulted):
                _LOG.error(
                    "connection %s is faulted: %s", self.link.id, type(entry.failure).__name__,
                    extra={"status": entry.failure.status, "code": entry.failure.code},
                )  # fmt: skip
        if self._keeper is not None and self._keeper.due():
            self._failpoint("before snapshot")
            contents = self._watched(snapshot(self.connection))
            self._keeper.keep(self._written, contents, lambda: self._failpoint("after snapshot"))

    def _watched(self, contents: bytes) -> Iterator[bytes]:
        yield contents
        self._failpoint("during snapshot")
