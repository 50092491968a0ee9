#!/bin/sh

test_description='the servers that stand for Google are taken for it by others'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-gcs-clients.sh
unset RESUTIL_NO_REMOTE

# what lies in the bucket, as nobody's client says it: names and sizes
raw () {
	google_admin objects '{"bucket": "lab"}' | /usr/bin/python3 -c '
import json, sys
for o in json.load(sys.stdin)["objects"]:
    print(o["name"], o["size"])'
}

test_expect_success 'setup: a bucket' '
	start_gcs && gcs_bucket lab && google_key key.json &&
	key=$PWD/key.json && head -c 3000000 /dev/urandom >three &&
	head -c 100000 three >small && : >empty
'

test_expect_success 'Node: put, list, read' '
	their_node upload lab a/small small >generation &&
	their_node upload lab empty empty >out &&
	their_node_there resume lab a/three three >out &&
	their_node_there stream lab a/streamed <three >out &&
	printf "%s\n" "a/small 100000" "a/streamed 3000000" "a/three 3000000" \
		"empty 0" >want && raw >out && test_cmp want out &&
	their_node list lab a/ >out && sed -n "s/\(a.*\) .*/\1/p" want >names &&
	test_cmp names out &&
	their_node download lab a/three got && cmp three got &&
	their_node download lab empty got && test_must_be_empty got &&
	their_node range lab a/three 2999990 2999999 >got &&
	tail -c 10 three >want && cmp want got &&
	google_requests "/upload/" >out && grep -c "^PUT .* 308" out >pieces &&
	echo 2 >want && test_cmp want pieces
'

test_expect_success 'Node sees that what it got is not what was put' '
	their_node upload lab rotten small >out &&
	google_admin corrupt "{\"bucket\": \"lab\", \"name\": \"rotten\",
		\"at\": 50000}" &&
	test_expect_code 1 their_node download lab rotten got 2>err &&
	grep -i "mismatch\|did not match" err &&
	test_must_fail resutil get-object --remote "$(store lab)" rotten \
		>got 2>err && grep "rotten" err &&
	google_admin remove "{\"bucket\": \"lab\", \"name\": \"rotten\"}"
'

test_expect_success 'Node: conditions' '
	test_expect_code 1 their_node upload lab a/small three \
		"{\"ifGenerationMatch\": 0}" 2>err && grep "^412:" err &&
	test_expect_code 1 their_node_there resume lab a/small three \
		"{\"ifGenerationMatch\": 1}" 2>err && grep 412 err &&
	test_expect_code 1 their_node delete lab a/small \
		"{\"ifGenerationMatch\": 1}" 2>err && grep "^412:" err &&
	their_node delete lab a/small \
		"{\"ifGenerationMatch\": $(cat generation)}" &&
	test_expect_code 1 their_node delete lab a/small 2>err &&
	grep "^404: No such object" err
'

test_expect_success 'Node: copies, also in several calls, and composed ones' '
	google_admin modes "{\"rewrite\": 1048576}" &&
	their_node copy lab a/three "b c/d+e" &&
	google_requests rewriteTo >out && test_line_count = 3 out &&
	google_admin modes "{\"rewrite\": null}" &&
	their_node compose lab both a/three a/streamed &&
	cat three three >want && resutil get-object --remote "$(store lab)" both \
		>got && cmp want got &&
	resutil get-object --remote "$(store lab)" "b c/d+e" >got &&
	cmp three got && their_node delete lab both
'

test_expect_success 'Node: which permissions we have, and what lacks' '
	their_node roles lab storage.objects.get storage.buckets.update >out &&
	echo "{\"storage.objects.get\":true,\"storage.buckets.update\":false}" \
		>want && test_cmp want out &&
	gcs_bucket lab storage.objectViewer &&
	test_expect_code 1 their_node delete lab empty 2>err &&
	grep "^403: .*does not have storage.objects.delete access" err &&
	gcs_bucket lab && google_admin expire_tokens &&
	their_node delete lab empty
'

# url METHOD URL [CURL-OPTION...]: by the proxy that leads to our server; the
# status is the last line
url () {
	curl -q -sS -x "$GCS_ROOT" -X "$@" -w "\n%{http_code}\n"
}

test_expect_success 'URLs that Node signs let in whoever has them' '
	read=$(their_node_there sign lab "b c/d+e" 60) &&
	url GET "$read" -o got && cmp three got &&
	url GET "$read" -o got -r 5-9 >out && test "$(wc -c <got)" = 5 &&
	write=$(their_node_there sign lab "by url" 60 write) &&
	url PUT "$write" --data-binary @small -H "Content-Type:" >out &&
	tail -n 1 out | grep 200 &&
	resutil get-object --remote "$(store lab)" "by url" >got &&
	cmp small got &&
	remove=$(their_node_there sign lab "by url" 60 delete) &&
	url DELETE "$remove" >out && tail -n 1 out | grep 204 &&
	url DELETE "$remove" >out && grep "<Code>NoSuchKey</Code>" out
'

test_expect_success '... for this, until then, and nobody who changes them' '
	refused () {
		tail -n 1 out | grep -x "$1" && grep "<Code>$2</Code>" out
	} &&
	url PUT "$read" -d x >out && refused 403 SignatureDoesNotMatch &&
	url GET "$(echo "$read" | sed s/d%2Be/d%2Bf/)" >out &&
	refused 403 SignatureDoesNotMatch &&
	url GET "$(echo "$read" | sed s/Expires=60/Expires=61/)" >out &&
	refused 403 SignatureDoesNotMatch &&
	url GET "$read&x=y" >out && refused 403 SignatureDoesNotMatch &&
	url GET "$read" -H "x-goog-project-id: mine" >out &&
	refused 400 MalformedSecurityHeader &&
	url GET "$(echo "$read" | sed s/Expires=60/Expires=604801/)" >out &&
	refused 400 InvalidArgument &&
	url GET "$(echo "$read" | sed s/X-Goog-SignedHeaders=[a-z]*//)" >out &&
	refused 400 InvalidArgument &&
	google_admin time "{\"skew\": 70}" && url GET "$read" >out &&
	refused 400 ExpiredToken &&
	google_admin time "{\"skew\": -1000}" && url GET "$read" >out &&
	refused 403 AccessDenied && google_admin time "{\"skew\": 0}" &&
	gcs_bucket lab storage.legacyBucketReader && url GET "$read" >out &&
	refused 403 AccessDenied && gcs_bucket lab &&
	google_admin account "{\"email\": \"$GOOGLE_ACCOUNT\", \"state\":
		\"deleted\"}" && url GET "$read" >out &&
	refused 403 SignatureDoesNotMatch &&
	google_admin account "{\"email\": \"$GOOGLE_ACCOUNT\", \"state\": \"ok\"}"
'

test_expect_success 'rclone: moves on the server, times, sums, litter' '
	mkdir dir && cp three small dir && : >dir/empty &&
	their_rclone copy dir t:lab/r && their_rclone check dir t:lab/r &&
	their_rclone moveto t:lab/r/small "t:lab/r/s m a l l" &&
	their_rclone touch -t 2020-01-02T03:04:05 t:lab/r/three &&
	their_rclone lsl t:lab/r >out && grep "2020-01-02 03:04:05.* three" out &&
	their_rclone md5sum t:lab/r >out && openssl dgst -md5 -r dir/three |
	cut -d " " -f 1 >want && grep -f want out &&
	resutil get-object --remote "$(store lab)" "r/s m a l l" >got &&
	cmp small got && their_rclone purge t:lab/r && raw >out &&
	test_must_fail grep "^r/" out
'

test_expect_success 'google-auth: a key file; no key, no rights' '
	their_python token >out &&
	echo "google.oauth2.service_account $GOOGLE_ACCOUNT valid" >want &&
	test_cmp want out && GOOGLE_APPLICATION_CREDENTIALS=$key &&
	export GOOGLE_APPLICATION_CREDENTIALS && (key=- && their_python token) \
		>out && test_cmp want out && unset GOOGLE_APPLICATION_CREDENTIALS &&
	google_admin account "{\"email\": \"$GOOGLE_ACCOUNT\", \"state\":
		\"deleted\"}" &&
	test_expect_code 1 their_python token 2>err &&
	grep "invalid_grant: Invalid grant: account not found" err &&
	google_admin account "{\"email\": \"$GOOGLE_ACCOUNT\", \"state\": \"ok\"}"
'

test_expect_success 'google-auth: a clock that is wrong' '
	google_admin time "{\"skew\": -5000}" &&
	test_expect_code 1 their_python token 2>err &&
	grep "invalid_grant: Invalid JWT: Token must be a short-lived" err &&
	google_admin time "{\"skew\": 0}"
'

test_expect_success 'google-auth: a login, until it is revoked' '
	google_admin client "{\"id\": \"app\", \"secret\": \"s3cret\"}" &&
	refresh=$(google_admin refresh_token "{\"email\": \"$GOOGLE_ACCOUNT\",
		\"client\": \"app\", \"scopes\":
		[\"https://www.googleapis.com/auth/devstorage.read_write\"]}" |
		sed -n "s/.*\"refresh_token\": \"\(.*\)\".*/\1/p") &&
	cat >login.json <<-END &&
	{"type": "authorized_user", "client_id": "app", "client_secret": "s3cret",
	 "refresh_token": "$refresh", "token_uri": "$GOOGLE_TOKEN_URI"}
	END
	(key=login.json && their_python token && their_python list lab) >out &&
	grep "^google.oauth2.credentials - valid$" out && grep "^a/three" out &&
	google_admin refresh_token "{\"revoke\": true}" &&
	(key=login.json && test_expect_code 1 their_python token) 2>err &&
	grep "invalid_grant: Token has been expired or revoked" err
'

test_expect_success 'google-auth: a machine of GCE' '
	google_admin metadata "{\"email\": \"$GOOGLE_ACCOUNT\", \"scopes\":
		[\"https://www.googleapis.com/auth/devstorage.read_only\"]}" &&
	(
		GCE_METADATA_ROOT=${GCS_ROOT#http://} && export GCE_METADATA_ROOT &&
		key=machine && their_python token >out &&
		their_python list lab >>out &&
		test_expect_code 1 their_python remove lab a/three 2>err
	) &&
	grep "^google.auth.compute_engine.credentials $GOOGLE_ACCOUNT valid" out &&
	grep "^a/three" out && grep "not authorized" err
'

test_expect_success 'nothing went wrong in the server' '
	test_must_be_empty "$TEST_TOP_DIRECTORY/server1/said"
'

test_done
