"""The audiences of docs/sample/audiences.yaml, written a second time: as SQL over its lines, by other means.

Tables: `batches` (each once), `events` (each once), `products`. As of an instant: `alive` batches of profiles that are
kept and have not opted out, `seen` their events within the lookback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["AUDIENCES", "load", "memberships"]

DAY: Final = 86_400_000

_LOAD = """
CREATE TABLE lines AS SELECT json AS line FROM read_ndjson_objects($files);
CREATE TABLE raw AS
SELECT unnest(CASE json_type(line) WHEN 'ARRAY' THEN from_json(line, '["JSON"]') ELSE [line] END) AS body FROM lines;
CREATE TABLE customers AS
SELECT DISTINCT coalesce(body->'user_identities'->>'customer_id', body->'user_identities'->>'customerid') AS customer,
       (body->>'mpid')::BIGINT AS mpid
FROM raw WHERE customer IS NOT NULL;
CREATE TABLE batches AS
SELECT any_value(body) AS body, coalesce((body->>'mpid')::BIGINT, customers.mpid) AS mpid, body->>'api_key' AS input,
       body->>'source_request_id' AS request,
       coalesce((body->>'timestamp_unixtime_ms')::BIGINT,
                list_max(list_transform(from_json(body->'events', '["JSON"]'),
                                        lambda e: (e->'data'->>'timestamp_unixtime_ms')::BIGINT))) AS stamp
FROM raw LEFT JOIN customers ON customer = (body->'user_identities'->>'customerId') GROUP BY ALL;
CREATE TABLE told AS
SELECT mpid, input, request, stamp, event->>'event_type' AS kind, event->'data' AS data,
       (event->'data'->>'timestamp_unixtime_ms')::BIGINT AS t, event->'data'->>'source_message_id' AS message
FROM (SELECT *, unnest(from_json(body->'events', '["JSON"]')) AS event FROM batches);
CREATE TABLE events AS
SELECT row_number() OVER () AS id, *, data->'product_action'->>'action' AS action,
       data->'custom_attributes'->>'sku' AS sku, data->>'event_name' AS name, data->>'custom_event_type' AS category,
       (data->'product_action'->>'total_amount')::DECIMAL(12, 2) AS total
FROM told
WHERE message IS NULL OR (mpid, message, stamp) IN (SELECT mpid, message, min(stamp) FROM told GROUP BY ALL);
CREATE TABLE products AS
SELECT id AS event, product->>'id' AS product, product->>'category' AS category, (product->>'price')::DOUBLE AS price
FROM (SELECT id, unnest(from_json(data->'product_action'->'products', '["JSON"]')) AS product
      FROM events WHERE action IS NOT NULL);
"""

_AS_OF = """
CREATE OR REPLACE TEMP TABLE lives AS
SELECT *, count(*) FILTER (pause > 30 * $day) OVER (PARTITION BY mpid ORDER BY stamp) AS life
FROM (SELECT *, stamp - lag(stamp) OVER (PARTITION BY mpid ORDER BY stamp) AS pause FROM batches WHERE stamp <= $now);
CREATE OR REPLACE TEMP TABLE alive AS
SELECT *, input != 'cafe-till' AS shop FROM lives
WHERE (mpid, life) IN (SELECT mpid, max(life) FROM lives GROUP BY mpid HAVING max(stamp) >= $now - 30 * $day)
  AND mpid NOT IN (SELECT mpid FROM events WHERE kind = 'opt_out' AND t <= $now);
CREATE OR REPLACE TEMP TABLE told_now AS
SELECT events.*, shop FROM events JOIN alive USING (mpid, input, request) WHERE t <= $now;
CREATE OR REPLACE TEMP TABLE seen AS SELECT * FROM told_now WHERE t >= $now - 30 * $day;
CREATE OR REPLACE TEMP TABLE bought AS SELECT * FROM seen WHERE shop AND action = 'purchase';
CREATE OR REPLACE TEMP TABLE carts AS
SELECT seen.*, product FROM seen JOIN products ON event = id WHERE action IN ('add_to_cart', 'remove_from_cart');
CREATE OR REPLACE TEMP TABLE device AS
SELECT mpid, arg_max(platform, stamp) AS platform, arg_max(version, stamp) AS version,
       arg_max(latitude, stamp) AS latitude, arg_max(longitude, stamp) AS longitude,
       arg_max(newsletter, stamp) AS newsletter, arg_max(clubs, stamp) AS clubs
FROM (SELECT mpid, stamp, body->'device_info'->>'platform' AS platform,
             body->'application_info'->>'application_version' AS version,
             (body->'context'->'location'->>'latitude')::DOUBLE AS latitude,
             (body->'context'->'location'->>'longitude')::DOUBLE AS longitude,
             body->'user_attributes'->>'newsletter' AS newsletter, body->'user_attributes'->>'clubs' AS clubs
      FROM alive WHERE shop)
GROUP BY mpid;
CREATE OR REPLACE TEMP TABLE emails AS
SELECT DISTINCT mpid FROM alive WHERE (body->'user_identities'->>'email') IS NOT NULL;
CREATE OR REPLACE TEMP TABLE marketing AS
SELECT mpid, arg_max(consent->>'consented', (consent->>'timestamp_unixtime_ms')::BIGINT) AS given
FROM (SELECT mpid, body->'consent_state'->'gdpr'->'Marketing' AS consent FROM alive WHERE shop)
WHERE consent IS NOT NULL GROUP BY mpid;
CREATE OR REPLACE TEMP TABLE plans AS
SELECT mpid, arg_max(plan, moment) AS plan
FROM (SELECT mpid, stamp AS moment, body->'user_attributes'->>'plan' AS plan FROM alive WHERE shop
      UNION ALL
      SELECT mpid, t, data->>'new' FROM told_now
      WHERE shop AND kind = 'user_attribute_change' AND (data->>'user_attribute_name') = 'plan')
WHERE plan IS NOT NULL GROUP BY mpid;
"""

_BIG = "SELECT mpid FROM bought GROUP BY mpid HAVING sum(total) >= 150"
_CAMPAIGN = """SELECT mpid, arg_max(data->'custom_attributes'->>'campaign', t) AS campaign FROM told_now
    WHERE shop AND category = 'attribution' AND name = 'attribution' GROUP BY mpid"""

AUDIENCES: Final = {
    "cart-leavers": """
        SELECT mpid FROM (SELECT mpid, max(t) AS last_add FROM carts WHERE action = 'add_to_cart' GROUP BY mpid)
        LEFT JOIN (SELECT mpid, max(t) AS last_buy FROM bought GROUP BY mpid) USING (mpid)
        WHERE last_add <= $now - 6 * 3600000 AND (last_buy IS NULL OR last_buy < last_add) AND mpid IN (
            SELECT a.mpid FROM carts a LEFT JOIN (SELECT mpid, max(t) AS buy FROM bought GROUP BY mpid) b USING (mpid)
            WHERE a.action = 'add_to_cart' AND (buy IS NULL OR a.t >= buy) AND NOT EXISTS (
                SELECT 1 FROM carts r WHERE r.action = 'remove_from_cart' AND r.mpid = a.mpid
                AND r.product = a.product AND r.t >= a.t))""",
    "lapsed-buyers": """SELECT mpid FROM bought GROUP BY mpid
        HAVING max(t) >= $now - 14 * $day AND max(t) < $now - 7 * $day""",
    "big-spenders": _BIG,
    "ios-near-paris": """SELECT mpid FROM device WHERE platform = 'iOS' AND 2 * 6371008.8 * asin(sqrt(
        sin(radians(latitude - 48.853) / 2) ** 2
        + cos(radians(latitude)) * cos(radians(48.853)) * sin(radians(longitude - 2.349) / 2) ** 2)) <= 40000""",
    "marketing-consent": """SELECT mpid FROM marketing JOIN device USING (mpid) JOIN emails USING (mpid)
        WHERE given = 'true' AND newsletter = 'true'""",
    "old-app": """SELECT DISTINCT mpid FROM device JOIN seen USING (mpid)
        WHERE version IN ('1.9.8', '2.9.0', '2.9.3') AND input = 'shop-app' AND kind = 'session_start'
        AND t >= $now - 14 * $day""",
    "looked-then-bought": """SELECT DISTINCT b.mpid FROM bought b JOIN seen v USING (mpid)
        WHERE v.action = 'view_detail' AND v.t < b.t AND b.t - v.t <= $day AND v.t >= $now - 14 * $day
        AND v.sku = b.sku""",
    "window-shoppers": f"""SELECT mpid FROM seen WHERE action = 'view_detail' AND t >= $now - 14 * $day
        GROUP BY mpid HAVING count(*) >= 5 AND mpid NOT IN ({_BIG})
        AND mpid NOT IN (SELECT mpid FROM bought WHERE t >= $now - 14 * $day)""",
    "vip-list": """SELECT mpid FROM device WHERE list_contains(from_json(lower(clubs), '["VARCHAR"]'), 'vip')""",
    "newcomers": """SELECT mpid FROM (
            SELECT mpid, t FROM told_now WHERE shop
            UNION ALL SELECT mpid, stamp FROM alive WHERE shop AND (body->'events') IS NULL)
        GROUP BY mpid HAVING min(t) >= $now - 3 * $day""",
    "crashed": """SELECT mpid FROM seen WHERE kind = 'crash_report' AND (data->>'severity') = 'fatal'
        AND t >= $now - 3 * $day AND shop
        EXCEPT SELECT c.mpid FROM seen c JOIN seen s USING (mpid)
        WHERE c.kind = 'crash_report' AND s.kind = 'session_start' AND s.t > c.t AND c.t >= $now - 3 * $day""",
    "spring-campaign": f"""SELECT mpid FROM ({_CAMPAIGN}) WHERE contains(lower(campaign), 'spring')
        EXCEPT SELECT mpid FROM bought""",
    "espresso-people": """SELECT mpid FROM bought JOIN products ON event = id
        WHERE products.category = 'coffee' AND price > 12
        UNION SELECT mpid FROM seen WHERE name = 'Search'
        AND contains(data->'custom_attributes'->>'query', 'espresso')""",
    "cafe-regulars": """SELECT mpid FROM seen JOIN plans USING (mpid)
        WHERE name = 'Cafe Visit' AND t >= $now - 21 * $day AND plan IN ('plus', 'pro')
        GROUP BY mpid HAVING count(*) >= 3""",
}


def load(files: Iterable[Path]) -> duckdb.DuckDBPyConnection:
    base = duckdb.connect()
    names = ", ".join(f"'{path}'" for path in files)
    base.execute(_LOAD.replace("$files", f"[{names}]"))
    return base


def memberships(base: duckdb.DuckDBPyConnection, now: int) -> dict[str, set[int]]:
    """Members of every audience at `now` (milliseconds)."""
    base.execute(_at(_AS_OF, now))
    return {name: {mpid for (mpid,) in base.execute(_at(sql, now)).fetchall()} for name, sql in AUDIENCES.items()}


def _at(sql: str, now: int) -> str:
    return sql.replace("$now", str(now)).replace("$day", f"{DAY}::BIGINT")
