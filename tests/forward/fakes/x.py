"""A fake of X: its login, ads accounts, custom audiences and their users, over the wire as X speaks it.

`FakeX()(method, url, headers, body, now)` gives `(status, headers, body)` or raises Lost; time is what the caller says.
It has an app `ck` with secret `cs`, a user `u1` with token `tk` and secret `ts`, and an ads account `18ce54d4x5t` that
the user administers. Nothing of raudience is in it.

Switches: `trouble(...)` for the next requests, `apps`, `tokens`, `roles`, `slow`, `account_headers`, `error_form`,
`too_large`, `most_users`, `match`, `delete_by_hand`, `revoke`.
"""

import json
import re
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import chain
from urllib.parse import parse_qs, unquote, urlsplit

from tests.forward.fakes.wire import Lost
from tests.forward.fakes.x_access import Access, Refused, query_of
from tests.forward.fakes.x_lists import Audience, Bad, months_later, operations_of, read_operation

ACCOUNT = "18ce54d4x5t"
MINUTE = 60_000
LIMITS = {"users": (1_500, MINUTE), "write": (450, MINUTE), "read": (2_000, 15 * MINUTE), "counted": (200, 15 * MINUTE),
          "accounts": (5, 15 * MINUTE)}  # fmt: skip
PATHS = (
    ("GET", r"accounts", "accounts"),
    ("GET", r"accounts/([^/]+)/authenticated_user_access", "user_access"),
    ("GET", r"accounts/([^/]+)/custom_audiences", "list_audiences"),
    ("POST", r"accounts/([^/]+)/custom_audiences", "create_audience"),
    ("GET", r"accounts/([^/]+)/custom_audiences/([^/]+)", "get_audience"),
    ("PUT", r"accounts/([^/]+)/custom_audiences/([^/]+)", "put_audience"),
    ("DELETE", r"accounts/([^/]+)/custom_audiences/([^/]+)", "delete_audience"),
    ("GET", r"accounts/([^/]+)/custom_audiences/([^/]+)/targeted", "targeted"),
    ("POST", r"accounts/([^/]+)/custom_audiences/([^/]+)/users", "users"),
    ("POST", r"accounts/([^/]+)/do_not_reach_lists", "create_do_not_reach"),
    ("POST", r"batch/accounts/([^/]+)/do_not_reach_lists/([^/]+)/users", "do_not_reach"),
)
OPEN = "<html><body>Authorize the app?<form method=post><button>Authorize</button>"


@dataclass
class Trouble:
    """What happens to a request instead of, or after, being carried out."""

    status: int = 0
    code: str | int = ""
    headers: dict = field(default_factory=dict)
    body: bytes | None = None
    applied: bool = False
    lost: bool = False
    counts: tuple | None = None
    where: str = ""
    times: int = 1


class FakeX(Access):
    slow = 0
    account_headers = False
    error_form = "list"
    too_large = 413
    most_users = 2_500
    match = 0.5

    def __init__(self):
        super().__init__()
        self.names = {ACCOUNT: "Ann's shop"}
        self.roles = {(ACCOUNT, "u1"): ["ACCOUNT_ADMIN"]}
        self.audiences = {}
        self.campaigns = {}
        self.do_not_reach_lists = {}
        self.troubles = []
        self.windows = {}
        self.requests = []

    # What tests look at and do.

    def audience(self, name, account=ACCOUNT):
        """The list of this name."""
        return next(
            one for one in self.audiences.values() if (one.name, one.account, one.deleted) == (name, account, False)
        )

    def lists(self, account=ACCOUNT):
        """Names of the lists that there are."""
        return sorted(one.name for one in self.audiences.values() if one.account == account and not one.deleted)

    def members(self, name, now, account=ACCOUNT):
        """Values of all keys of who is on a list."""
        return self.audience(name, account).members(now)

    def trouble(self, status=0, code="", *, times=1, where="", **more):
        """For the next `times` requests with `where` in their path. lost: the connection breaks, after it was carried
        out if applied. counts: success_count and total_count of the answer. body: in place of JSON."""
        self.troubles.append(Trouble(status, code, times=times, where=where, **more))

    def delete_by_hand(self, name, account=ACCOUNT):
        self.audience(name, account).deleted = True

    def revoke(self, token="tk"):
        del self.tokens[token]

    # The wire.

    def __call__(self, method, url, headers, body, now):
        url = self.whole(url)
        self.requests.append((method, url, body))
        trouble = self.next_trouble(urlsplit(url).path)
        if trouble and trouble.lost and not trouble.applied:
            raise Lost
        told = {"date": formatdate(now // 1000, usegmt=True)}
        if trouble and not trouble.applied and not trouble.counts:
            return self.failed(trouble, told)
        status, told, answer = self.answered(method, url, headers, body, now, told)
        if trouble and trouble.lost:
            raise Lost
        if trouble and trouble.counts:
            answer["data"] = dict(zip(("success_count", "total_count"), trouble.counts, strict=True))
        elif trouble:
            return self.failed(trouble, told)
        return status, told, answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    @staticmethod
    def whole(url):
        """A path that came through a local server belongs to the host that X has for it."""
        if url.startswith("/"):
            return f"https://{'api.x.com' if url.startswith('/oauth/') else 'ads-api.x.com'}{url}"
        return url

    def next_trouble(self, path):
        for trouble in self.troubles:
            if trouble.where in path:
                trouble.times -= 1
                self.troubles = [one for one in self.troubles if one.times]
                return trouble
        return None

    @staticmethod
    def failed(trouble, told):
        told |= {"content-type": "application/json" if trouble.body is None else "text/html", **trouble.headers}
        error = {"errors": [{"code": trouble.code, "message": f"{trouble.code} for a test"}]}
        return trouble.status, told, json.dumps(error).encode() if trouble.body is None else trouble.body

    def answered(self, method, url, headers, body, now, told):
        if urlsplit(url).netloc == "api.x.com":
            return self.login(method, url, headers, body, now, told)
        told |= {"content-type": "application/json;charset=utf-8", "x-current-api-version": "12"}
        try:
            user = self.user(method, url, headers, body, now)
            name, places = self.route(method, urlsplit(url).path)
            query = dict(query_of(url))
            self.spend(name, method, query, places, user, now, told)
            self.admit(places, user, method)
            answer = getattr(self, name)(user, query, *places, headers=headers, body=body, now=now)
        except Refused as refused:
            error = {"code": refused.code, "message": refused.message}
            return refused.status, told, {"errors": [error], "request": {"params": {}}, **refused.more}
        return 200, told, {"request": {"params": query}, **answer}

    @staticmethod
    def route(method, path):
        found = [
            (verb, name, match.groups()) for verb, shape, name in PATHS if (match := re.fullmatch(f"/12/{shape}", path))
        ]
        if not found:
            raise Refused(404, "ROUTE_NOT_FOUND")
        for verb, name, places in found:
            if verb == method:
                return name, [unquote(place) for place in places]
        raise Refused(405, "METHOD_NOT_ALLOWED")

    def spend(self, name, method, query, places, user, now, told):
        """Count a request, and tell what is left of both limits."""
        kind = (
            "users" if name == "users" else "accounts" if name == "accounts" else "read" if method == "GET" else "write"
        )
        most, length = LIMITS["counted" if kind == "read" and "with_total_count" in query else kind]
        owners = {"x-rate-limit": user, "x-account-rate-limit": places[0] if places else None}
        shown = owners if self.account_headers or method == "GET" else ["x-rate-limit"]
        over = [self.count((kind, most, owner), length, now, told if family in shown else {}, family)
                for family, owner in owners.items() if owner]  # fmt: skip
        if any(over):
            raise Refused(429, "TOO_MANY_REQUESTS", "Too Many Requests")

    def count(self, window, length, now, told, family):
        """Whether it is one too many."""
        reset, used = self.windows.get(window, (0, 0))
        reset, used = (reset, used) if now < reset else (-(-(now + length) // 1000) * 1000, 0)
        most = window[1]
        self.windows[window] = (reset, min(used + 1, most))
        told |= {f"{family}-limit": str(most), f"{family}-reset": str(reset // 1000),
                 f"{family}-remaining": str(max(most - used - 1, 0))}  # fmt: skip
        return used >= most

    def admit(self, places, user, method):
        roles = self.roles.get((places[0], user)) if places else ["none asked"]
        if not roles:
            raise Refused(403, "ACCOUNT_NOT_FOUND", "The account was not found")
        if method != "GET" and not set(roles) & {"ACCOUNT_ADMIN", "PARTNER_AUDIENCE_MANAGER"}:
            raise Refused(403, "ACTION_NOT_ALLOWED", "The user may not do this")

    # Calls.

    def accounts(self, user, query, **_):
        mine = [account for account, owner in self.roles if owner == user]
        return {"data": [{"id": one, "name": self.names[one], "approval_status": "ACCEPTED", "deleted": False}
                         for one in mine], "next_cursor": None}  # fmt: skip

    def user_access(self, user, query, account, **_):
        return {"data": {"user_id": user, "permissions": self.roles[account, user]}}

    def list_audiences(self, user, query, account, *, now, **_):
        wanted = query["custom_audience_ids"].split(",") if "custom_audience_ids" in query else self.audiences
        start, gone = query.get("q", "").lower(), query.get("with_deleted") == "true"
        found = [one for one in self.audiences.values()
                 if one.account == account and one.id in wanted and one.name.lower().startswith(start)
                 and (gone or not one.deleted)]  # fmt: skip
        first, count = int(query.get("cursor", "0")), int(query.get("count", "200"))
        if not 1 <= count <= 1000 or not 1 <= len(query.get("q", "q")) <= 255:
            raise Refused(400, "INVALID_PARAMETER")
        after = first + count
        page = {"data": [one.seen(now, self.match) for one in found[first:after]],
                "next_cursor": str(after) if after < len(found) else None}  # fmt: skip
        return page | ({"total_count": len(found)} if query.get("with_total_count") == "true" else {})

    def create_audience(self, user, query, account, *, now, **_):
        name = self.free_name(query, account)
        made = Audience(f"{len(self.audiences) + 1_000_000:x}", name, account, now, query.get("description", ""))
        self.audiences[made.id] = made
        return {"data": made.seen(now, self.match)}

    def free_name(self, query, account, audience=None):
        if not query.get("name"):
            raise Refused(400, "MISSING_PARAMETER", "name is needed")
        if any(one.name == query["name"] and one.account == account and not one.deleted and one is not audience
               for one in self.audiences.values()):  # fmt: skip
            raise Refused(400, "INVALID_PARAMETER", "The name is taken")
        return query["name"]

    def held(self, account, audience, with_deleted=False):
        found = self.audiences.get(audience)
        if found is None or found.account != account or (found.deleted and not with_deleted):
            raise Refused(404, "NOT_FOUND", "The audience was not found")
        return found

    def get_audience(self, user, query, account, audience, *, now, **_):
        return {"data": self.held(account, audience, query.get("with_deleted") == "true").seen(now, self.match)}

    def put_audience(self, user, query, account, audience, *, now, **_):
        found = self.held(account, audience)
        found.name = self.free_name(query, account, found) if "name" in query else found.name
        found.description = query.get("description", found.description)
        return {"data": found.seen(now, self.match)}

    def delete_audience(self, user, query, account, audience, *, now, **_):
        found = self.held(account, audience)
        found.deleted = True
        return {"data": found.seen(now, self.match)}

    def targeted(self, user, query, account, audience, **_):
        return {"data": self.campaigns.get(self.held(account, audience).id, []), "next_cursor": None}

    def users(self, user, query, account, audience, *, headers, body, now, **_):
        held = self.held(account, audience)
        if held.kind != "CRM":
            raise Refused(400, "INVALID_TAILORED_AUDIENCE_TYPE")
        total = self.carry_out(held, operations_of(headers, body, self.too_large), now)
        return {"data": {"success_count": total, "total_count": total}}

    def carry_out(self, held, operations, now):
        read = [self.tried(operation, now) for operation in operations]
        if any(isinstance(one, Bad) for one in read):
            raise Refused(400, "INVALID_PARAMETER", **self.operation_errors(operations, read))
        total = sum(len(users) for _, users, _, _ in read)
        if self.most_users and total > self.most_users:
            raise Refused(400, "REQUEST_TOO_COMPLEX", "Too many users")
        for kind, users, since, until in read:
            for keys in users:
                held.put(keys, since, until) if kind == "Update" else held.take(keys)
        held.touched = held.touched or now
        return total

    @staticmethod
    def tried(operation, now):
        try:
            return read_operation(operation, now)
        except Bad as bad:
            return bad

    def operation_errors(self, operations, read):
        """X documents that the index is that of the input, and not the form: `error_form` is list, object, users or
        none."""
        errors = [{"code": "INVALID_PARAMETER", "message": "This value is not valid", "parameter": one.parameter}
                  if isinstance(one, Bad) else None for one in read]  # fmt: skip
        users = [[error if one.user in (None, place) else None for place in range(len(operation["params"]["users"]))]
                 if isinstance(one, Bad) else [None] * len(one[1])
                 for operation, one, error in zip(operations, read, errors, strict=True)] \
            if self.error_form == "users" else []  # fmt: skip
        forms = {"list": [[error] if error else [] for error in errors], "object": errors, "users": [*chain(*users)]}
        return {} if self.error_form == "none" else {"operation_errors": forms[self.error_form]}

    def create_do_not_reach(self, user, query, account, *, now, **_):
        made = self.do_not_reach_lists.setdefault(account, Audience(f"{account}-dnr", "Do Not Reach", account, now))
        return {"data": {"id": made.id, "list_type": "DO_NOT_REACH", "description": query.get("description")}}

    def do_not_reach(self, user, query, account, audience, *, headers, body, now, **_):
        held = self.do_not_reach_lists.get(account)
        operations = operations_of(headers, body, self.too_large)
        if held is None or held.id != audience:
            raise Refused(404, "NOT_FOUND")
        if any(isinstance(one := self.tried(each, now), Bad) or one[3] > months_later(now) for each in operations):
            raise Refused(400, "INVALID_PARAMETER", "expires_at must be within 13 months")
        total = self.carry_out(held, operations, now)
        return {"data": [{"success_count": total, "total_count": total}]}

    # The login, on api.x.com.

    def login(self, method, url, headers, body, now, told):
        step = (method, urlsplit(url).path)
        try:
            match step:
                case ("POST", "/oauth/request_token"):
                    return 200, told, self.request_token(url, headers, body, now).encode()
                case ("POST", "/oauth/access_token"):
                    return 200, told, self.access_token(url, headers, body, now).encode()
                case ("GET" | "POST", "/oauth/authorize"):
                    return self.page(method, url, body, told)
        except Refused as refused:
            plain = not refused.code
            error = {"errors": [{"code": refused.code, "message": refused.message}]}
            return refused.status, told, refused.message.encode() if plain else error
        return 404, told, {"errors": [{"code": 34, "message": "Sorry, that page does not exist."}]}

    def page(self, method, url, body, told):
        """Authorize, or Cancel: a form with `cancel` in it."""
        name = dict(query_of(url)).get("oauth_token", "")
        if name not in self.waiting:
            return 400, told, b"<html><body>There is no such request."
        told["content-type"] = "text/html"
        if method == "GET":
            return 200, told, OPEN.encode()
        where = self.deny(name) if "cancel" in parse_qs(body.decode()) else self.allow(name)
        if where and where.startswith("http"):
            return 302, {**told, "location": where}, b""
        return 200, told, f"<html><body>PIN: <code>{where}</code>".encode()
