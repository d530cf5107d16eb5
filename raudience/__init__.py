"""raudience: self-hosted, real-time audiences on Ray.

The rooms, in the order in which data travels; imports go down only, rooms on one line do not know each other:

    api | cli | console | testing                                    edges: HTTP, commands, web pages, a pytest plugin
    cluster                                                          wiring; the only room that imports ray
    ingest | shard | coordinator | forward | export | durability     stations: plain classes that decide
    catalog                                                          the book of definitions
    criteria                                                         the question language
    records                                                          the words: blocks of events, profiles, changes
    hashing | clock | errors                                         ground
"""

__version__ = "0.1.0"
