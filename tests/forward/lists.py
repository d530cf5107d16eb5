"""A small partner that speaks JSON over HTTP, and its server in memory: what every partner has, and no more."""

import json
from urllib.parse import urlsplit

from raudience.forward.kinds import (
    AskPermission,
    BadItems,
    Done,
    GoneAtPartner,
    OurBug,
    RateLimited,
    Retry,
    SignInAgain,
)
from raudience.forward.partner import IdentityRule, Limits, Partner, Request, Response, Setting

HOST = "https://lists.example"


class ListsPartner(Partner):
    """Lists of e-mail addresses in the clear and of telephone numbers."""

    id, name, docs = "lists", "Lists", f"{HOST}/docs"
    output_settings = (Setting("token", "Token", required=True, secret=True),)
    connection_settings = (Setting("emails", "Forward emails", "flag", True),)
    identities = (
        IdentityRule("email", ("email",), lambda _, value: value.strip().lower() or None, "none", "emails"),
        IdentityRule("phone", ("mobile_number",), lambda _, value: value if value.startswith("+") else None),
    )
    limits = Limits(items=3, bytes=1_000_000, requests=1_000, window=60_000)
    deletes = "delete"

    def list_name(self, forwarded, kind):
        return f"{forwarded} ({kind})"

    def find_list(self, settings, name):
        return Request("GET", f"{HOST}/lists", (("name", name),), kind="read")

    def read_found(self, response, name):
        if response.status != 200:
            return self._failure(response)
        found = json.loads(response.body)
        return found[0]["id"] if found else None

    def create_list(self, settings, name):
        return Request("POST", f"{HOST}/lists", (("name", name),), kind="write")

    def read_created(self, response):
        return json.loads(response.body)["id"] if response.status == 200 else self._failure(response)

    def rename_list(self, settings, list_id, name):
        return Request("PUT", f"{HOST}/lists/{list_id}", (("name", name),), kind="write")

    def delete_list(self, settings, list_id, at):
        return Request("DELETE", f"{HOST}/lists/{list_id}", kind="write")

    def read_done(self, response):
        return Done() if response.status in (200, 404) else self._failure(response)

    def send(self, settings, list_id, kind, items, now):
        body = [{"value": item.value.decode(), "add": item.add} for item in items]
        return Request("POST", f"{HOST}/lists/{list_id}/members", body=json.dumps(body).encode())

    def read_sent(self, response, items):
        return Done() if response.status == 200 else self._failure(response)

    def check(self, settings):
        return Request("GET", f"{HOST}/me", kind="read")

    def read_checked(self, response):
        return Done() if response.status == 200 else self._failure(response)

    def sign(self, request, settings, nonce, now):
        headers = (*request.headers, ("authorization", f"Bearer {settings['token']}"))
        return Request(request.method, request.url, request.query, headers, request.body, request.kind)

    def _failure(self, response):
        kinds = {401: SignInAgain, 403: AskPermission, 404: GoneAtPartner, 400: BadItems, 429: RateLimited, 503: Retry}
        return kinds.get(response.status, OurBug)(response.status, str(response.status), response.body.decode())


class ListsServer:
    """State of the partner. answers: what to answer instead, one request each; lost: requests that are carried out and
    whose answer is lost."""

    def __init__(self):
        self.names, self.members, self.made = {}, {}, 0
        self.answers, self.lost, self.requests = [], 0, []

    def __call__(self, request):
        self.requests.append((request.method, request.url))
        if self.answers:
            status = self.answers.pop(0)
            return None if status is None else Response(status, {}, b"as told")
        answer = self._answer(request)
        if self.lost:
            self.lost -= 1
            return None
        return answer

    def of(self, name):
        """Members of the list of a name."""
        (found,) = [self.members[each] for each, called in self.names.items() if called == name]
        return found

    def _answer(self, request):
        if dict(request.headers).get("authorization") != "Bearer good":
            return Response(401, {}, b"who are you")
        path = urlsplit(request.url).path.split("/")[2:]
        name = dict(request.query).get("name")
        match request.method, path:
            case "GET", []:
                found = [{"id": each} for each, called in self.names.items() if called == name]
                return Response(200, {}, json.dumps(found).encode())
            case "POST", []:
                self.made += 1
                self.names[str(self.made)], self.members[str(self.made)] = name, set()
                return Response(200, {}, json.dumps({"id": str(self.made)}).encode())
            case _, [list_id, *_] if list_id not in self.names:
                return Response(404, {}, b"no such list")
            case "PUT", [list_id]:
                self.names[list_id] = name
            case "DELETE", [list_id]:
                del self.names[list_id], self.members[list_id]
            case "POST", [list_id, "members"]:
                return self._take(self.members[list_id], json.loads(request.body))
        return Response(200, {}, b"{}")

    def _take(self, members, items):
        if any(item["add"] and item["value"] == "bad@x.com" for item in items):
            return Response(400, {}, b"something in it")
        for item in items:
            (members.add if item["add"] else members.discard)(item["value"])
        return Response(200, {}, b"{}")
