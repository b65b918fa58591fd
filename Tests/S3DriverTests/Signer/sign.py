"""Signs requests with botocore, which is not ours: one JSON array in, the signatures of all of them out."""
import datetime
import json
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode


class PatchedTime:
    moment = None


def now(*arguments, **names):
    return PatchedTime.moment


botocore.auth.get_current_datetime = now


def sign(case):
    PatchedTime.moment = datetime.datetime.fromtimestamp(case["at"], datetime.timezone.utc).replace(tzinfo=None)
    credentials = Credentials(case["access"], case["secret"], case["token"])
    # Names and values travel plain, so that their escaping is compared too.
    request = AWSRequest(
        method=case["method"],
        url="http://" + case["authority"] + percent_encode(case["path"], safe="/~"),
        params=dict(case["query"]),
        headers=dict(case["headers"]),
        data=case["body"].encode(),
    )
    if case["expires"] is None:
        botocore.auth.S3SigV4Auth(credentials, "s3", case["region"]).add_auth(request)
        return request.headers["Authorization"]
    signer = botocore.auth.S3SigV4QueryAuth(credentials, "s3", case["region"], expires=case["expires"])
    signer.add_auth(request)
    return request.url.rpartition("X-Amz-Signature=")[2]


print(json.dumps([sign(case) for case in json.load(sys.stdin)]))
