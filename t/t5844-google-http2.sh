#!/bin/sh

test_description='stores at Google over TLS and HTTP/2, as Google speaks them'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
unset RESUTIL_NO_REMOTE

# behind_tls: the fake that was started last, behind a server that others wrote
behind_tls () {
	start_nginx "$PWD/ca/good.pem" "$GOOGLE" &&
	google_admin modes "{\"scheme\": \"https\"}" >&4 &&
	google_trust "localhost:$NGINX_PORT" &&
	GOOGLE_TOKEN_URI=$NGINX/token NGINX_ACCESS=$test_server_dir/access
}

test_expect_success 'setup: a project, an authority' '
	make_ca ca && make_ca other && make_cert "$PWD/ca" good DNS:localhost &&
	mkdir -p "$HOME/.config/resutil" && printf "http:\n  ca-file: %s\n" \
		"$PWD/ca/ca.pem" >"$HOME/.config/resutil/config.yaml" &&
	head -c 20000000 /dev/urandom >big
'

for kind in gcs drive
do
	test_expect_success "$kind: push and pull" '
		rm -rf results .resutil resutil-conf.yaml &&
		case $kind in
		gcs)	start_gcs && gcs_bucket lab && behind_tls &&
			GCS_ROOT=$NGINX && gcs_conf lab ;;
		drive)	start_drive && id=$(drive_shared lab) && behind_tls &&
			DRIVE_ROOT=$NGINX && drive_conf "$id" ;;
		esac &&
		for n in 1 2 3 4 5 6 7 8
		do
			name=$(resutil add run$n) && echo $n >"results/$name/x" ||
			return 1
		done &&
		name=$(resutil add large) && cp big "results/$name/big" &&
		resutil list-exps >names && resutil push -A >out &&
		resutil list-remote >remote && test_cmp names remote &&
		mv results pushed && mkdir results && rm -r .resutil &&
		resutil pull -A >out && diff -r pushed results &&
		rm -r pushed && resutil fsck --remote --read-data
	'

	# bytes of packs have connections of their own
	test_expect_success "$kind: what is small was asked by HTTP/2" '
		grep "\"POST /token HTTP/2.0\" 200" "$NGINX_ACCESS" >&4 &&
		grep "\"GET /.*fields=.* HTTP/2.0\" 200" "$NGINX_ACCESS" >&4 &&
		grep "\"PUT /.*upload_id=.* HTTP/1.1\" 308" "$NGINX_ACCESS" >/dev/null &&
		grep "alt=media.* HTTP/1.1\" 206" "$NGINX_ACCESS" >/dev/null &&
		test_must_fail grep "\" \(5\|40[0-35-9]\|4[1-9]\)" "$NGINX_ACCESS"
	'

	test_expect_success "$kind: an authority that nobody knows gets no token" '
		: >"$GOOGLE_LOG" &&
		test_expect_code 12 resutil -c http.ca-file=other/ca.pem \
			list-remote 2>err &&
		grep "cannot trust .*localhost:$NGINX_PORT" err &&
		test_must_be_empty "$GOOGLE_LOG"
	'
done

test_done
