"""Requests over HTTP: what goes wrong on the way is no answer, and says nothing that is secret."""

import logging

import pytest

from raudience.cluster.wire import Wire
from raudience.forward.partner import Request


def test_no_answer_is_told_without_the_name_and_the_password_of_an_address(caplog):
    with caplog.at_level(logging.WARNING):
        assert Wire().send(Request("POST", "http://ann:secret@127.0.0.1:1/hook", body=b"[]")) is None
    assert "127.0.0.1:1" in caplog.text
    assert not {"ann", "secret"} & set(caplog.text.replace("@", " ").replace(":", " ").split())


@pytest.mark.parametrize("address", ["http://[::1/hook", "htp://hooks.example/", "http://127.0.0.1:99999/"])
def test_an_address_that_nobody_can_read_gives_no_answer(address):
    assert Wire().send(Request("POST", address, body=b"[]")) is None
