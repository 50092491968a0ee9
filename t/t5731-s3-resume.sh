#!/bin/sh

test_description='uploads in parts: gone on with after a death'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

NAME=aapfup_20240704T191555_large
KEY=project/$NAME.zip
NOTE=.resutil/uploads/origin/$NAME.json
PART='method == "PUT" and "partNumber" in args'

# What the server holds of uploads that are not done: "KEY ID", a line each.
uploads () {
	s3_ask GET "/bucket?uploads=" 2>/dev/null >uploads.xml &&
	tr '<' '\n' <uploads.xml |
	awk -F '>' '$1 == "Key" { key = $2 }
		$1 == "UploadId" { print key, $2 }'
}

# parts ID: how many of an upload the server holds
parts () {
	s3_ask GET "/bucket/$KEY?uploadId=$1" 2>/dev/null >parts.xml &&
	grep -o "<PartNumber>" parts.xml | wc -l
}

# push_and_die N [OPTION...]: is killed when the server has got N parts
push_and_die () {
	proxy_rules "{\"method\": \"PUT\", \"path\": \"partNumber\",
		\"nth\": $1, \"run_after\": \"kill -9 \$(cat $PWD/pid)\"}" &&
	shift &&
	{
		RESUTIL_TEST_S3_PART=5242880 \
		sh -c 'echo $$ >pid; exec resutil "$@"' - \
			send-pack "$@" "$NAME" >died.out 2>died.err
		test $? = 137
	} &&
	rm pid &&
	test_wait_for 20 is_quiet
}

# What was under way when it died has come to its end.
is_quiet () {
	before=$(wc -l <"$PROXY_LOG") &&
	sleep 0.2 &&
	test "$before" = "$(wc -l <"$PROXY_LOG")"
}

sent () {
	count_requests "$PART and status == 200"
}

there () {
	resutil verify-pack --remote=origin "$NAME"
}

test_expect_success 'setup: a server, a large experiment' '
	start_radosgw && make_bucket bucket &&
	start_proxy "$S3_ENDPOINT" &&
	cat >resutil-conf.yaml <<-END &&
	project_name: project
	results_dir: results
	storage_type: s3
	storage_config:
	  bucket_name: bucket
	  endpoint_url: $PROXY
	END
	make_exp $NAME "id: \"$(test_id 1)\"" "revision: 1" "state: done" &&
	head -c 42000000 /dev/urandom >results/$NAME/data.bin &&
	RESUTIL_TEST_S3_PART=5242880 && export RESUTIL_TEST_S3_PART
'

test_expect_success 'a push that is killed leaves a note and nothing to see' '
	push_and_die 3 &&
	test_path_is_file $NOTE &&
	test "$(stat -c %a $NOTE)" = 600 &&
	resutil list-remote >listed &&
	test_must_be_empty listed &&
	uploads >left &&
	test_line_count = 1 left &&
	grep "^$KEY " left
'

test_expect_success 'the next one sends what is missing' '
	read -r key id <left &&
	held=$(parts "$id") &&
	test "$held" -ge 3 &&
	proxy_rules &&
	resutil send-pack $NAME >out 2>err &&
	grep "^new" out &&
	grep "resumed; [0-9.]* MiB of it had been sent before" err &&
	test $(sent) = $((9 - held)) &&
	test_path_is_missing $NOTE &&
	uploads >left &&
	test_must_be_empty left &&
	there
'

test_expect_success 'what comes back is what was sent' '
	mkdir other && cp resutil-conf.yaml other &&
	resutil -C other fetch-exp $NAME &&
	cmp results/$NAME/data.bin other/results/$NAME/data.bin &&
	resutil remove-exp --force --remote=origin $NAME
'

test_expect_success 'a tree that was changed is begun anew' '
	push_and_die 3 &&
	uploads >before &&
	printf x >>results/$NAME/data.bin &&
	proxy_rules &&
	resutil send-pack $NAME 2>err &&
	! grep resumed err &&
	test $(sent) = 9 &&
	test_requests = 1 "method == \"DELETE\" and \"uploadId\" in args" &&
	test_path_is_missing $NOTE &&
	uploads >left && test_must_be_empty left &&
	there &&
	resutil remove-exp --force --remote=origin $NAME
'

test_expect_success 'so is one of another level' '
	push_and_die 3 &&
	proxy_rules &&
	resutil send-pack --level 3 $NAME 2>err &&
	! grep resumed err &&
	test $(sent) = 9 &&
	test_path_is_missing $NOTE &&
	uploads >left && test_must_be_empty left &&
	there &&
	resutil remove-exp --force --remote=origin $NAME
'

test_expect_success 'and of another build' '
	push_and_die 3 &&
	proxy_rules &&
	RESUTIL_TEST_ZSTREAM=zlib resutil send-pack $NAME 2>err &&
	! grep resumed err &&
	test $(sent) = 9 &&
	test_path_is_missing $NOTE &&
	uploads >left && test_must_be_empty left &&
	resutil remove-exp --force --remote=origin $NAME
'

test_expect_success 'a part that was tampered with is sent again' '
	push_and_die 4 &&
	uploads >left &&
	read -r key id <left &&
	held=$(parts "$id") &&
	head -c 5242880 /dev/zero >zeros &&
	s3_ask -b zeros PUT "/bucket/$KEY?partNumber=1&uploadId=$id" \
		2>/dev/null &&
	proxy_rules &&
	resutil send-pack $NAME 2>err &&
	test $(sent) = $((10 - held)) &&
	there &&
	resutil remove-exp --force --remote=origin $NAME
'

test_expect_success 'an upload that the server has forgotten is begun anew' '
	push_and_die 3 &&
	uploads >left &&
	read -r key id <left &&
	s3_ask DELETE "/bucket/$KEY?uploadId=$id" 2>/dev/null &&
	proxy_rules &&
	resutil send-pack $NAME 2>err &&
	test $(sent) = 9 &&
	test_path_is_missing $NOTE &&
	there &&
	resutil remove-exp --force --remote=origin $NAME
'

for bad in \
	'corrupt|printf "{" >$NOTE' \
	'empty|: >$NOTE' \
	'of another version|sed -i "s/\"resutil_upload\":1/\"resutil_upload\":2/" $NOTE' \
	'of another store|sed -i "s,\"s3://bucket,\"s3://bouquet," $NOTE' \
	'a link|ln -sf /etc/passwd $NOTE' \
	'a directory|rm $NOTE \&\& mkdir $NOTE'
do
	what=${bad%%|*} do=$(echo "${bad#*|}" | sed 's/\\&/\&/g')
	test_expect_success "a note that is $what is as if it were not there" '
		rm -rf $NOTE &&
		push_and_die 1 &&
		eval "$do" &&
		proxy_rules &&
		resutil send-pack $NAME 2>err &&
		! grep resumed err &&
		test $(sent) = 9 &&
		there &&
		resutil remove-exp --force --remote=origin $NAME
	'
done

test_done
