"""The pytest plugin, as people see it who test their own definitions."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import raudience.testing.tables
import raudience.testing.world  # noqa: F401  (an inner run must find what it loads loaded already)

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
AUDIENCES = """
audiences:
  - key: carts
    name: Left a cart for 6 hours
    criteria: {type: cart_abandonment, wait: 6 hours}
"""


@pytest.fixture
def project(pytester):
    """A project of a user: audiences, and a configuration that names them."""
    (pytester.path / "audiences.yaml").write_text(AUDIENCES)
    pytester.makeini("[pytest]\naudiences = audiences.yaml\n")
    return pytester


def run(project, *words):
    return project.runpytest_inprocess("-p", "raudience.testing.plugin", "-p", "no:cacheprovider", *words)


def test_a_definition_is_tested(project):
    project.makepyfile(
        """
        def test_a_cart_is_left(world):
            ana = world.user("ana").does("add_to_cart", products=["mug"])
            assert ana not in world.audience("carts")
            world.passes("6 hours")
            assert ana in world.audience("carts")
        """
    )
    run(project).assert_outcomes(passed=1)


def test_a_failing_assertion_says_why(project):
    project.makepyfile(
        """
        def test_a_cart_is_left(world):
            ana = world.user("ana").does("add_to_cart", products=["mug"])
            world.passes("5 hours")
            assert ana in world.audience("carts")

        def test_a_cart_is_not_left(world):
            ana = world.user("ana").does("add_to_cart", products=["mug"])
            world.passes("7 hours")
            assert ana not in world.audience("carts")
        """
    )
    result = run(project)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E*assert ana is not in carts at 2026-01-01 05:00:00 UTC",
            "E*no   commerce add_to_cart without purchase for 6 hours (found: 1 add)",
            "E*yes  active, not opted out",
            "E*if nothing happens, joins at 2026-01-01 06:00:00",
            "*what happened in the world*",
            "no   └─ commerce add_to_cart without purchase for 6 hours [*]",
            "user ana, 2026-01-01 00:00:00 to 2026-01-01 05:00:00 UTC",
            "E*assert ana is in carts at 2026-01-01 07:00:00 UTC",
        ]
    )


def test_other_assertions_are_left_alone(project):
    project.makepyfile("def test_it(world):\n    assert 'x' in ['y']")
    run(project).stdout.fnmatch_lines(["E*assert 'x' in [[]'y']*"])


def test_audiences_may_come_from_a_fixture(project):
    project.makeini("[pytest]\n")
    project.makepyfile(
        """
        import pytest
        from raudience.catalog.build import audience
        from raudience.criteria.build import user

        @pytest.fixture
        def audiences():
            return [audience("pro", "On the pro plan", user("plan").exactly("pro"))]

        def test_it(world):
            assert world.user("ana").has(plan="pro") in world.audience("pro")
        """
    )
    run(project).assert_outcomes(passed=1)


def test_without_audiences_it_is_said_where_to_name_them(project):
    project.makeini("[pytest]\n")
    project.makepyfile("def test_it(world): pass")
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*set `audiences` in the configuration of pytest*"])


TABLE = """
tests:
  - test: a cart is left after six hours, until something is bought
    steps:
      - given: {user: ana, does: add_to_cart, products: [mug]}
        when: 359 minutes
        then: {carts: []}
      - when: 1 minute
        then: {carts: [ana]}
      - given:
          - {user: ana, does: purchase}
          - {user: ben, has: {plan: pro}}
        then: {carts: []}
  - test: it is not left at once
    steps:
      - given: {user: ana, does: add_to_cart, products: [mug]}
        then: {carts: [ana]}
"""


def test_tables_are_tests(project):
    (project.path / "carts.audience.yaml").write_text(TABLE)
    result = run(project, "-v")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*a cart is left after six hours, until something is bought PASSED*",
            "*it is not left at once FAILED*",
            "step 1, at 2026-01-01 00:00:00 UTC:",
            "  ana is not in carts at 2026-01-01 00:00:00 UTC",
            "*joins at 2026-01-01 06:00:00",
            "user ana, 2026-01-01 00:00:00 to*",
        ]
    )


def test_a_table_may_name_its_audiences(project):
    project.makeini("[pytest]\n")
    (project.path / "tests").mkdir()
    (project.path / "tests" / "carts.audience.yaml").write_text("audiences: ../audiences.yaml" + TABLE)
    run(project).assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("tests: [{test: a, steps: [{given: {user: ana, dose: x}}]}]", "*unknown field `dose`*"),
        ("tests: [{test: a, steps: [], steps: []}]", "*$.tests[[]0[]].steps: expected one value, got the same key*"),
        ("tests: [{test: a, steps: 5}]", "*$.tests[[]0[]].steps: expected `array`, got `int`*"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_says_where(project, table, said):
    (project.path / "bad.audience.yaml").write_text(table)
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([said])


def test_in_a_table_a_user_can_do_what_a_user_of_a_world_can(project):
    (project.path / "all.audience.yaml").write_text(
        """
        tests:
          - test: everything
            start: 2026-02-01
            steps:
              - given:
                  - {user: ana, does: Visit, times: 2, ago: 1 hour, category: other, attributes: {page: home}}
                  - {user: ana, views: Home, attributes: {tab: first}}
                  - {user: ana, has: {plan: pro}, has_calculated: {score: 1}, is_known_by: {email: ana@example.org}}
                  - {user: ana, lacks: [plan], uses: {platform: iOS}, is_in: {city: Paris}}
                  - {user: ana, agrees_to: ads, refuses: mail}
                  - {user: 7, opts_out: true}
                when: 1 day
                then: {carts: []}
        """
    )
    run(project).assert_outcomes(passed=1)


def test_the_plugin_alone_loads_nothing_of_the_engine():
    program = (
        "import sys, raudience.testing.plugin as _; sys.exit(bool({'numpy', 'raudience.cluster'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_example_of_the_page_works(pytester):
    page = (ROOT / "docs" / "testing.md").read_text()
    files = re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)```", page, re.DOTALL | re.MULTILINE)
    assert [name for name, _ in files] == [
        "audiences.yaml", "pyproject.toml", "test_audiences.py", "loyalty.audience.yaml",
    ]  # fmt: skip
    for name, text in files:
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    run(pytester).assert_outcomes(passed=5)
