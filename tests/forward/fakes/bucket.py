"""A storage of objects, and a reader of deltas, as somebody would write it from docs/partners/files.md.

Switches: `trouble(...)`, `there`, `allowed`.
"""

import json

from tests.forward.fakes.switched import Switched


class Bucket(Switched):
    def __init__(self):
        super().__init__()
        self.objects, self.there, self.allowed = {}, True, True

    def answer(self, method, url, headers, body, now):
        assert (method, headers) == ("PUT", {"content-type": "application/x-ndjson"})
        if not self.there:
            return 404, {}, b""
        if not self.allowed:
            return 403, {}, b""
        assert self.objects.setdefault(url, body) == body
        return 200, {}, b""

    def lines(self):
        """All changes in their order."""
        return [json.loads(line) for name in sorted(self.objects) for line in self.objects[name].splitlines()]

    def members(self, connection, identity):
        """Values of an identity of all members."""
        found = [line["IdentityValues"].get(identity, []) for line in self.users(connection).values()]
        return {value for values in found for value in ([values] if isinstance(values, str) else values)}

    def users(self, connection):
        """{mpid: line} of all members."""
        held = {}
        for line in self.lines():
            if line["ConnectionId"] == connection:
                held.pop(line["MPID"], None)
                held |= {line["MPID"]: line} if line["IsAddRequest"] else {}
        return held

    def name(self, connection):
        return [line["AudienceName"] for line in self.lines() if line["ConnectionId"] == connection][-1]
