"""The closed world of the workload: event names with their frequency, categories, countries, plans, tags."""

from __future__ import annotations

from typing import Final

import numpy as np

from raudience.records import EventKey

SECOND: Final = 1_000
HOUR: Final = 3_600 * SECOND
DAY: Final = 24 * HOUR
HISTORY_DAYS: Final = 30
START: Final = 20_362 * DAY
"""2025-10-01T00:00Z, where the history begins; a midnight, so that days of definitions are whole days of it."""

_WEIGHTS: Final = {
    "session_start": 0.0, "screen_view": 22, "view_detail": 18, "search": 8, "add_to_cart": 5, "remove_from_cart": 1.2,
    "checkout": 1.5, "purchase": 1.2, "add_to_wishlist": 2, "video_play": 6, "video_end": 3, "article_read": 6,
    "share": 1.2, "like": 5, "comment": 1, "push_open": 3, "mail_open": 2, "refund": 0.2, "review": 0.5,
    "coupon": 0.8, "store_search": 0.4, "support_chat": 0.4, "crash": 0.3, "install": 0.1, "uninstall": 0.05,
    "upgrade": 0.1, "login": 4, "logout": 2, "settings": 0.5, "product_share": 0.4, "category_view": 5,
    "banner_tap": 2, "filter": 2, "sort": 1, "level_up": 2, "game_start": 1, "game_end": 1.8, "card_added": 0.4,
    "subscribed": 0.1, "unsubscribed": 0.07,
}  # fmt: skip
"""Events per hundred inside a session; session_start is the first of each session (of eight on average)."""

NAMES: Final = tuple(_WEIGHTS)
CODE: Final = {name: code for code, name in enumerate(NAMES)}
WEIGHTS: Final = np.array(list(_WEIGHTS.values())) / sum(_WEIGHTS.values())

PRODUCT_ACTIONS: Final = (
    "view_detail", "add_to_cart", "remove_from_cart", "checkout", "purchase", "add_to_wishlist", "refund",
)  # fmt: skip
PRICED: Final = (*PRODUCT_ACTIONS, "review", "coupon", "product_share")
_KINDS: Final = ("session_start", "screen_view", "crash", "install", "uninstall", "upgrade")

_THINGS = "Shoes Shirts Jackets Phones Laptops Lamps Chairs Tables Bags Toys"
_STYLES = (
    "Running Trail Winter Summer Kids Women Men Smart Home Garden Office Outdoor Vintage Luxury Budget Sport Travel "
    "Pet Baby Gaming"
)
THINGS: Final = tuple(_THINGS.split())
CATEGORIES: Final = tuple(f"{style} {thing}" for thing in THINGS for style in _STYLES.split())
PLATFORMS: Final = ("iOS", "Android", "Web", "Roku", "FireTV")
INPUTS: Final = ("ios-app", "android-app", "web-site", "television")
INPUT_OF_PLATFORM: Final = np.array([0, 1, 2, 3, 3], np.uint8)
PLANS: Final = ("Free", "Basic", "Premium", "Enterprise")
_COUNTRIES = (
    "United States,United Kingdom,United Arab Emirates,Germany,France,Spain,Italy,Poland,Finland,Ireland,Iceland,"
    "Netherlands,Switzerland,New Zealand,Thailand,Canada,Mexico,Brazil,Argentina,Chile,Colombia,Peru,Portugal,Belgium,"
    "Austria,Sweden,Norway,Denmark,Czechia,Slovakia,Hungary,Romania,Bulgaria,Greece,Turkey,Israel,Egypt,Morocco,"
    "Nigeria,Kenya,South Africa,India,China,Japan,South Korea,Singapore,Malaysia,Indonesia,Vietnam,Australia"
)
COUNTRIES: Final = tuple(_COUNTRIES.split(","))
_KIND_OF_TAG = ("gold", "silver", "bronze", "vip", "new", "beta", "sale", "loyal", "risk", "student")
TAGS: Final = tuple(f"{_KIND_OF_TAG[number % 10]}_{number:03d}" for number in range(100))


def event_key(name: str) -> EventKey:
    """What raudience calls the event: product actions are commerce, a few names are kinds of their own."""
    if name in PRODUCT_ACTIONS:
        return EventKey("commerce", "", name)
    if name == "screen_view":
        return EventKey(name, "", "home")
    if name in _KINDS:
        return EventKey(name)
    return EventKey("custom", "other", name)


KEYS: Final = tuple(event_key(name) for name in NAMES)


def zipf(size: int, power: float, offset: float) -> np.ndarray:
    """Probabilities that fall as a power of the rank, float64[size]."""
    weights = (np.arange(size) + offset) ** -power
    return weights / weights.sum()
