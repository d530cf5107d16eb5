"""What fakes of receivers have in common: troubles for the next requests."""


class Switched:
    """A callable that answers requests: `fake(method, url, headers, body, now)` gives `(status, headers, body)` or
    raises ConnectionResetError when the answer is lost."""

    def __init__(self):
        self.requests, self.troubles = [], []

    def trouble(self, status=0, *, times=1, headers=None, lost=False):
        """For the next `times` requests: an answer in place of being carried out; or lost after it was."""
        self.troubles += [(status, headers or {}, lost)] * times

    def __call__(self, method, url, headers, body, now):
        self.requests.append((method, url, headers, body))
        status, told, lost = self.troubles.pop(0) if self.troubles else (0, {}, False)
        if status:
            return status, told, b"a trouble"
        answer = self.answer(method, url, headers, body, now)
        if lost:
            raise ConnectionResetError
        return answer
