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
        held = set()
        for line in self.lines():
            if line["ConnectionId"] == connection and identity in line["IdentityValues"]:
                (held.add if line["IsAddRequest"] else held.discard)(line["IdentityValues"][identity])
        return held

    def name(self, connection):
        return [line["AudienceName"] for line in self.lines() if line["ConnectionId"] == connection][-1]
