"""X in the stories."""

import hashlib

from raudience.forward.partners.x import X
from tests.forward.conformance import Case, Kind
from tests.forward.fakes.x import ACCOUNT, FakeX
from tests.forward.fakes.x_lists import Bad


def hashed(text):
    return hashlib.sha256(text.lower().encode()).hexdigest()


class PickyX(FakeX):
    """X that does not take some values, though they look like hashes."""

    def __init__(self):
        super().__init__()
        self.refused, self.users_token = set(), self.tokens["tk"]

    def tried(self, operation, now):
        for place, user in enumerate(operation["params"]["users"]):
            if self.refused.intersection(*user.values()):
                return Bad("users", place)
        return super().tried(operation, now)


def members(fake, name, kind, now):
    name = f"{name} ({kind})"
    return fake.members(name, now) if name in fake.lists() else set()


CASE = Case(
    X(),
    {"account_id": ACCOUNT, "consumer_key": "ck", "consumer_secret": "cs", "token": "tk", "token_secret": "ts"},
    (Kind("email", "email", "forward_emails", hashed), Kind("handle", "twitter", "forward_twitter_handles", hashed)),
    PickyX,
    members,
    limit=lambda fake, until: fake.trouble(
        429, "TOO_MANY_REQUESTS", headers={"x-rate-limit-reset": str(until // 1_000)}
    ),
    shut=lambda fake: fake.revoke(),
    open=lambda fake: fake.tokens.update(tk=fake.users_token),
    ended=lambda fake, name: fake.lists() == [],
    forget=lambda fake, name, kind: fake.delete_by_hand(f"{name} ({kind})"),
    refuse=lambda fake, value: fake.refused.add(value),
)
