#!/bin/sh

test_description='Cloud Storage: many objects, in bounded memory and few requests

RESUTIL_TEST_EXPENSIVE=1 lists a million.
'
objects=100000
if test -n "${RESUTIL_TEST_EXPENSIVE:-}"
then
	objects=1000000
fi
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-google.sh
unset RESUTIL_NO_REMOTE

. "$TEST_DIRECTORY"/lib-memory.sh

test_expect_success "setup: $objects packs of others, and folders of theirs" '
	start_gcs && gcs_bucket lab && gcs_conf lab &&
	google_admin fill "{\"bucket\": \"lab\", \"count\": $objects, \"name\":
		\"project/aapfup_20240704T191555_%07d.zip\", \"size\": 100}" &&
	google_admin fill "{\"bucket\": \"lab\", \"count\": 1000, \"name\":
		\"other/%07d/x\", \"size\": 1}"
'

test_expect_success 'all are listed, a thousand a request' '
	max-rss rss resutil list-objects project/ >listed &&
	test_line_count = $objects listed &&
	cut -f 3 listed | sort -u >keys && test_line_count = $objects keys &&
	google_requests "GET /storage/v1/b/lab/o " >requests &&
	test_line_count = $((objects / 1000)) requests
'

test_expect_success 'one level of others is as many as it has' '
	resutil list-objects --one-level other/ >listed &&
	test_line_count = 1000 listed
'

test_expect_success !SANITIZED 'a listing takes no memory for what it told' '
	echo "$(cat rss) KiB" >&2 && test "$(cat rss)" -lt 40000
'

test_expect_success !SANITIZED 'what a remote holds takes a little' '
	bounded 128000000 resutil list-remote &&
	test_line_count = $objects out
'

test_expect_success 'a thousand are removed at once' '
	head -n 1000 keys >some &&
	resutil remove-object --stdin <some &&
	key=$(head -n 1 some) && resutil list-objects ${key%???.zip} >left &&
	test_must_be_empty left &&
	google_requests ^DELETE >deletes && test_line_count = 1000 deletes &&
	test_grep ! -v " 204$" deletes
'

test_expect_success 'what is gone meanwhile is removed, and what is refused is named' '
	resutil remove-object --stdin <some &&
	tail -n 3 keys >some && echo project/nothing >>some &&
	google_admin bucket "{\"name\": \"lab\", \"retention\": 3600}" &&
	test_expect_code 3 resutil remove-object --stdin <some 2>err &&
	test_line_count = 3 err &&
	for key in $(head -n 3 some)
	do
		test_grep "cannot remove .$key. .*keeps each object" err ||
		return 1
	done
'

test_done
