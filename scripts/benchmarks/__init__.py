"""The benchmark: one seeded workload, four engines that must agree exactly, ratios formed inside one run.

    scripts/bench --only stream --audiences 20 --batch 10000 --size small

Reading order: vocabulary, workload (what happens), questions (what is asked), definitions and blocks (both said to
raudience), leaves (the questions said to the peers), peer_*, shard_engine, race (the interleaved run), report.
"""
