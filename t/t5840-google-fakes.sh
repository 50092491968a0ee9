#!/bin/sh

test_description='servers that stand for Google refuse what Google refuses'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

objects=/storage/v1/b/lab/o
uploads="/upload/storage/v1/b/lab/o"

# ask STATUS CURL-OPTION... PATH: with a token of ours; the answer lies in
# `body`, fields in `fields`.
ask () {
	ask_want=$1 && shift && : >body &&
	google_ask -D fields -o body "$@" >answer || return 1
	if test "$(tail -n 1 answer)" != "$ask_want"
	then
		cat fields body >&4
		return 1
	fi
}

# ask_as BEARER STATUS CURL-OPTION... PATH: with another token
ask_as () {
	GOOGLE_BEARER=$1 && shift &&
	ask "$@"
	ask_status=$?
	GOOGLE_BEARER=
	return $ask_status
}

# nobody STATUS CURL-OPTION... PATH: without a token
nobody () {
	ask_as - "$@"
}

# says WORD...: each is in the body
says () {
	for word
	do
		grep -F -e "$word" body >&4 || {
			cat body >&4
			return 1
		}
	done
}

# put NAME FILE [CURL-OPTION...]: in one request
put () {
	put_name=$1 put_file=$2 && shift 2 &&
	ask 200 "$@" --data-binary "@$put_file" -H "Content-Type: text/plain" \
		"$uploads?uploadType=media&name=$put_name"
}

generation () {
	sed -n "s/^  \"generation\": \"\(.*\)\",$/\1/p" body
}

test_expect_success 'setup: a bucket' '
	start_gcs && gcs_bucket lab && google_key key.json &&
	printf "0123456789" >ten && head -c 1000000 /dev/urandom >million
'

# tokens

cat >grant.py <<\END
"""grant.py URL KEY [NAME=VALUE]...: asks for a token with claims that are
changed by these; prints status and body."""
import base64, json, subprocess, sys, time, urllib.parse, urllib.request

url, key = sys.argv[1], json.load(open(sys.argv[2]))
now = int(time.time())
header = {"alg": "RS256", "typ": "JWT", "kid": key["private_key_id"]}
claims = {"iss": key["client_email"], "aud": url, "iat": now,
          "exp": now + 3600, "scope":
          "https://www.googleapis.com/auth/devstorage.read_write"}
form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
flip = False
for arg in sys.argv[3:]:
    name, _, value = arg.partition("=")
    if name == "flip":
        flip = True
    elif name in ("alg", "kid"):
        header[name] = value
    elif name == "grant_type":
        form[name] = value
    elif name in ("iat", "exp"):
        claims[name] = now + int(value)
    else:
        claims[name] = value

def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")

text = b".".join(b64(json.dumps(v).encode()) for v in (header, claims))
open("pem", "w").write(key["private_key"])
signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", "pem"],
                        input=text, stdout=subprocess.PIPE, check=True).stdout
if flip:
    signed = signed[:-1] + bytes([signed[-1] ^ 1])
form["assertion"] = (text + b"." + b64(signed)).decode()
try:
    with urllib.request.urlopen(
            url, urllib.parse.urlencode(form).encode()) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as e:
    print(e.code, e.read().decode())
END

grant () {
	/usr/bin/python3 grant.py "$GOOGLE_TOKEN_URI" key.json "$@" >body
}

test_expect_success 'a signed claim of now is good for a token' '
	grant && says "200 {" "\"expires_in\": 3599" "\"token_type\": \"Bearer\"" &&
	token=$(sed -n "s/.*access_token\": \"\(.*\)\",/\1/p" body) &&
	ask_as "$token" 200 /storage/v1/b/lab
'

test_expect_success 'claims that are not so get no token' '
	grant flip && says "400 {" invalid_grant "Invalid JWT Signature." &&
	grant alg=HS256 && says "400 {" "must be RS256" &&
	grant kid=other && says "400 {" "Invalid JWT Signature." &&
	grant iss=nobody@lab-project.iam.gserviceaccount.com &&
	says "400 {" "Invalid grant: account not found" &&
	grant aud=https://oauth2.googleapis.com/token &&
	says "400 {" "Failed audience check" "$GOOGLE_TOKEN_URI" &&
	for times in exp=3700 exp=-400 "iat=400 exp=3000" "iat=-4000 exp=-390"
	do
		grant $times && says "400 {" "short-lived token (60 minutes)" ||
		return 1
	done &&
	grant iat=-200 exp=3000 && says "200 {" &&
	grant scope= && says "400 {" invalid_scope &&
	grant scope=drive && says "400 {" invalid_scope &&
	grant grant_type=password && says "400 {" unsupported_grant_type
'

test_expect_success 'the clock of the service counts' '
	google_admin time "{\"skew\": 4200}" && grant &&
	says "400 {" "reasonable timeframe" &&
	google_admin time "{\"skew\": 0}" && grant && says "200 {"
'

test_expect_success 'accounts go, and their tokens with them' '
	token=$(google_token) && ask_as "$token" 200 /storage/v1/b/lab &&
	google_admin account "{\"email\": \"$GOOGLE_ACCOUNT\",
		\"state\": \"deleted\"}" &&
	ask_as "$token" 401 /storage/v1/b/lab && grant &&
	says "400 {" "account not found" &&
	google_admin account "{\"email\": \"$GOOGLE_ACCOUNT\",
		\"state\": \"ok\"}" &&
	ask_as "$token" 401 /storage/v1/b/lab && grant && says "200 {"
'

test_expect_success 'a token that is none, or has ended, is refused' '
	ask_as nonsense 401 /storage/v1/b/lab &&
	says "\"reason\": \"authError\"" "\"message\": \"Invalid Credentials\"" &&
	grep -i "^www-authenticate: Bearer .*invalid_token" fields &&
	ask 401 /storage/v1/b/lab -H "Authorization: Basic Zm9vOmJhcg==" &&
	token=$(google_token) && ask_as "$token" 200 /storage/v1/b/lab &&
	google_admin time "{\"skew\": 3700}" &&
	ask_as "$token" 401 /storage/v1/b/lab &&
	google_admin time "{\"skew\": 0}" &&
	google_admin expire_tokens && ask_as "$token" 401 /storage/v1/b/lab
'

test_expect_success 'scopes count' '
	only () {
		google_admin token "{\"email\": \"$GOOGLE_ACCOUNT\", \"scopes\":
			[\"https://www.googleapis.com/auth/$1\"]}" |
		sed -n "s/.*\"access_token\": \"\(.*\)\".*/\1/p"
	} &&
	put x ten && ask_as "$(only devstorage.read_only)" 200 "$objects/x" &&
	ask_as "$(only devstorage.read_only)" 403 -X DELETE "$objects/x" &&
	says "Provided scope(s) are not authorized" &&
	ask_as "$(only drive)" 403 "$objects/x" &&
	ask_as "$(only devstorage.read_write)" 204 -X DELETE "$objects/x"
'

# people

test_expect_success 'somebody lets an application in: with PKCE, once' '
	google_admin client "{\"id\": \"app\", \"secret\": \"s3cret\"}" &&
	google_admin person "{\"email\": \"me@example.com\"}" &&
	verifier=0123456789012345678901234567890123456789abc &&
	challenge=$(printf %s $verifier | openssl dgst -sha256 -binary |
		openssl base64 | tr "+/" "-_" | tr -d "=") &&
	back=http%3A%2F%2F127.0.0.1%3A1234%2F &&
	page="/o/oauth2/auth?client_id=app&redirect_uri=$back&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fdrive&state=xyz&code_challenge=$challenge&code_challenge_method=S256" &&
	nobody 400 "$page" && says invalid_request &&
	nobody 401 "/o/oauth2/auth?client_id=other" &&
	page="$page&response_type=code" &&
	nobody 400 "$(echo "$page" | sed s/127.0.0.1/evil.example/)" &&
	says redirect_uri_mismatch &&
	code () {
		nobody 302 "$page" && sed -n "s/.*[?&]code=\([^&]*\).*/\1/p" fields
	} &&
	form="grant_type=authorization_code&redirect_uri=$back" &&
	redeem () {
		redeem_want=$1 && shift &&
		nobody "$redeem_want" -d "$form&$1" /token
	} &&
	redeem 401 "client_id=app&client_secret=bad&code_verifier=$verifier&code=$(code)" &&
	redeem 400 "client_id=app&client_secret=s3cret&code_verifier=${verifier}x&code=$(code)" &&
	says "Invalid code verifier" &&
	redeem 400 "client_id=app&client_secret=s3cret&code=$(code)" &&
	code=$(code) && grep "state=xyz" fields &&
	redeem 200 "client_id=app&client_secret=s3cret&code_verifier=$verifier&code=$code" &&
	says refresh_token "auth/drive" &&
	refresh=$(sed -n "s/.*\"refresh_token\": \"\(.*\)\".*/\1/p" body) &&
	redeem 400 "client_id=app&client_secret=s3cret&code_verifier=$verifier&code=$code" &&
	says invalid_grant
'

test_expect_success 'a refresh token lives until it is revoked' '
	form="grant_type=refresh_token&refresh_token=$refresh&client_id=app" &&
	nobody 200 -d "$form&client_secret=s3cret" /token && says access_token &&
	nobody 401 -d "$form&client_secret=bad" /token && says invalid_client &&
	nobody 200 -d "token=$refresh" /revoke &&
	nobody 400 -d "$form&client_secret=s3cret" /token &&
	says invalid_grant "expired or revoked" &&
	nobody 400 -d "token=$refresh" /revoke && says invalid_token
'

test_expect_success 'who says no, comes back with that' '
	google_admin person "{\"email\": \"me@example.com\", \"denies\": true}" &&
	nobody 302 "$page" && grep "error=access_denied" fields
'

test_expect_success 'a token of elsewhere is exchanged, as registered' '
	google_admin subject "{\"audience\": \"//iam/pool\", \"token\": \"abc\",
		\"principal\": \"principal://pool/subject/me\"}" &&
	form="grant_type=urn:ietf:params:oauth:grant-type:token-exchange&requested_token_type=urn:ietf:params:oauth:token-type:access_token&subject_token_type=urn:ietf:params:oauth:token-type:jwt&scope=https://www.googleapis.com/auth/cloud-platform&audience=//iam/pool" &&
	nobody 400 -d "$form&subject_token=abd" /v1/token && says invalid_grant &&
	nobody 200 -d "$form&subject_token=abc" /v1/token &&
	token=$(sed -n "s/.*access_token\": \"\(.*\)\",/\1/p" body) &&
	path=/v1/projects/-/serviceAccounts/$GOOGLE_ACCOUNT &&
	ask_as "$token" 403 -d "{\"payload\": \"aGVsbG8=\"}" "$path:signBlob" &&
	says "iam.serviceAccounts.signBlob" &&
	google_admin account "{\"email\": \"$GOOGLE_ACCOUNT\",
		\"token_creator\": \"principal://pool/subject/me\"}" &&
	ask_as "$token" 200 -d "{\"payload\": \"aGVsbG8=\"}" "$path:signBlob" &&
	says signedBlob &&
	ask_as "$token" 400 -d "{\"scope\": [\"x\"], \"lifetime\": \"7200s\"}" \
		"$path:generateAccessToken" &&
	ask_as "$token" 200 -d "{\"scope\": [\"https://www.googleapis.com/auth/devstorage.read_only\"], \"lifetime\": \"600s\"}" \
		"$path:generateAccessToken" &&
	token=$(sed -n "s/.*accessToken\": \"\(.*\)\",/\1/p" body) &&
	ask_as "$token" 200 /storage/v1/b/lab
'

test_expect_success 'the metadata server wants its field' '
	path=/computeMetadata/v1/instance/service-accounts/default/token &&
	nobody 404 -H "Metadata-Flavor: Google" $path &&
	google_admin metadata "{\"email\": \"$GOOGLE_ACCOUNT\", \"scopes\":
		[\"https://www.googleapis.com/auth/devstorage.read_write\"]}" &&
	nobody 403 $path && nobody 200 -H "Metadata-Flavor: Google" $path &&
	grep -i "^metadata-flavor: Google" fields &&
	token=$(sed -n "s/.*access_token\": \"\(.*\)\",/\1/p" body) &&
	ask_as "$token" 200 /storage/v1/b/lab
'

# roles

test_expect_success 'each role can what it can, and 403 says what lacks' '
	put x ten &&
	role () {
		google_admin bucket "{\"name\": \"lab\", \"roles\":
			{\"$GOOGLE_ACCOUNT\": [\"$1\"]}}"
	} &&
	role storage.objectViewer && ask 200 "$objects/x" && ask 200 "$objects" &&
	ask 403 -X DELETE "$objects/x" &&
	says "$GOOGLE_ACCOUNT does not have storage.objects.delete access to the Google Cloud Storage object. Permission '\''storage.objects.delete'\'' denied on resource (or it may not exist)." \
		"\"reason\": \"forbidden\"" &&
	ask 403 /storage/v1/b/lab && says storage.buckets.get "Storage bucket." &&
	ask 403 -d x "$uploads?uploadType=media&name=y" &&
	says storage.objects.create &&
	role storage.objectCreator && put z ten && ask 403 "$objects/z" &&
	says storage.objects.get &&
	ask 403 -d x "$uploads?uploadType=media&name=z" &&
	says storage.objects.delete && ask 403 "$objects" &&
	role storage.legacyObjectReader && ask 200 "$objects/x" &&
	ask 403 "$objects/nothing" && says storage.objects.list &&
	role storage.legacyBucketReader && ask 200 /storage/v1/b/lab &&
	ask 200 "$objects" && ask 403 "$objects/x" &&
	test_must_fail role storage.god && gcs_bucket lab &&
	ask 200 -X DELETE "$objects/z" -w "\n200\n" && ask 404 "$objects/z"
'

test_expect_success 'anybody: what is public, and no more' '
	nobody 401 "$objects/x" && says "Anonymous caller does not have storage.objects.get access" "\"reason\": \"required\"" &&
	google_admin bucket "{\"name\": \"lab\", \"roles\":
		{\"allUsers\": [\"storage.objectViewer\"]}}" &&
	nobody 200 "$objects/x" && nobody 200 "$objects/x?alt=media" &&
	nobody 200 /lab/x && cmp ten body &&
	nobody 401 -X DELETE "$objects/x" &&
	ask_as expired 401 "$objects/x" &&
	google_admin bucket "{\"name\": \"lab\", \"roles\": {\"allUsers\": []}}" &&
	nobody 401 /lab/x && says "<Code>AuthenticationRequired</Code>"
'

test_expect_success 'buckets: missing, paid by who asks, not paid, kept' '
	ask 404 /storage/v1/b/none && says "The specified bucket does not exist." &&
	google_admin bucket "{\"name\": \"lab\", \"requester_pays\": true}" &&
	ask 400 "$objects/x" && says "requester pays" &&
	ask 200 "$objects/x?userProject=mine" &&
	google_admin bucket "{\"name\": \"lab\", \"requester_pays\": false,
		\"billing\": false}" &&
	ask 403 "$objects/x" && says accountDisabled &&
	google_admin bucket "{\"name\": \"lab\", \"billing\": true,
		\"retention\": 3600}" &&
	ask 403 -X DELETE "$objects/x" && says retentionPolicyNotMet &&
	google_admin bucket "{\"name\": \"lab\", \"retention\": 0}" &&
	ask 200 -X PATCH -H "Content-Type: application/json" \
		-d "{\"temporaryHold\": true}" "$objects/x" &&
	ask 403 -X DELETE "$objects/x" && says "Temporary hold" &&
	ask 200 -X PATCH -H "Content-Type: application/json" \
		-d "{\"temporaryHold\": false}" "$objects/x"
'

# objects

test_expect_success 'conditions' '
	put x ten && first=$(generation) &&
	ask 412 -d y "$uploads?uploadType=media&name=x&ifGenerationMatch=0" &&
	says conditionNotMet "At least one of the pre-conditions" &&
	ask 412 -d y "$uploads?uploadType=media&name=x&ifGenerationMatch=1" &&
	ask 412 -d y "$uploads?uploadType=media&name=new&ifGenerationMatch=1" &&
	ask 200 -d y "$uploads?uploadType=media&name=x&ifGenerationMatch=$first" &&
	second=$(generation) && test "$second" -gt "$first" &&
	ask 412 "$objects/x?ifGenerationMatch=$first" &&
	ask 304 "$objects/x?ifGenerationNotMatch=$second" &&
	ask 412 "$objects/x?ifMetagenerationMatch=2" &&
	ask 404 "$objects/x?generation=$first" &&
	ask 412 -X DELETE "$objects/x?ifGenerationMatch=$first" &&
	ask 404 -X DELETE "$objects/none?ifGenerationMatch=$first" &&
	ask 204 -X DELETE "$objects/x?ifGenerationMatch=$second" &&
	put x ten && ask 400 "$objects/x?ifGenerationMatch=abc" && says invalidParameter &&
	ask 400 "$objects/x?ifGenrationMatch=1" && says ifGenrationMatch
'

test_expect_success 'checksums' '
	md5=$(openssl dgst -md5 -binary ten | openssl base64) &&
	crc=$(/usr/bin/python3 -B -c "
import base64, sys; sys.path.insert(0, \"$TEST_DIRECTORY/helper\")
from crc32c import crc32c
assert crc32c(b\"123456789\").hex() == \"e3069283\"
print(base64.b64encode(crc32c(open(\"ten\", \"rb\").read())).decode())") &&
	put x ten -H "X-Goog-Hash: crc32c=$crc,md5=$md5" && says "$crc" "$md5" &&
	ask 400 --data-binary @ten -H "X-Goog-Hash: crc32c=AAAAAA==" \
		"$uploads?uploadType=media&name=x" && says "CRC32C" "$crc" &&
	ask 400 --data-binary @ten -H "Content-MD5: AAAAAAAAAAAAAAAAAAAAAA==" \
		"$uploads?uploadType=media&name=x" && says "MD5 hash" "$md5" &&
	parts () {
		printf "%s\n" "--b" "Content-Type: application/json" "" "$1" \
			"--b" "Content-Type: text/plain" "" "0123456789" "--b--"
	} &&
	parts "{\"name\": \"y\", \"crc32c\": \"$crc\", \"md5Hash\": \"$md5\",
		\"metadata\": {\"k\": \"v\"}}" >body1 &&
	ask 200 --data-binary @body1 \
		-H "Content-Type: multipart/related; boundary=b" \
		"$uploads?uploadType=multipart" &&
	says "\"size\": \"10\"" "\"k\": \"v\"" "\"contentType\": \"text/plain\"" &&
	parts "{\"name\": \"z\", \"crc32c\": \"AAAAAA==\"}" >body2 &&
	ask 400 --data-binary @body2 \
		-H "Content-Type: multipart/related; boundary=b" \
		"$uploads?uploadType=multipart" &&
	sed "s/$/\r/" body1 | head -c -1 >body3 && printf "\n" >>body3 &&
	ask 200 --data-binary @body3 \
		-H "Content-Type: multipart/related; boundary=\"b\"" \
		"$uploads?uploadType=multipart" && says "\"size\": \"10\"" &&
	ask 400 --data-binary @ten -H "Content-Type: text/plain" \
		"$uploads?uploadType=multipart" && ask 404 "$objects/z"
'

test_expect_success 'ranges' '
	put x ten &&
	bytes () {
		ask "$1" -H "Range: bytes=$2" "$objects/x?alt=media"
	} &&
	bytes 206 2-4 && printf 234 >want && cmp want body &&
	grep -i "^content-range: bytes 2-4/10" fields &&
	grep -i "^x-goog-hash: crc32c=$crc,md5=" fields &&
	bytes 206 8- && printf 89 >want && cmp want body &&
	bytes 206 -3 && printf 789 >want && cmp want body &&
	bytes 206 5-99 && printf 56789 >want && cmp want body &&
	bytes 416 10-12 && grep -i "^content-range: bytes \*/10" fields &&
	bytes 200 nonsense && cmp ten body &&
	ask 404 "$objects/none?alt=media" && says "No such object: lab/none" &&
	test_must_fail grep "{" body &&
	ask 200 "/download$objects/x?alt=media" && cmp ten body
'

test_expect_success 'gzip is unpacked for who cannot read it' '
	gzip -n <million >packed &&
	ask 200 --data-binary @packed -H "Content-Type: text/plain" \
		"$uploads?uploadType=media&name=gz&contentEncoding=gzip" &&
	get () {
		google_ask -D fields -o got "$objects/gz?alt=media" "$@" >status
	} &&
	get -H "Accept-Encoding: gzip" && cmp packed got &&
	grep -i "^content-encoding: gzip" fields &&
	get -H "Range: bytes=0-9" && cmp million got &&
	grep 200 status && grep -i "^warning: 214" fields &&
	test_must_fail grep -i "^content-length" fields &&
	get -H "Accept-Encoding: gzip" -H "Range: bytes=0-9" &&
	test "$(wc -c <got)" = 10
'

test_expect_success 'names that no object has' '
	for name in "" . .. a%0Ab %FF .well-known/acme-challenge/x \
		$(printf "%01025d" 0)
	do
		ask 400 -d x "$uploads?uploadType=media&name=$name" || return 1
	done &&
	ask 400 -d x "$uploads?uploadType=media" && says "Required parameter" &&
	put "$(printf "%01024d" 0)" ten && ask 400 -d x "$uploads?name=x" &&
	ask 404 "/storage/v1/b/lab/o/a/b" && says "Not Found"
'

test_expect_success 'answers come packed to who can read that' '
	ask 200 "$objects/x" -H "Accept-Encoding: gzip" &&
	grep -i "^content-encoding: gzip" fields && gzip -dc <body >out &&
	grep "\"size\": \"10\"" out &&
	ask 404 "$objects/none?alt=media" -H "Accept-Encoding: gzip" &&
	gzip -dc <body >out && grep "No such object: lab/none" out &&
	ask 200 "$objects/x?alt=media" -H "Accept-Encoding: gzip" && cmp ten body
'

test_expect_success 'a body says its length' '
	ask 411 -X POST "$objects/x/rewriteTo/b/lab/o/y" && says Content-length &&
	ask 200 -X POST -H "Content-Length: 0" \
		"$objects/x/rewriteTo/b/lab/o/y" && ask 204 -X DELETE "$objects/y"
'

test_expect_success 'metadata' '
	ask 200 -X PATCH -d "{\"metadata\": {\"a\": \"1\", \"b\": \"2\"}}" \
		"$objects/x" && says "\"metageneration\": \"2\"" &&
	ask 200 -X PATCH -d "{\"metadata\": {\"a\": null}}" "$objects/x" &&
	says "\"b\": \"2\"" && test_must_fail grep "\"a\":" body &&
	ask 400 -X PATCH -d "{\"metadata\": {\"a\": 1}}" "$objects/x" &&
	ask 400 -X PATCH -d "nonsense" "$objects/x" && says parseError &&
	printf "{\"metadata\": {\"a\": \"%08192d\"}}" 1 >large &&
	ask 400 -X PATCH -d @large "$objects/x" && says "too large"
'

test_expect_success 'fields' '
	ask 200 "$objects/x?fields=name,metadata/b" &&
	printf "{\n  \"name\": \"x\",\n  \"metadata\": {\n    \"b\": \"2\"\n  }\n}\n" \
		>want && test_cmp want body &&
	ask 200 "$objects?prefix=x&fields=items(name,metadata(b)),nextPageToken" &&
	test_must_fail grep size body && says "\"b\": \"2\"" &&
	ask 200 "$objects/x?fields=*" && says "\"size\"" &&
	for fields in nonsense items "name," "name)" "name(" "a//b" "metadata("
	do
		ask 400 "$objects/x?fields=$fields" &&
		says "Invalid field selection" || return 1
	done
'

test_expect_success 'lists: pages, prefixes, offsets' '
	google_admin bucket "{\"name\": \"many\", \"roles\":
		{\"$GOOGLE_ACCOUNT\": [\"storage.objectUser\"]}}" &&
	google_admin fill "{\"bucket\": \"many\", \"count\": 2500,
		\"name\": \"d/run-%05d\"}" &&
	google_admin fill "{\"bucket\": \"many\", \"count\": 3,
		\"name\": \"e/%d/x\"}" &&
	all=/storage/v1/b/many/o &&
	count () {
		test "$(grep -c "\"name\":" body)" = "$1"
	} &&
	next () {
		sed -n "s/.*\"nextPageToken\": \"\(.*\)\".*/\1/p" body
	} &&
	ask 200 "$all" && count 1000 && ask 200 "$all?pageToken=$(next)" &&
	count 1000 && ask 200 "$all?pageToken=$(next)" && count 503 &&
	test -z "$(next)" &&
	ask 200 "$all?maxResults=5000" && count 1000 &&
	ask 400 "$all?maxResults=0" && ask 400 "$all?pageToken=nonsense" &&
	ask 200 "$all?delimiter=/" && count 0 && says "\"d/\"" "\"e/\"" &&
	ask 200 "$all?delimiter=/&prefix=e/&maxResults=2" && says "\"e/1/\"" &&
	ask 200 "$all?delimiter=/&prefix=e/&pageToken=$(next)" &&
	says "\"e/2/\"" && test_must_fail grep "\"e/1/\"" body &&
	ask 200 "$all?startOffset=d/run-02499&endOffset=e/1" && count 2 &&
	ask 200 "$all?prefix=nothing" && count 0 &&
	test_must_fail grep items body &&
	google_admin modes "{\"page\": 2, \"empty_pages\": true}" &&
	ask 200 "$all?prefix=e/" && count 0 && ask 200 "$all?prefix=e/&pageToken=$(next)" &&
	count 2 && google_admin modes "{\"page\": null, \"empty_pages\": null}"
'

test_expect_success 'compose: up to 32, without an MD5' '
	source="{\"name\": \"x\"}" && put x ten && x=$(generation) &&
	ask 200 -d "{\"sourceObjects\": [$source, $source]}" "$objects/c/compose" &&
	says "\"componentCount\": 2" "\"size\": \"20\"" &&
	test_must_fail grep md5Hash body &&
	many=$source && for i in 1 2 3 4 5; do many="$many,$many"; done &&
	ask 200 -d "{\"sourceObjects\": [$many]}" "$objects/c/compose" &&
	ask 400 -d "{\"sourceObjects\": [$many, $source]}" "$objects/c/compose" &&
	says "exceeds the maximum (32)" &&
	ask 400 -d "{\"sourceObjects\": []}" "$objects/c/compose" &&
	ask 404 -d "{\"sourceObjects\": [{\"name\": \"none\"}]}" \
		"$objects/c/compose" &&
	ask 412 -d "{\"sourceObjects\": [{\"name\": \"x\", \"objectPreconditions\":
		{\"ifGenerationMatch\": \"1\"}}]}" "$objects/c/compose" &&
	ask 412 -d "{\"sourceObjects\": [$source]}" \
		"$objects/c/compose?ifGenerationMatch=0"
'

test_expect_success 'rewrite: large ones in several calls' '
	head -c 3000000 million >three && cat million million >>three &&
	put large three && large=$(generation) &&
	to="$objects/large/rewriteTo/b/lab/o/copy" &&
	ask 200 -d "" "$to?maxBytesRewrittenPerCall=1048576" &&
	says "\"done\": false" "\"totalBytesRewritten\": \"1048576\"" &&
	token=$(sed -n "s/.*\"rewriteToken\": \"\(.*\)\".*/\1/p" body) &&
	ask 404 "$objects/copy" &&
	ask 400 -d "" "$objects/large/rewriteTo/b/lab/o/other?rewriteToken=$token" &&
	ask 400 -d "" "$to?rewriteToken=other" &&
	for again in 1 2
	do
		ask 200 -d "" "$to?rewriteToken=$token&maxBytesRewrittenPerCall=1048576" &&
		says "\"totalBytesRewritten\": \"2097152\"" || return 1
	done &&
	ask 200 -d "" "$to?rewriteToken=$token" && says "\"done\": true" \
		"\"size\": \"3000000\"" &&
	ask 412 -d "" "$to?ifGenerationMatch=0" &&
	ask 412 -d "" "$to?ifSourceGenerationMatch=1" &&
	ask 404 -d "" "$to?sourceGeneration=1" &&
	ask 400 -d "" "$to?maxBytesRewrittenPerCall=1000" &&
	ask 404 -d "" "$objects/none/rewriteTo/b/lab/o/copy"
'

# sessions

# session NAME [CURL-OPTION...]: begins one; its path in $session
session () {
	session_name=$1 && shift &&
	case "$*" in *" -d "*) ;; *) set -- -d "" "$@" ;; esac &&
	ask 200 -X POST "$@" "$uploads?uploadType=resumable&name=$session_name" &&
	session=$(sed -n "s,^[Ll]ocation: $GCS_ROOT\(.*\).$,\1,p" fields) &&
	test -n "$session"
}

# send STATUS RANGE FILE [CURL-OPTION...]: nobody is who sends it; the URL is
# what lets in
send () {
	send_want=$1 send_range=$2 send_file=$3 && shift 3 &&
	nobody "$send_want" -X PUT --data-binary "@$send_file" \
		-H "Content-Range: bytes $send_range" "$@" "$session"
}

test_expect_success 'setup: pieces' '
	head -c 262144 million >a && head -c 524288 million | tail -c 262144 >b &&
	tail -c +524289 million >c && : >empty
'

test_expect_success 'a session takes pieces of 256 KiB, the last of any size' '
	session s && send 308 "*/*" empty &&
	test_must_fail grep -i "^range:" fields &&
	send 308 "0-262143/*" a && grep -i "^range: bytes=0-262143" fields &&
	send 400 "262144-263143/*" ten && send 400 "262144-262153/*" ten &&
	says "required to be equal or greater than 262144" &&
	send 503 "524288-1000015/1000016" c &&
	says "upload offset is 524288 byte(s), which exceeds already uploaded size of 262144 byte(s)" &&
	send 308 "262144-524287/1000000" b &&
	send 400 "*/1000001" empty && send 400 "nonsense" empty &&
	send 400 "524288-999999/1000000" a && says "in the request body" &&
	send 308 "*/1000000" empty && grep -i "^range: bytes=0-524287" fields &&
	ask 404 "$objects/s" &&
	send 200 "524288-999999/1000000" c && says "\"size\": \"1000000\"" &&
	send 200 "*/1000000" empty && says "\"size\": \"1000000\"" &&
	ask 200 "$objects/s?alt=media" && ask 204 -X DELETE "$objects/s"
'

test_expect_success 'what was there before is passed over' '
	session s && send 308 "0-262143/1000000" a &&
	send 200 "0-999999/1000000" million &&
	google_ask -o got "$objects/s?alt=media" && cmp million got
'

test_expect_success 'nothing at all, and all at once' '
	session none && send 200 "*/0" empty && says "\"size\": \"0\"" &&
	session whole && nobody 200 -X PUT --data-binary @million "$session" &&
	says "\"size\": \"1000000\"" &&
	session unknown && send 200 "0-*/*" million \
		-H "Transfer-Encoding: chunked" -H "Content-Length:" &&
	says "\"size\": \"1000000\"" &&
	session told -H "X-Upload-Content-Length: 1000000" &&
	send 400 "0-9/10" ten && send 200 "0-999999/1000000" million
'

test_expect_success 'sums and conditions of a session' '
	session s && send 400 "0-9/10" ten -H "X-Goog-Hash: crc32c=AAAAAA==" &&
	says CRC32C && send 400 "*/10" empty &&
	session s -H "Content-Type: application/json" \
		-d "{\"crc32c\": \"AAAAAA==\"}" &&
	send 400 "0-9/10" ten && says CRC32C &&
	put s ten &&
	ask 412 -d "" "$uploads?uploadType=resumable&name=s&ifGenerationMatch=0" &&
	session "late&ifGenerationMatch=0" && put late ten &&
	send 412 "0-9/10" ten && says conditionNotMet
'

test_expect_success 'sessions end' '
	session s && nobody 499 -X DELETE "$session" && send 499 "*/*" empty &&
	send 499 "0-9/10" ten &&
	session s && send 308 "0-262143/*" a &&
	google_admin sessions "{\"drop\": 410}" && send 410 "*/*" empty &&
	session s && google_admin time "{\"skew\": 700000}" &&
	send 410 "0-9/10" ten && google_admin time "{\"skew\": 0}" &&
	session=$uploads?uploadType=resumable\&upload_id=never &&
	send 404 "*/*" empty
'

test_expect_success 'what a broken connection brought is kept in 256 KiB' '
	session s &&
	cat >half.py <<-\END &&
	import socket, sys
	from urllib.parse import urlsplit
	at = urlsplit(sys.argv[1])
	with socket.create_connection((at.hostname, at.port)) as s:
	    s.sendall(("PUT %s?%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000"
	               "\r\nContent-Range: bytes 0-999999/1000000\r\n\r\n"
	               % (at.path, at.query)).encode() + b"x" * 700000)
	END
	/usr/bin/python3 half.py "$GCS_ROOT$session" &&
	kept () {
		send 308 "*/1000000" empty &&
		grep -i "^range: bytes=0-524287" fields
	} &&
	test_wait_for 10 kept
'

test_expect_success 'an old connection adds nothing behind a newer one' '
	cat >late.py <<-\END &&
	import socket, sys, time, urllib.request
	from urllib.error import HTTPError
	from urllib.parse import urlsplit
	url, at = sys.argv[1], urlsplit(sys.argv[1])

	def kept():
	    ask = urllib.request.Request(url, b"", {
	        "Content-Range": "bytes */1000000"}, method="PUT")
	    try:
	        urllib.request.urlopen(ask)
	    except HTTPError as e:
	        return e.headers["Range"]

	with socket.create_connection((at.hostname, at.port)) as s:
	    s.sendall(("PUT %s?%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000"
	               "\r\nContent-Range: bytes 0-999999/1000000\r\n\r\n"
	               % (at.path, at.query)).encode() + b"x" * 300000)
	    time.sleep(float(sys.argv[2]))
	    if kept() is None:
	        sys.exit("nothing had come yet")
	    s.sendall(b"x" * 700000)
	    print(s.recv(1000).split(b"\r\n")[0].decode())
	print(kept())
	END
	for wait in 0.01 0.1 1 5
	do
		session s &&
		timeout 20 /usr/bin/python3 late.py "$GCS_ROOT$session" \
			$wait >out && break
	done &&
	printf "%s\n" "HTTP/1.1 503 Service Unavailable" "bytes=0-262143" >want &&
	test_cmp want out
'

test_expect_success 'a service may keep less of a piece than it got' '
	google_admin modes "{\"session_keep\": 262144}" && session s &&
	head -c 524288 million >half && send 308 "0-524287/1000000" half &&
	grep -i "^range: bytes=0-262143" fields &&
	tail -c +262145 million >rest && send 308 "262144-999999/1000000" rest &&
	grep -i "^range: bytes=0-524287" fields &&
	google_admin modes "{\"session_keep\": null}"
'

test_expect_success 'Go asks not to be told 308' '
	session s && send 200 "0-262143/*" a -H "X-GUploader-No-308: yes" &&
	grep -i "^x-http-status-code-override: 308" fields
'

# what tests want to see

test_expect_success 'errors on order, and what is kept of an error' '
	google_admin errors "{\"errors\": [{\"path\": \"/o/x\", \"after\": 1,
		\"times\": 2, \"status\": 429, \"reason\": \"rateLimitExceeded\",
		\"message\": \"slow down\", \"fields\": {\"Retry-After\": \"7\"}}]}" &&
	ask 200 "$objects/x" && ask 429 "$objects/x" && says "slow down" &&
	grep "^Retry-After: 7" fields && ask 429 "$objects/x" &&
	ask 200 "$objects/x" && google_admin errors "{\"errors\": []}" &&
	google_admin modes "{\"mutations\": 3600}" && put quick ten &&
	ask 429 -d x "$uploads?uploadType=media&name=quick" &&
	says "rate limit for object mutation" &&
	google_admin modes "{\"mutations\": null}"
'

test_expect_success 'the log says all requests, and no secret' '
	google_requests "/o/x" >out && grep "^GET /storage/v1/b/lab/o/x 429$" out &&
	nobody 200 "$objects/x?access_token=$(google_token)" &&
	test_must_fail grep -e ya29 -e s3cret -e "ADPycd[A-Za-z0-9]" \
		-e assertion -e "code=4" "$GOOGLE_LOG" &&
	grep "upload_id=\.\.\." "$GOOGLE_LOG" &&
	grep "access_token=\.\.\." "$GOOGLE_LOG"
'

test_expect_success 'TLS' '
	make_ca ca && make_cert ca c DNS:localhost,IP:127.0.0.1 &&
	start_gcs --cert="$PWD/ca/c.pem" && gcs_bucket lab && put x ten &&
	says "\"selfLink\": \"https://localhost:"
'

test_expect_success 'no server is left when a test is killed' '
	mkdir inner && cat >inner/t.sh <<-\END &&
	test_description="killed"
	. ./test-lib.sh
	. "$TEST_DIRECTORY"/lib-google.sh
	start_gcs && echo "$GCS_PORT" >"$PORTS.new" && mv "$PORTS.new" "$PORTS"
	kill -KILL $$
	END
	here=$PWD &&
	(
		cd "$TEST_DIRECTORY" &&
		PORTS=$here/ports sh "$here/inner/t.sh" \
			--root="$here/inner" --build="$BUILD_DIRECTORY"
	) >out 2>err
	read -r port <ports &&
	closed () {
		test_expect_code 7 curl -q -s --noproxy "*" \
			"http://127.0.0.1:$port/"
	} &&
	test_wait_for 20 closed
'

test_expect_success 'nothing went wrong in the servers' '
	for dir in "$TEST_TOP_DIRECTORY"/server*
	do
		test_must_be_empty "$dir/said" || return 1
	done
'

test_done
