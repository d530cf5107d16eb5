"""Blocks as plain Python values, whatever their codes and words."""

import json

import numpy as np

from raudience.ingest.batches import decode
from raudience.records import DELETED, NULL, NUMBER, Field, ListColumn

TAG, GONE = "<null>", "<deleted>"


def batch(**fields):
    return json.dumps({"mpid": 1, "timestamp_unixtime_ms": 1_000_000, **fields}).encode()


def event(event_type, **data):
    return {"event_type": event_type, "data": data}


def cells(column, rows):
    """(position, value) of every cell: a number as float, a list as list, null and deleted as TAG and GONE."""
    index = np.arange(rows) if column.index is None else column.index
    return [(int(row), cell(column, place)) for place, row in enumerate(index)]


def cell(column, place):
    if isinstance(column, ListColumn):
        return [column.words[code] for code in column.codes[column.offsets[place] : column.offsets[place + 1]]]
    code = int(column.codes[place])
    return {NUMBER: lambda: float(column.numbers[place]), NULL: lambda: TAG, DELETED: lambda: GONE}.get(
        code, lambda: column.words[code]
    )()


def field(block, namespace, name):
    """(position, value) of the updates of a profile field."""
    found = [each.column for each in block.batches.fields if each.field == Field(namespace, name)]
    return sorted(
        (pair for column in found for pair in cells(column, len(block.batches.mpid))), key=lambda pair: pair[0]
    )


def profile(*documents, **how):
    """What the documents tell of the profile: {namespace/name: values in order}."""
    block = decode(list(documents), **how).block
    return {
        f"{each.field.namespace}/{each.field.name}": [value for _, value in cells(each.column, len(block.batches.mpid))]
        for each in block.batches.fields
    }


def events(block):
    """Every event as (kind, category, name, {namespace/name: value})."""
    count = len(block.events.batch)
    values = [{} for _ in range(count)]
    for each, column in block.events.columns:
        for row, value in cells(column, count):
            values[row][f"{each.namespace}/{each.name}"] = value
    keys = [block.events.keys[key] for key in block.events.key]
    return [(key.kind, key.category, key.name, value) for key, value in zip(keys, values, strict=True)]


def products(block):
    """Every product as (event, {name: value})."""
    values = [{} for _ in block.products.event]
    for each, column in block.products.columns:
        for row, value in cells(column, len(values)):
            values[row][each.name] = value
    return list(zip(block.products.event.tolist(), values, strict=True))


def rows(block):
    """Every batch as a plain value, in order."""
    batches, count = block.batches, len(block.batches.mpid)
    found = [
        [int(batches.mpid[row]), int(batches.at[row]), int(batches.stamp[row]), batches.inputs[batches.input[row]],
         int(batches.request[row]), {}, [], {}]
        for row in range(count)
    ]  # fmt: skip
    for each in batches.fields:
        stamps = None if each.stamps is None else each.stamps.tolist()
        for place, (row, value) in enumerate(cells(each.column, count)):
            stamp = int(batches.stamp[row]) if stamps is None else stamps[place]
            found[row][5].setdefault(str(each.field), []).append((value, stamp))
    shown = events(block)
    for number, each in enumerate(shown):
        its = [product for owner, product in products(block) if owner == number]
        time, message = int(block.events.time[number]), int(block.events.message[number])
        found[block.events.batch[number]][6].append((each, time, message, its))
    for each, column in batches.context:
        for row, value in cells(column, count):
            found[row][7][each.name] = value
    return found
