"""Tests of definitions: a pytest plugin.

Holds: a world with a virtual clock, what users do in it, tables of tests, the plugin that pytest finds.
Never holds: rules, tests of raudience itself, anything that is needed where pytest is not installed.
May import: cluster and what is below it; pytest in `plugin` alone, which nobody imports but pytest.
"""
