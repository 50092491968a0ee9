#!/bin/sh

test_description='uploads in parts: notes that lead nowhere'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-uploads.sh

is_over () {
	! kill -0 $1 2>/dev/null
}

test_expect_success 'setup: a server, a large experiment' '
	setup_uploads 22000000
'

test_expect_success 'a tree that was changed is begun anew' '
	push_and_die 3 &&
	uploads >before &&
	printf x >>results/$NAME/data.bin &&
	proxy_rules &&
	resutil send-pack $NAME 2>err &&
	! grep resumed err &&
	test $(sent) = 5 &&
	test_requests = 1 "method == \"DELETE\" and \"uploadId\" in args" &&
	no_uploads &&
	there &&
	remove_there
'

test_expect_success 'so is one of another level' '
	push_and_die 3 &&
	proxy_rules &&
	resutil send-pack --level 3 $NAME 2>err &&
	! grep resumed err &&
	test $(sent) = 5 &&
	no_uploads &&
	there &&
	remove_there
'

test_expect_success 'and of another build' '
	push_and_die 3 &&
	proxy_rules &&
	RESUTIL_TEST_ZSTREAM=zlib resutil send-pack $NAME 2>err &&
	! grep resumed err &&
	test $(sent) = 5 &&
	no_uploads &&
	remove_there
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
	test $(sent) = $((6 - held)) &&
	there &&
	remove_there
'

test_expect_success 'an upload that the server has forgotten is begun anew' '
	push_and_die 3 &&
	uploads >left &&
	read -r key id <left &&
	s3_ask DELETE "/bucket/$KEY?uploadId=$id" 2>/dev/null &&
	proxy_rules &&
	resutil send-pack $NAME 2>err &&
	test $(sent) = 5 &&
	test_path_is_missing $NOTE &&
	there &&
	remove_there
'

test_expect_success 'what a run that goes on had begun is withdrawn, too' '
	{
		resutil run -m live -- sh -c "
			cp results/$NAME/data.bin \"\$RESUTIL_EX_DIR\"
			touch begun
			until test -e go; do sleep 0.1; done" &
	} && pid=$! &&
	test_when_finished "touch go; wait $pid" &&
	test_wait_for 20 test -e begun &&
	(
		NAME=$(resutil rev-exp live) &&
		push_and_die 1 && proxy_rules &&
		uploads >left && test_line_count = 1 left &&
		test_path_is_file .resutil/uploads/origin/$NAME.json &&
		touch go && test_wait_for 20 is_over $pid &&
		resutil send-pack $NAME &&
		test_requests = 1 \
			"method == \"DELETE\" and \"uploadId\" in args" &&
		there && remove_there
	) &&
	no_uploads
'

test_expect_success 'where no note can be written the upload goes on' '
	mv .resutil/uploads away && >.resutil/uploads &&
	test_when_finished "rm .resutil/uploads; mv away .resutil/uploads" &&
	proxy_rules &&
	resutil send-pack $NAME && there &&
	remove_there
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
		test $(sent) = 5 &&
		there &&
		remove_there
	'
done

test_done
