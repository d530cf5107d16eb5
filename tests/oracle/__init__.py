"""The naive engine: the rules of audiences said a second time, in plain Python over lists of dicts.

Shares no code with raudience. It recomputes everything from the raw batches at every question, so it is slow and short.
"""
