#!/bin/sh

test_description='signatures of S3 requests, as botocore makes them

Each of some hundred requests with odd paths, parameters and fields is signed
by both; and a real server takes what we sign.'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

PYTHON3=/usr/bin/python3

cat >compare.py <<\EOF
"""Signs random requests by botocore and by aws-tool; says which differ."""
import datetime
import os
import random
import subprocess
import sys
import types
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = 1369353600


class Clock(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return cls.utcfromtimestamp(NOW)


if isinstance(botocore.auth.datetime, types.ModuleType):
    botocore.auth.datetime = types.SimpleNamespace(datetime=Clock)
else:
    botocore.auth.datetime = Clock

ODD = "abzAZ09-._~ +=&?#%!'()*,;:@$|[]{}<>\\^`\"\u00e9\u3042\U0001f600"
rng = random.Random(int(sys.argv[1]))


def text(longest, more=""):
    return "".join(rng.choice(ODD + more)
                   for _ in range(rng.randrange(1, longest)))


def signed(out):
    """Names and signature of an Authorization field, or the URL's query."""
    for line in out.splitlines():
        if line.startswith("Authorization: "):
            return line[len("Authorization: "):]
    return None


def pairs(query):
    return sorted(query.split("&"))


bad = 0
for nr in range(int(sys.argv[2])):
    presign = nr % 3 == 0
    token = rng.choice([None, "tok/en+=="])
    host = rng.choice(["127.0.0.1:8000", "b.s3.amazonaws.com", "[::1]:9000"])
    path = "/" + quote(text(20, "////"), safe="/~")
    region = rng.choice(["us-east-1", "default", "a.b_c"])
    method = rng.choice(["GET", "PUT", "POST", "DELETE", "HEAD"])
    query = {}
    for _ in range(rng.randrange(4)):
        query[text(6).replace("=", "-")] = rng.choice(["", text(12)])
    fields = {}
    if not presign:
        for _ in range(rng.randrange(3)):
            value = "".join(rng.choice("ab  \t,;=/") for _ in range(8))
            fields["x-amz-meta-" + rng.choice("pqrs")] = "x" + value + "x"
    keys = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalr/+EXAMPLEKEY", token)
    request = AWSRequest(method, "http://" + host + path, params=query,
                         headers=fields, data=b"")
    kind = botocore.auth.S3SigV4QueryAuth if presign else \
        botocore.auth.S3SigV4Auth
    more = {"expires": 900} if presign else {}
    kind(keys, "s3", region, **more).add_auth(request)

    env = dict(os.environ, AWS_ACCESS_KEY_ID=keys.access_key,
               AWS_SECRET_ACCESS_KEY=keys.secret_key)
    env.pop("AWS_SESSION_TOKEN", None)
    if token:
        env["AWS_SESSION_TOKEN"] = token
    payload = "UNSIGNED-PAYLOAD" if presign else \
        request.headers["X-Amz-Content-SHA256"]
    command = ["aws-tool", "presign" if presign else "sign", method, host,
               path, payload, str(NOW), region]
    for name, value in query.items():
        command += ["-q", name + "=" + value]
    for name, value in fields.items():
        command += ["-H", name + ": " + value]
    ours = subprocess.run(command, env=env, stdout=subprocess.PIPE,
                          check=True).stdout.decode()
    if presign:
        want = pairs(request.url.split("?", 1)[1])
        got = pairs(ours.strip())
    else:
        want = request.headers["Authorization"]
        got = signed(ours)
    if got != want:
        bad += 1
        print("differs:", command, "\n  got ", got, "\n  want", want)
print("%d differ" % bad)
EOF

test_expect_success 'requests with odd paths, parameters and fields' '
	$PYTHON3 compare.py 1 240 >out &&
	echo "0 differ" >want &&
	test_cmp want out
'

test_expect_success 'a real server takes what we sign' '
	start_radosgw &&
	make_bucket signed &&
	host=${S3_ENDPOINT#http://} &&
	empty=$(printf "" | sha256sum | cut -d" " -f1) &&
	now=$(date +%s) &&
	set -- &&
	aws-tool sign GET "$host" /signed "$empty" "$now" "$S3_REGION" \
		-q prefix="a b/+é" -q list-type=2 -q "start-after=~!*" >fields &&
	while read -r field
	do
		set -- "$@" -H "$field"
	done <fields &&
	curl -s -o answer -w "%{http_code}\n" "$@" "$S3_ENDPOINT/signed?list-type=2&prefix=a%20b%2F%2B%C3%A9&start-after=~%21%2A" \
		>status &&
	echo 200 >want &&
	test_cmp want status &&
	grep "<Prefix>a b/+é</Prefix>" answer
'

test_expect_success 'a real server takes URLs that we sign' '
	key="odd/ +=&?#%~!'\''()*é" &&
	escaped=odd/%20%2B%3D%26%3F%23%25~%21%27%28%29%2A%C3%A9 &&
	host=${S3_ENDPOINT#http://} &&
	now=$(date +%s) &&
	put=$(aws-tool presign PUT "$host" "/signed/$escaped" UNSIGNED-PAYLOAD \
		"$now" "$S3_REGION") &&
	echo content >content &&
	curl -s -o answer -w "%{http_code}\n" -T content \
		"$S3_ENDPOINT/signed/$escaped?$put" >status &&
	echo 200 >want &&
	test_cmp want status &&
	get=$(aws-tool presign GET "$host" "/signed/$escaped" UNSIGNED-PAYLOAD \
		"$now" "$S3_REGION") &&
	curl -s -o got "$S3_ENDPOINT/signed/$escaped?$get" &&
	test_cmp content got &&
	curl -s -o answer -w "%{http_code}\n" \
		"$S3_ENDPOINT/signed/$escaped?$put" >status &&
	echo 403 >want &&
	test_cmp want status &&
	old=$(aws-tool presign GET "$host" "/signed/$escaped" \
		UNSIGNED-PAYLOAD "$((now - 1000))" "$S3_REGION") &&
	curl -s -o answer -w "%{http_code}\n" \
		"$S3_ENDPOINT/signed/$escaped?$old" >status &&
	test_cmp want status &&
	grep AccessDenied answer &&
	$PYTHON3 -c "
import boto3, sys
s3 = boto3.client(\"s3\", endpoint_url=sys.argv[2])
assert s3.get_object(Bucket=\"signed\", Key=sys.argv[1])[\"Body\"].read() == b\"content\n\"
" "$key" "$S3_ENDPOINT"
'

test_done
