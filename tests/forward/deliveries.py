"""The service of delivery streams without sockets: spoken to by what looks like a client of the SDK."""

from botocore.exceptions import ClientError

from raudience.cluster.streams import Streams
from raudience.forward.partner import Request
from tests.forward.fakes.firehose import Refused, Service


class Client:
    """What the SDK's clients of the services look like."""

    def __init__(self, service, key):
        self.service, self.key = service, key

    def put_record_batch(self, **asked):
        return self.call("PutRecordBatch", asked)

    def describe_delivery_stream(self, **asked):
        return self.call("DescribeDeliveryStream", asked)

    def get_caller_identity(self):
        return self.call("GetCallerIdentity", {})

    def call(self, operation, asked):
        try:
            return self.service.call(operation, asked, self.key)
        except Refused as error:
            told = {"Error": {"Code": error.code, "Message": error.text},
                    "ResponseMetadata": {"HTTPStatusCode": error.status}}  # fmt: skip
            raise ClientError(told, operation) from None


class Deliveries(Service):
    """As fakes of partners are: `fake(method, url, headers, body, now)`."""

    def __init__(self, *streams):
        super().__init__(*(streams or ("audiences",)))
        self.keys, self.requests, self.carrier = {"AKID"}, [], Streams()
        self.carrier._client = lambda service, region, request, library: Client(
            self, dict(request.headers).get("access-key-id")
        )

    def __call__(self, method, url, headers, body, now):
        self.requests.append((method, url, headers, body))
        answer = self.carrier.send(Request(method, url, headers=tuple(headers.items()), body=body))
        return answer.status, answer.headers, answer.body
