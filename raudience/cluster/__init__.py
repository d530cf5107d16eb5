"""Wiring: who sends to whom, on Ray and without it.

Holds: shells around the stations, placement, clients, reading and writing of files for jobs.
Never holds: decisions about events, profiles or audiences.
May import: everything below; the only room that imports ray.
"""
