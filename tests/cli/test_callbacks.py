"""The page to which a browser comes back: one answer, whatever else browsers ask for."""

import socket
import threading
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from raudience.cli.callbacks import Callback
from raudience.errors import FixRequest


def fetched(page, target):
    connection = HTTPConnection(urlsplit(page.address).netloc, timeout=10)
    connection.request("GET", target)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def verifier(query):
    if query.get("token") != "ours":
        message = "this answer belongs to <another> login"
        raise FixRequest(message)
    return query["verifier"]


@pytest.fixture
def page():
    with Callback(0) as made:
        yield made


def waited(page, *targets):
    """What is found, and what the browser is told, while targets are asked for one after the other."""
    told = []

    def browse():
        with socket.create_connection(urlsplit(page.address).netloc.split(":")):
            # Browsers open connections on which nothing comes.
            told.extend(fetched(page, target) for target in targets)

    page.expect(verifier)
    browser = threading.Thread(target=browse)
    browser.start()
    try:
        return page.wait(10), told
    finally:
        browser.join()


def test_the_answer_is_taken_and_other_questions_are_not(page):
    found, told = waited(page, "/favicon.ico", "/", "/callback?token=ours&verifier=a%20b")
    assert found == "a b"
    assert [status for status, _ in told] == [404, 404, 200]
    assert "You have signed in." in told[-1][1]


def test_an_answer_to_another_login_ends_it_and_the_page_says_so(page):
    with pytest.raises(FixRequest, match="belongs to <another> login"):
        waited(page, "/callback?token=theirs&verifier=7")


def test_what_a_page_says_is_text(page):
    page.expect(verifier)
    status, text = fetched(page, "/callback?token=theirs")
    assert status == 400
    assert "&lt;another&gt;" in text


def test_before_anybody_waits_there_is_nothing(page):
    assert fetched(page, "/callback?token=ours&verifier=7")[0] == 404


def test_a_port_that_is_taken_is_told(page):
    port = urlsplit(page.address).port
    with pytest.raises(FixRequest, match=f"--callback {port}: expected a free port, got:"):
        Callback(port)
