"""The partners that the stories are played with: a new one is one entry."""

from email.utils import formatdate

from raudience.forward.partners.files import Files
from raudience.forward.partners.firehose import Firehose
from raudience.forward.partners.webhook import Webhook
from tests.forward.cases_x import CASE as X
from tests.forward.conformance import CONNECTION, Case, Kind
from tests.forward.deliveries import Deliveries
from tests.forward.fakes.bucket import Bucket
from tests.forward.fakes.receiver import Receiver

PLAIN = tuple(Kind(name, name, f"forward_{name}", str) for name in ("email", "customer_id"))


def of_sink(fake, name, kind, now):
    return fake.members(CONNECTION, kind)


def limit_by_date(fake, until):
    fake.trouble(429, headers={"retry-after": formatdate(until // 1_000, usegmt=True)})


def setting(**values):
    """A switch of the fake."""
    return lambda fake, *_: [setattr(fake, name, value) for name, value in values.items()]


WEBHOOK = Case(
    Webhook(),
    {"address": "https://receiver.example/audiences", "secret": "s3cret", "source": "/shop"},
    PLAIN,
    Receiver,
    of_sink,
    limit_by_date,
    shut=setting(secret="another"),
    open=setting(secret="s3cret", gone=False),
    ended=lambda fake, name: [told["name"] for told in fake.deleted] == [name],
    forget=lambda fake, name, kind: (setting(gone=True)(fake), fake.forget()),
    refuse=lambda fake, value: fake.refused.add(value),
)

FILES = Case(
    Files(),
    {"folder": "s3://exports/audiences"},
    PLAIN,
    Bucket,
    of_sink,
    limit_by_date,
    shut=setting(allowed=False),
    open=setting(allowed=True),
    ended=lambda fake, name: False,
)

NAMES = {"email": "Email", "customer_id": "CustomerId"}

FIREHOSE = Case(
    Firehose(),
    {"delivery_stream_name": "audiences", "access_key_id": "AKID", "secret_access_key": "s3cret"},
    PLAIN,
    Deliveries,
    lambda fake, name, kind, now: fake.members("audiences", CONNECTION, NAMES[kind]),
    limit=lambda fake, until: fake.trouble(400, "ThrottlingException", times=3),
    shut=setting(keys=set()),
    open=setting(keys={"AKID"}),
    ended=lambda fake, name: (
        [record["AudienceName"] for record in fake.records("audiences") if "IsAudienceDeleted" in record] == [name]
    ),
    names_instants=False,
)

CASES = (WEBHOOK, FILES, FIREHOSE, X)
