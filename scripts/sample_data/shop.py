"""What stands in the shop of the sample: products, cities, campaigns, names. All of it is invented but the cities."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = [
    "APP_RELEASES", "CAMPAIGNS", "CITIES", "CRASHES", "FIRST_NAMES", "LAST_NAMES", "MODELS", "ORIGINS", "PRODUCTS",
    "SCREENS", "SEARCHES", "City", "Product", "Release",
]  # fmt: skip


class Product(NamedTuple):
    sku: str
    name: str
    category: str
    brand: str
    price: float


class City(NamedTuple):
    """weight: how many of a hundred people live there. Codes: ISO 3166-1, ISO 3166-2, a postal code, a DMA code."""

    name: str
    country: str
    region: str
    postal_code: str
    dma_code: str | None
    latitude: float
    longitude: float
    weight: int


class Release(NamedTuple):
    version: str
    build: str
    day: int


PRODUCTS: Final = (
    Product("cof-001", "Harbour Espresso 250 g", "coffee", "Harbour", 8.9),
    Product("cof-002", "Harbour Espresso 1 kg", "coffee", "Harbour", 29.5),
    Product("cof-003", "Yirgacheffe Natural", "coffee", "Kaffa", 14.2),
    Product("cof-004", "Kenya Nyeri AA", "coffee", "Kaffa", 15.8),
    Product("cof-005", "Huila Washed", "coffee", "Andes", 12.4),
    Product("cof-006", "Decaf Sugarcane", "coffee", "Andes", 11.9),
    Product("cof-007", "Santos Breakfast", "coffee", "Harbour", 9.5),
    Product("tea-001", "Darjeeling First Flush", "tea", "Leaf & Co", 13.0),
    Product("tea-002", "Earl Grey Tin", "tea", "Leaf & Co", 7.4),
    Product("tea-003", "Sencha Uji", "tea", "Mori", 16.5),
    Product("tea-004", "Rooibos Orange", "tea", "Leaf & Co", 6.2),
    Product("gear-001", "Hand Grinder", "gear", "Molino", 79.0),
    Product("gear-002", "Gooseneck Kettle", "gear", "Molino", 59.9),
    Product("gear-003", "V60 Dripper", "gear", "Molino", 24.0),
    Product("gear-004", "Paper Filters 100", "gear", "Molino", 5.5),
    Product("gear-005", "Moka Pot 6 Cups", "gear", "Bialba", 38.0),
    Product("gear-006", "Espresso Machine Uno", "gear", "Bialba", 449.0),
    Product("gear-007", "Milk Pitcher", "gear", "Bialba", 19.9),
    Product("mug-001", "Stoneware Mug Blue", "mugs", "Harbour", 12.0),
    Product("mug-002", "Stoneware Mug Sand", "mugs", "Harbour", 12.0),
    Product("mug-003", "Travel Mug 350 ml", "mugs", "Harbour", 22.0),
    Product("gift-001", "Gift Card", "gifts", "Harbour", 25.0),
    Product("gift-002", "Tasting Box", "gifts", "Harbour", 34.0),
)

CITIES: Final = (
    City("Paris", "FR", "IDF", "75011", None, 48.8566, 2.3522, 16),
    City("Versailles", "FR", "IDF", "78000", None, 48.8049, 2.1204, 3),
    City("Chartres", "FR", "CVL", "28000", None, 48.4469, 1.4890, 2),
    City("Lyon", "FR", "ARA", "69002", None, 45.7640, 4.8357, 7),
    City("Berlin", "DE", "BE", "10435", None, 52.5200, 13.4050, 10),
    City("Hamburg", "DE", "HH", "20357", None, 53.5511, 9.9937, 6),
    City("München", "DE", "BY", "80331", None, 48.1372, 11.5756, 5),
    City("London", "GB", "LND", "E1 6AN", None, 51.5074, -0.1278, 10),
    City("Madrid", "ES", "MD", "28004", None, 40.4168, -3.7038, 5),
    City("Milano", "IT", "25", "20121", None, 45.4642, 9.1900, 5),
    City("Amsterdam", "NL", "NH", "1012", None, 52.3676, 4.9041, 4),
    City("Warszawa", "PL", "14", "00-001", None, 52.2297, 21.0122, 3),
    City("New York", "US", "NY", "10003", "501", 40.7306, -73.9866, 8),
    City("Chicago", "US", "IL", "60607", "602", 41.8781, -87.6298, 4),
    City("San Francisco", "US", "CA", "94110", "807", 37.7749, -122.4194, 5),
    City("Toronto", "CA", "ON", "M5V", None, 43.6532, -79.3832, 3),
    City("São Paulo", "BR", "SP", "01310-100", None, -23.5505, -46.6333, 2),
    City("Tokyo", "JP", "13", "150-0001", None, 35.6762, 139.6503, 1),
    City("Suva", "FJ", "C", "", None, -18.1416, 178.4419, 1),
)

APP_RELEASES: Final = (
    Release("1.9.8", "1980", 0),
    Release("2.9.0", "2900", 11),
    Release("2.9.3", "2930", 20),
    Release("2.10.0", "21000", 31),
)

CAMPAIGNS: Final = (
    ("Acme Ads", "spring-espresso"),
    ("Acme Ads", "Spring Sale 2026"),
    ("Acme Ads", "always-on"),
    ("Bluebird", "SPRING_tea"),
    ("Bluebird", "retarget-q1"),
    ("Podcast FM", "brew-hour"),
)

MODELS: Final = {
    "iOS": (("Apple", "iPhone 15", "18.3"), ("Apple", "iPhone 13", "17.7.1"), ("Apple", "iPad Air", "18.1")),
    "Android": (("Google", "Pixel 8", "15"), ("Samsung", "Galaxy S23", "14"), ("Xiaomi", "Redmi Note 12", "13")),
}

CRASHES: Final = (
    ("NullPointerException", "cart badge without a cart"),
    ("OutOfMemoryError", "product gallery"),
    ("IndexOutOfRange", "empty search result"),
)

SCREENS: Final = ("Home", "Category", "Search", "Account", "Orders", "Stores")
SEARCHES: Final = ("espresso", "decaf", "grinder", "filters", "earl grey", "gift", "sencha", "mug blue", "café")
ORIGINS: Final = ("Ethiopia", "Kenya", "Colombia", "Brazil", "Costa Rica", "Sumatra")

FIRST_NAMES: Final = (
    "Léa", "Hugo", "Emma", "Louis", "Anna", "Paul", "Mia", "Jonas", "Olivia", "Noah", "Lucía", "Mateo", "Giulia",
    "Marco", "Zofia", "Jan", "Ava", "Liam", "Haruka", "Ren", "Ana", "João", "Sanne", "Daan",
)  # fmt: skip
LAST_NAMES: Final = (
    "Martin", "Bernard", "Dubois", "Müller", "Schmidt", "Weber", "Smith", "Jones", "Garcia", "López", "Rossi",
    "Russo", "Kowalski", "Nowak", "Brown", "Davis", "Sato", "Silva", "de Vries", "Jansen", "O'Neill",
)  # fmt: skip
