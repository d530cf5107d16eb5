"""What people do in the shop of the sample: a visit is one batch of events through the web site or an app."""

from __future__ import annotations

import random
from typing import Any, Final

from sample_data.people import APPS, DAY, END, HOUR, SECOND, START, Json, Person, chance, location
from sample_data.shop import APP_RELEASES, CITIES, CRASHES, PRODUCTS, SCREENS, SEARCHES, Product

__all__ = ["goodbye", "life"]

INPUTS: Final = {"web": "shop-web", "iOS": "shop-app", "Android": "shop-app"}


class Upload:
    """One visit of one person through one channel: its events in order, then the batch that carries them."""

    def __init__(self, rng: random.Random, who: Person, channel: str, start: int) -> None:
        self.rng, self.who, self.channel, self.clock = rng, who, channel, start
        self.start, self.id = start, f"{rng.getrandbits(40):010x}"
        self.events: list[Json] = []

    def put(self, kind: str, seconds: float = 20, **data: Any) -> None:
        """An event now, then a pause of about `seconds`."""
        stamp = {"timestamp_unixtime_ms": self.clock, "source_message_id": f"{self.id}-{len(self.events)}"}
        self.events.append({"event_type": kind, "data": {**stamp, "session_uuid": self.id, **data}})
        self.clock += 200 + int(self.rng.expovariate(1 / (seconds * SECOND)))

    def commerce(self, action: str, products: list[Product], seconds: float = 25, **more: Any) -> None:
        bought = [
            {"id": item.sku, "name": item.name, "category": item.category, "brand": item.brand, "price": item.price,
             "quantity": quantity}
            for item, quantity in ((item, products.count(item)) for item in dict.fromkeys(products))
        ]  # fmt: skip
        act = {"action": action, **more, "products": bought}
        self.put("commerce_event", seconds, product_action=act, currency_code="EUR",
                 custom_attributes={"sku": products[0].sku})  # fmt: skip

    def release(self) -> Json:
        day = (self.start - self.who.lag - START) / DAY
        version = [release for release in APP_RELEASES if release.day <= max(day, 0)][-1]
        return {"application_name": "Harbour", "application_version": version.version,
                "application_build_number": version.build}  # fmt: skip

    def batch(self, delay: int) -> Json:
        rng, who = self.rng, self.who
        body: Json = {
            "api_key": INPUTS[self.channel],
            "mpid": who.mpid,
            "source_request_id": self.id,
            "timestamp_unixtime_ms": self.clock + delay,
            "environment": "production",
            "device_info": who.devices[self.channel],
            "events": self.events,
        }
        if self.channel in APPS:
            body["application_info"] = self.release()
        elif chance(rng, 0.3):
            body |= {"application_info": None, "integration_attributes": None, "deleted_user_attributes": None}
        if who.identities:
            body["user_identities"] = self.spelled(who.identities)
        return body | self.state()

    def spelled(self, known: Json) -> Json:
        """The apps send `customer_id`, this web site the `customerid` of an older tag."""
        name = "customerid" if self.channel == "web" else "customer_id"
        return {name if key == "customer_id" else key: value for key, value in known.items()}

    def state(self) -> Json:
        rng, who, first = self.rng, self.who, self.start == self.who.joined
        more: Json = {}
        if first or chance(rng, 0.2):
            more["user_attributes"] = dict(who.attributes)
        if who.consent and (first or chance(rng, 0.1)):
            more["consent_state"] = who.consent
        if first or chance(rng, 0.35):
            more["context"] = {"location": location(rng, rng.choice(CITIES) if chance(rng, 0.03) else who.city)}
        if who.spent and chance(rng, 0.3):
            more["calculated_attributes"] = {"lifetime_value": round(who.spent, 2)}
        return more


def visit(rng: random.Random, who: Person, channel: str, start: int) -> Upload:
    upload = Upload(rng, who, channel, start)
    upload.put("session_start", 1)
    if channel in APPS:
        app_start(upload)
        pushed(upload)
    upload.put("screen_view", screen_name=SCREENS[0], **({"custom_flags": None} if chance(rng, 0.1) else {}))
    browse(upload)
    shop(upload)
    chores(upload)
    finish(upload)
    return upload


def app_start(upload: Upload) -> None:
    """The first start is an install, the first start with another version an upgrade."""
    who, version = upload.who, upload.release()["application_version"]
    before = who.installed.get(upload.channel)
    who.installed[upload.channel] = version
    if before == version:
        return
    upload.put("application_state_transition", 1, application_transition_type="application_initialized",
               is_first_run=before is None, is_upgrade=before is not None)  # fmt: skip
    if before is None and who.campaign:
        publisher, campaign = who.campaign
        upload.put("custom_event", 2, event_name="attribution", custom_event_type="attribution",
                   custom_attributes={"publisher": publisher, "campaign": campaign})  # fmt: skip


def pushed(upload: Upload) -> None:
    """Some visits begin with a message on the lock screen."""
    if not chance(upload.rng, 0.08):
        return
    token = f"token-{upload.who.number}"
    upload.put("push_message", 1, push_message_token=token, push_message_type="action", network="apn",
               push_notification_payload="{}", push_message_behavior="DirectOpen")  # fmt: skip


def browse(upload: Upload) -> None:
    rng = upload.rng
    if chance(rng, 0.25):
        words = rng.choice(SEARCHES)
        upload.put("custom_event", event_name="Search", custom_event_type="search",
                   custom_attributes={"query": words, "results": rng.randrange(0, 12)})  # fmt: skip
    if chance(rng, 0.06):
        action = 1 if upload.channel == "web" else "view"
        shown = {"action": action, "promotions": [{"id": "spring", "position": "hero"}]}
        upload.put("commerce_event", 5, promotion_action=shown)
    if chance(rng, 0.4):
        upload.put("screen_view", screen_name=rng.choice(SCREENS))
    for _ in range(min(6, int(rng.expovariate(1 / 1.9)))):
        item = rng.choice(PRODUCTS)
        upload.commerce("view_detail", [item])
        if chance(rng, 0.18 + 0.3 * upload.who.appetite):
            add(upload, item)
        elif chance(rng, 0.04):
            upload.commerce("add_to_wishlist", [item], 5)


def add(upload: Upload, item: Product) -> None:
    upload.commerce("add_to_cart", [item], 10)
    upload.who.cart.append(item)


def shop(upload: Upload) -> None:
    rng, who = upload.rng, upload.who
    if who.cart and chance(rng, 0.12):
        item = who.cart.pop()
        upload.commerce("remove_from_cart", [item], 8)
    if not who.cart or not chance(rng, 0.35 + 0.4 * who.appetite):
        return
    upload.commerce("checkout", who.cart, 60, checkout_step=1)
    if chance(rng, 0.2):
        return
    total = round(sum(item.price for item in who.cart), 2)
    coupon = {"coupon_code": "SPRING10"} if chance(rng, 0.1) else {}
    upload.commerce("purchase", who.cart, 15, transaction_id=f"T-{upload.id[:8]}", total_amount=total,
                    tax_amount=round(total * 0.2, 2), shipping_amount=0 if total > 40 else 4.9, **coupon)  # fmt: skip
    who.spent += total
    who.cart = []


def chores(upload: Upload) -> None:
    rng, who = upload.rng, upload.who
    if chance(rng, 0.05):
        rating = rng.randrange(1, 6)
        upload.put("custom_event", event_name="Review Written", custom_event_type="user_content",
                   custom_attributes={"rating": rating, "text": rng.choice(("great", "too dark", None))})  # fmt: skip
    if who.identities and chance(rng, 0.02):
        old, new = who.attributes["plan"], rng.choice(("free", "plus", "pro"))
        who.attributes["plan"] = new
        upload.put("user_attribute_change", 1, user_attribute_name="plan", old=old, new=new, deleted=False,
                   is_new_attribute=False)  # fmt: skip
    if "beta" in who.attributes and chance(rng, 0.2):
        del who.attributes["beta"]
        upload.put("user_attribute_change", 1, user_attribute_name="beta", old=None, new=None, deleted=True,
                   is_new_attribute=False)  # fmt: skip
    if who.consent and "gdpr" in who.consent and chance(rng, 0.015):
        withdrawn = {"consented": False, "timestamp_unixtime_ms": upload.clock}
        who.consent = {"gdpr": who.consent["gdpr"] | {"Marketing": withdrawn}}


def finish(upload: Upload) -> None:
    """A session ends, or the app crashes and nothing ends it."""
    rng = upload.rng
    newest = upload.channel in APPS and upload.release()["application_version"] == APP_RELEASES[-1].version
    if upload.channel in APPS and chance(rng, 0.08 if newest else 0.02):
        name, message = rng.choice(CRASHES)
        upload.put("crash_report", 1, class_name=name, severity=rng.choice(("fatal", "error")), message=message,
                   exception_handled=False)  # fmt: skip
        return
    if upload.channel == "web" and chance(rng, 0.004):
        upload.put("crash_report", 1, severity="error", message="TypeError", exception_handled=True,
                   custom_attributes={"m": "undefined is not a function", "s": "TypeError", "t": None})  # fmt: skip
    upload.put("session_end", 1, session_duration_ms=upload.clock - upload.start)


def moments(rng: random.Random, who: Person) -> list[int]:
    """Starts of the visits, at least an hour apart, more by day than by night."""
    wanted = [who.joined] + [who.joined + int(rng.random() * (who.leaves - who.joined)) for _ in range(who.visits - 1)]
    chosen: list[int] = []
    for moment in sorted(wanted):
        asleep = moment % DAY < 5 * HOUR and chance(rng, 0.7)
        later = moment + 8 * HOUR if asleep and moment != who.joined else moment
        if later < END - HOUR and (not chosen or later - chosen[-1] > HOUR):
            chosen.append(later)
    return chosen


def delay(rng: random.Random, channel: str) -> int:
    """How long after its last event a batch is made: seconds, or hours for an app that was offline."""
    if channel in APPS and chance(rng, 0.015):
        return int(rng.uniform(2, 50) * HOUR)
    return rng.randrange(300, 9000)


def life(rng: random.Random, who: Person) -> list[Json]:
    batches = []
    for moment in moments(rng, who):
        channel = rng.choices(who.channels, [3, 1][: len(who.channels)])[0]
        upload = visit(rng, who, channel, moment)
        batches.append(upload.batch(delay(rng, channel)))
    return batches


def goodbye(rng: random.Random, who: Person) -> Json | None:
    """An uninstall some time after the last visit, told by the app's server."""
    if not who.installed or not chance(rng, 0.05) or who.leaves > END - 2 * DAY:
        return None
    upload = Upload(rng, who, next(iter(who.installed)), who.leaves + int(rng.random() * (END - who.leaves - HOUR)))
    publisher, campaign = who.campaign or (None, None)
    upload.put("uninstall", custom_attributes={"publisher": publisher, "campaign": campaign})
    return upload.batch(1000)
