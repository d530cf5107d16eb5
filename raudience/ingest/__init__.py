"""From bytes to blocks.

Holds: decoding of batches, refusals, order by time, identity resolution, routing by MPID.
Never holds: files, sockets, clocks, state of profiles.
May import: catalog, criteria, records, ground.
"""
