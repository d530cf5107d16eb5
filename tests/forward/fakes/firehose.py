"""A service of delivery streams, as its model describes it, and a reader of records, as somebody would write it from
docs/partners/firehose.md.

Switches: `streams`, `keys` (None: everybody is let in), `fails` (whether a record is not taken, by its number), and
`trouble(...)` for the next calls.
"""

import base64
import json


class Refused(Exception):
    def __init__(self, status, code, text=""):
        super().__init__(code)
        self.status, self.code, self.text = status, code, text


class Service:
    def __init__(self, *streams):
        self.streams = {name: [] for name in streams}
        self.status, self.source, self.keys = "ACTIVE", "DirectPut", None
        self.fails, self.calls, self.count, self.troubles = lambda number: False, [], 0, []

    def trouble(self, status=503, code="ServiceUnavailableException", *, times=1, lost=False):
        """For the next calls: an error in place of being carried out; or lost after it was."""
        self.troubles += [(status, code, lost)] * times

    def call(self, operation, asked, key):
        """The answer to a call, a dict. Raises Refused; ConnectionResetError when the answer is lost."""
        self.calls.append((operation, asked))
        status, code, lost = self.troubles.pop(0) if self.troubles else (0, "", False)
        if status and not lost:
            raise Refused(status, code, "Slow down.")
        answer = self.answer(operation, asked, key)
        if lost:
            raise ConnectionResetError
        return answer

    def answer(self, operation, asked, key):
        if self.keys is not None and key not in self.keys:
            raise Refused(400, "UnrecognizedClientException", "The security token included in the request is invalid.")
        if operation == "GetCallerIdentity":
            return {"Account": "123456789012"}
        if asked["DeliveryStreamName"] not in self.streams:
            raise Refused(400, "ResourceNotFoundException", f"Firehose {asked['DeliveryStreamName']} not found.")
        if operation == "DescribeDeliveryStream":
            told = {"DeliveryStreamStatus": self.status, "DeliveryStreamType": self.source}
            return {"DeliveryStreamDescription": told}
        return self.put(self.streams[asked["DeliveryStreamName"]], asked["Records"])

    def put(self, stream, records):
        sizes = [len(record["Data"]) for record in records]
        if not 1 <= len(records) <= 500 or max(sizes) > 1_024_000 or sum(sizes) > 4 << 20:
            raise Refused(400, "InvalidArgumentException", "too many, or too large")
        results = []
        for record in records:
            self.count += 1
            if self.fails(self.count):
                results.append({"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."})
            else:
                stream.append(record["Data"])
                results.append({"RecordId": str(self.count)})
        failed = sum("ErrorCode" in each for each in results)
        return {"FailedPutCount": failed, "Encrypted": False, "RequestResponses": results}

    # The reader.

    def records(self, stream):
        """All records that were delivered, each once."""
        found = {}
        for data in self.streams[stream]:
            assert data.endswith(b"\n")
            assert data.count(b"\n") == 1
            record = json.loads(data)
            assert found.setdefault(record["ChangeId"], record) == record
        return list(found.values())

    def users(self, stream, connection):
        """{mpid: record} of the members, whatever the order in which records came."""
        latest = {}
        for record in self.records(stream):
            if record["ConnectionId"] == connection and "MPID" in record:
                told = (record["ChangedAt"], record["IsMember"])
                if record["MPID"] not in latest or latest[record["MPID"]][0] <= told:
                    latest[record["MPID"]] = (told, record)
        return {mpid: record for mpid, ((_, member), record) in latest.items() if member}

    def members(self, stream, connection, identity):
        """Values of an identity of all members."""
        found = [record["UserIdentities"].get(identity, []) for record in self.users(stream, connection).values()]
        return {value for values in found for value in ([values] if isinstance(values, str) else values)}


class OverHttp:
    """The service behind a socket, as AWS's JSON and query protocols have it: see `fakes.wire.Served`."""

    def __init__(self, service):
        self.service = service

    def __call__(self, method, url, headers, body, now):
        headers = {name.lower(): value for name, value in headers.items()}
        key = headers["authorization"].partition("Credential=")[2].partition("/")[0]
        operation = headers.get("x-amz-target", "").rpartition(".")[2] or "GetCallerIdentity"
        asked = json.loads(body) if "x-amz-target" in headers else {}
        for record in asked.get("Records", ()):
            record["Data"] = base64.b64decode(record["Data"])
        try:
            answer = self.service.call(operation, asked, key)
        except Refused as error:
            told = f"<ErrorResponse><Error><Code>{error.code}</Code></Error></ErrorResponse>"
            if "x-amz-target" in headers:
                told = json.dumps({"__type": error.code, "message": error.text})
            return error.status, {}, told.encode()
        if operation == "GetCallerIdentity":
            inner = "<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>"
            return (
                200,
                {"content-type": "text/xml"},
                f"<GetCallerIdentityResponse>{inner}</GetCallerIdentityResponse>".encode(),
            )
        return 200, {"content-type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()
