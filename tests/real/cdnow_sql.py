"""The audiences of cdnow.yaml, written a second time: as SQL over the source file, sharing nothing with raudience."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

__all__ = ["AUDIENCES", "memberships", "open_source", "stays"]

DAY: Final = "86400000::BIGINT"

_LOAD = r"""
CREATE TABLE purchases AS
SELECT cells[1]::BIGINT AS mpid,
       epoch_ms(strptime(cells[2], '%Y%m%d')) + 12 * 3600000 AS t,
       cells[2][1:6] AS month,
       cells[3]::INTEGER AS cds,
       cells[4]::DECIMAL(12, 2) AS dollars
FROM (SELECT string_split_regex(trim(line, E' \r\n'), ' +') AS cells
      FROM read_csv($source, header = false, skip = 1, delim = '|', columns = {'line': 'VARCHAR'}))
"""

_BOUGHT = "SELECT mpid FROM known GROUP BY mpid HAVING"
_LAPSED = f"{_BOUGHT} count(*) >= 3 AND max(t) < $now - 180 * {DAY}"

AUDIENCES: Final = {
    "average-basket": f"{_BOUGHT} count(*) > 1 AND sum(dollars) > 50 * count(*)",
    "between-ago": f"{_BOUGHT} count(*) FILTER (t BETWEEN $now - 90 * {DAY} AND $now - 60 * {DAY}) >= 2",
    "big-spenders": f"{_BOUGHT} coalesce(sum(dollars) FILTER (t >= $now - 180 * {DAY}), 0) >= 200",
    "early-and-kept": f"{_BOUGHT} min(t) < epoch_ms(TIMESTAMP '1997-02-01') AND mpid NOT IN ({_LAPSED})",
    "lapsed": _LAPSED,
    "many-months": f"{_BOUGHT} count(DISTINCT month) >= 6",
    "never-cheap": f"{_BOUGHT} count(*) >= 3 AND min(dollars) >= 20",
    "not-in-90-days": f"{_BOUGHT} max(t) < $now - 90 * {DAY}",
    "one-large": f"{_BOUGHT} max(dollars) FILTER (t >= $now - 365 * {DAY}) >= 150",
    "recent": f"{_BOUGHT} max(t) >= $now - 30 * {DAY}",
    "stacks": f"{_BOUGHT} max(cds) >= 10",
    "stepped-up": f"""SELECT DISTINCT a.mpid FROM known a JOIN known b USING (mpid)
        WHERE a.dollars < 15 AND b.dollars >= 60 AND b.t > a.t AND b.t - a.t <= 30 * {DAY}""",
    "summer-1997": f"""{_BOUGHT} bool_or(t >= epoch_ms(TIMESTAMP '1997-06-01')
        AND t < epoch_ms(TIMESTAMP '1997-09-01'))""",
}


def open_source(source: Path) -> duckdb.DuckDBPyConnection:
    base = duckdb.connect()
    base.execute("SET TimeZone = 'UTC'")
    base.execute(_LOAD, {"source": str(source)})
    return base


def memberships(base: duckdb.DuckDBPyConnection, now: int) -> dict[str, set[int]]:
    """Members of every audience at `now` (milliseconds), from the purchases up to then."""
    base.execute(f"CREATE OR REPLACE TEMP TABLE known AS SELECT * FROM purchases WHERE t <= {now}")
    answers = {}
    for name, sql in AUDIENCES.items():
        answers[name] = {mpid for (mpid,) in base.execute(sql.replace("$now", str(now))).fetchall()}
    return answers


def stays(base: duckdb.DuckDBPyConnection, until: int) -> list[tuple[int, int, bool]]:
    """Every change of audience `recent` up to `until`: (at, mpid, entered), by gaps of more than 30 days."""
    sql = f"""
    WITH days AS (SELECT DISTINCT mpid, t FROM purchases WHERE t <= {until}),
         runs AS (SELECT mpid, t, lag(t) OVER w AS before, lead(t) OVER w AS after FROM days
                  WINDOW w AS (PARTITION BY mpid ORDER BY t)),
         changes AS (
             SELECT t AS moment, mpid, true AS entered FROM runs WHERE before IS NULL OR t - before > 30 * {DAY}
             UNION ALL
             SELECT t + 30 * {DAY} + 1, mpid, false FROM runs WHERE after IS NULL OR after - t > 30 * {DAY})
    SELECT moment, mpid, entered FROM changes WHERE moment <= {until} ORDER BY moment, mpid
    """
    return base.execute(sql).fetchall()
