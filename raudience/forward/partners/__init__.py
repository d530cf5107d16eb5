"""The partners, by id. A new one is a file and a line here, a fake in tests/forward/fakes, a page in docs/partners."""

from __future__ import annotations

from typing import Final

from raudience.forward.partner import Partner
from raudience.forward.partners.files import Files
from raudience.forward.partners.firehose import Firehose
from raudience.forward.partners.webhook import Webhook
from raudience.forward.partners.x import X

__all__ = ["PARTNERS"]

PARTNERS: Final[dict[str, Partner]] = {partner.id: partner for partner in (Files(), Firehose(), Webhook(), X())}
