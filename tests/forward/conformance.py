"""What every partner has to pass: a connection is driven against the fake of the partner, by the partner's own
functions, without sockets. tests/forward/test_conformance.py has the stories, tests/forward/cases.py the partners.
"""

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import msgspec

from raudience.forward.connection import Batch, Connection, EnsureList, Look, Send, Standing, Wait
from raudience.forward.entries import Filling, Heard, Listed, Resumed
from raudience.forward.kinds import Done, Failure, Retry
from raudience.forward.partner import Forwarded, Partner, Response

CONNECTION = "c1"
SIGNED = 1_700_000_000_000


@dataclass(frozen=True)
class Kind:
    """A kind of identity in stories. identity: our name; flag: the setting that switches it; sent: what the fake should
    hold for a value."""

    kind: str
    identity: str
    flag: str
    sent: Callable[[str], Any]


@dataclass(frozen=True)
class Case:
    """A partner and its fake. kinds: two, of which the first takes e-mail addresses and the second names.

    members(fake, name, kind, now): what the fake holds for an audience of that name. limit(fake, until): the next
    request is one too many, and the answer names the instant. shut(fake), open(fake): credentials are not valid any
    longer, and again. ended(fake, name): whether the audience is deleted there. forget(fake, name, kind): somebody
    removes it at the partner; None: nobody could tell. refuse(fake, value): from now on a value is not taken; None:
    everything is. names_instants: whether answers say from when on requests are taken again."""

    partner: Partner
    output: dict
    kinds: tuple[Kind, Kind]
    make: Callable[[], Any]
    members: Callable[..., set]
    limit: Callable[..., None]
    shut: Callable[..., None]
    open: Callable[..., None]
    ended: Callable[..., bool]
    forget: Callable[..., None] | None = None
    refuse: Callable[..., None] | None = None
    names_instants: bool = True

    def __repr__(self):
        return self.partner.id


class Killed(Exception):
    """The forwarder dies here."""


class World:
    """Users, one connection with its log, and the fake. items: the most in one request. kill: the forwarder dies when
    it passes its n-th point; points are before and after each request and before each entry of the log."""

    def __init__(self, case, items=None, kill=None):
        self.case, self.partner, self.fake = case, case.partner, case.make()
        defaults = {
            each.name: each.default for each in (*self.partner.output_settings, *self.partner.connection_settings)
        }
        self.settings = {**defaults, **case.output, **{kind.flag: True for kind in case.kinds}}
        bounds = self.partner.bounds(self.settings)
        self.limits = msgspec.structs.replace(bounds, items=items or bounds.items)
        self.name, self.now, self.position = "Big Spenders", SIGNED, 0
        self.users, self.log, self.refused = {}, [], set()
        self.passed, self.kill, self.cuts = 0, kill, []
        self.start()

    def start(self):
        """A forwarder that knows nothing but its log."""
        self.connection = Connection(
            self.partner.identities, self.limits, self.settings, self.partner.refresh, self.partner.whole
        )
        for entry in self.log:
            self.connection.apply(entry)

    @property
    def forwarded(self):
        return Forwarded(CONNECTION, "big-spenders", None, self.name)

    # What happens.

    def stands(self, mpid, *texts, member=True):
        """A user is a member or not, with an e-mail address, and a name if there is a second text."""
        identities = {kind.identity: (text,) for kind, text in zip(self.case.kinds, texts, strict=False)}
        self.users[mpid] = Standing(mpid, member, identities)
        self.position += 1
        self.note([Heard(self.position, (mpid,))])

    def leaves(self, mpid):
        self.users[mpid] = msgspec.structs.replace(self.users[mpid], member=False)
        self.position += 1
        self.note([Heard(self.position, (mpid,))])

    def switch(self, kind, on):
        self.settings = {**self.settings, kind.flag: on}
        self.connection.configure(self.settings, self.limits)
        self.note([Filling(tuple(self.users))])

    def rename(self, name):
        self.name = name
        for kind, listed in list(self.connection.lists.items()):
            new, own = self.partner.list_name(name, kind), self.partner.own_list(self.forwarded)
            if own is None:
                answer = self.ask(self.partner.rename_list(self.settings, listed.list_id, new))
                assert self.partner.read_done(answer) == Done()
            self.note([Listed(kind, own or listed.list_id, new)])

    def delete(self):
        """Do downstream what the policy says; whatever is asked is asked twice."""
        if self.partner.deletes != "keep":
            at = max(self.now, self.connection.planned_at + 1)
            for list_id in dict.fromkeys(listed.list_id for listed in self.connection.lists.values()):
                for _ in range(2):
                    answer = self.ask(self.partner.delete_list(self.settings, list_id, at))
                    assert self.partner.read_done(answer) == Done()

    def refuse(self, kind, text):
        self.refused.add((kind, text))
        self.case.refuse(self.fake, kind.sent(text))

    # What the forwarder does.

    def settle(self):
        """Work until there is nothing to do, or a fault."""
        for _ in range(1_000):
            try:
                if not self.step():
                    return
            except Killed:
                self.start()
        message = "it never comes to rest"
        raise AssertionError(message)

    def step(self):
        """Do one thing; False: there is nothing to do."""
        step = self.connection.next(self.now)
        match step:
            case Wait(None):
                return False
            case Wait(until):
                self.now = until
            case Look():
                found = [self.users.get(mpid, Standing(mpid, False, {})) for mpid in step.mpids]
                self.note(self.connection.planned(found, self.now))
            case EnsureList():
                self.ensure(step.kind)
            case Send():
                self.send(step)
        return True

    def ensure(self, kind):
        name = self.partner.list_name(self.name, kind)
        found = self.partner.own_list(self.forwarded)
        if found is None:
            found = self.read(self.partner.find_list(self.settings, name), self.partner.read_found, name)
        if found is None:
            found = self.read(self.partner.create_list(self.settings, name), self.partner.read_created)
        if isinstance(found, str):
            self.note([Listed(kind, found, name)])
        else:
            self.note(self.connection.judged(Batch(kind, (), (), ()), found, self.now, 0.5))

    def send(self, step):
        batch = step.batch
        request = self.partner.send(self.settings, step.list_id, batch.kind, batch.items, batch.at)
        outcome = self.read(request, self.partner.read_sent, batch.items)
        self.note(self.connection.judged(batch, outcome, self.now, 0.5))

    def read(self, request, read, *more):
        answer = self.ask(request)
        return Retry(0, "", "no answer") if answer is None else read(answer, *more)

    def ask(self, request):
        """The answer. None when the connection is cut, by the first of `cuts`: before the request arrives, or after.
        A request is signed anew each time, and a second passes."""
        self.now += 1_000
        self.point()
        cut = self.cuts.pop(0) if self.cuts else None
        if cut == "before":
            return None
        request = self.partner.sign(request, self.settings, f"n{self.now}", self.now)
        status, headers, body = self.fake(request.method, request.url, dict(request.headers), request.body, self.now)
        self.point()
        if cut == "after":
            return None
        told = {"date": formatdate(self.now // 1_000, usegmt=True), **headers}
        return Response(status, told, body)

    def note(self, entries):
        for entry in entries:
            self.point()
            self.log.append(entry)
            self.connection.apply(entry)

    def point(self):
        self.passed += 1
        if self.passed == self.kill:
            raise Killed

    # What must be so.

    @property
    def fault(self) -> Failure | None:
        return self.connection.fault and self.connection.fault.failure

    def resume(self):
        self.note([Resumed()])
        self.settle()

    def expected(self, kind):
        """What the partner should hold of a kind."""
        texts = {
            text
            for user in self.users.values()
            for text in user.identities.get(kind.identity, ())
            if user.member and self.settings[kind.flag] and (kind, text) not in self.refused and self.is_taken(user)
        }
        return {kind.sent(text) for text in texts}

    def is_taken(self, user):
        """Who takes users whole leaves out all of a user of whom something is refused."""
        texts = [(kind, text) for kind in self.case.kinds for text in user.identities.get(kind.identity, ())]
        return not self.partner.whole or self.refused.isdisjoint(texts)

    def members(self, kind):
        return self.case.members(self.fake, self.name, kind.kind, self.now)

    def check(self, *kinds):
        """The partner holds what it should, exactly, and nothing is left to do."""
        for kind in kinds or self.case.kinds:
            assert self.members(kind) == self.expected(kind)
        assert (self.fault, self.connection.backlog) == (None, 0)
