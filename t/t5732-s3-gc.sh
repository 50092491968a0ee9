#!/bin/sh

test_description='uploads in parts: what gc withdraws'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-uploads.sh

gc () {
	resutil gc --remote "$@" >out 2>err
}

test_expect_success 'setup: a server, a large experiment' '
	setup_uploads 12000000 &&
	write_script wait-for-go <<-\END &&
	cd "$(dirname "$0")" && touch busy
	tries=200
	while ! test -e go && test $tries -gt 0
	do
		sleep 0.1
		tries=$((tries - 1))
	done
	END
	push_and_die 1 && proxy_rules
'

test_expect_success 'what can be gone on with stays' '
	gc --older-than=0 &&
	grep "0 leftovers, 0 B; 1 stays" out &&
	test_path_is_file $NOTE &&
	uploads >left && test_line_count = 1 left &&
	resutil check-store >found &&
	grep "upload-rest.*open.*$KEY.*$NAME.*the next push goes on" found
'

test_expect_success 'without --remote no store is asked' '
	proxy_rules &&
	resutil gc --older-than=0 &&
	test_requests = 0 True &&
	test_path_is_file $NOTE
'

test_expect_success 'after a week it goes' '
	sed "s/\"begun\":\"[^\"]*\"/\"begun\":\"2020-01-01T00:00:00Z\"/" \
		$NOTE >note && chmod 600 note && mv note $NOTE &&
	gc &&
	grep "1 stays" out &&
	test_path_is_file $NOTE &&
	gc --older-than=0 -n &&
	grep "would remove.*$NAME" out &&
	test_path_is_file $NOTE &&
	gc --older-than=0 &&
	grep "removed 1 leftover" out &&
	no_uploads &&
	gc --older-than=0 &&
	grep "nothing is left over" out
'

test_expect_success 'of what was changed since' '
	push_and_die 1 && proxy_rules &&
	printf x >>results/$NAME/data.bin &&
	gc --older-than=0 &&
	grep "removed 1 leftover" out &&
	no_uploads
'

test_expect_success 'of what was sent since' '
	push_and_die 1 && proxy_rules &&
	cp $NOTE note &&
	resutil send-pack $NAME &&
	test_path_is_missing $NOTE &&
	cp note $NOTE &&
	gc --older-than=0 &&
	grep "removed 1 leftover" out &&
	no_uploads
'

test_expect_success 'a push that finds it there takes the note away' '
	cp note $NOTE &&
	resutil send-pack -n $NAME &&
	test_path_is_file $NOTE &&
	resutil send-pack $NAME >out &&
	grep ^same out &&
	no_uploads
'

test_expect_success 'and withdraws what another one has sent meanwhile' '
	resutil remove-exp --force --remote=origin $NAME &&
	push_and_die 1 && proxy_rules &&
	resutil -C "$TRASH_DIRECTORY" send-pack \
		--remote="s3://bucket?endpoint_url=$PROXY" $NAME &&
	uploads >left && test_line_count = 1 left &&
	resutil send-pack $NAME >out &&
	grep ^same out &&
	no_uploads
'

test_expect_success 'of what is not here any more' '
	resutil remove-exp --force --remote=origin $NAME &&
	push_and_die 1 && proxy_rules &&
	mv results/$NAME gone &&
	gc --older-than=0 &&
	grep "removed origin:$KEY" out &&
	no_uploads &&
	mv gone results/$NAME
'

test_expect_success 'a note that says nothing, and what was not written' '
	echo "{}" >$NOTE &&
	: >$NOTE.4711.0.tmp &&
	: >$NOTE.4711.1.tmp &&
	gc --older-than=0 &&
	no_uploads &&
	test_path_is_missing $NOTE.4711.1.tmp
'

test_expect_success 'while somebody is at it, gc passes over it' '
	proxy_rules "{\"method\": \"PUT\", \"path\": \"partNumber=2\",
		\"run\": \"$PWD/wait-for-go\"}" &&
	{ resutil send-pack $NAME >pushed 2>&1 & } &&
	pusher=$! &&
	test_when_finished "touch go; wait $pusher; :" &&
	test_wait_for 20 test -e busy &&
	sed "s/\"begun\":\"[^\"]*\"/\"begun\":\"2020-01-01T00:00:00Z\"/" \
		$NOTE >note && chmod 600 note && mv note $NOTE &&
	gc --older-than=0 &&
	grep "nothing is left over" out &&
	touch go &&
	wait $pusher &&
	grep "^new" pushed &&
	no_uploads
'

test_expect_success 'two that push one experiment do not share an upload' '
	rm -f busy go &&
	resutil remove-exp --force --remote=origin $NAME &&
	proxy_rules "{\"method\": \"PUT\", \"path\": \"partNumber=2\",
		\"nth\": 1, \"run\": \"$PWD/wait-for-go\"}" &&
	{ resutil send-pack $NAME >pushed 2>&1 & } &&
	pusher=$! &&
	test_when_finished "touch go; wait $pusher; :" &&
	test_wait_for 20 test -e busy &&
	resutil send-pack $NAME >second &&
	grep "^new" second &&
	touch go &&
	wait $pusher &&
	grep "^same" pushed &&
	no_uploads &&
	resutil verify-pack --remote=origin $NAME
'

# begin KEY: an upload of nobody, with a part
begin () {
	s3_ask POST "/bucket/$1?uploads=" >begun.xml 2>/dev/null &&
	id=$(tr "<" "\n" <begun.xml | sed -n "s/^UploadId>//p") &&
	echo 1 >part &&
	s3_ask -b part PUT "/bucket/$1?partNumber=1&uploadId=$id" 2>/dev/null
}

# What the server says, as if it had been said years later.
long_ago () {
	proxy_rules "{\"method\": \"GET\", \"path\": \"uploads=\",
			\"replace\": {\"<Initiated>20..\": \"<Initiated>2001\"}}" \
		"{\"method\": \"GET\", \"path\": \"uploadId=\", \"replace\":
			{\"<LastModified>20..\": \"<LastModified>$1\"}}"
}

test_expect_success 'an upload of nobody that is young is no rest' '
	begin "$KEY" && proxy_rules &&
	gc --older-than=0 &&
	grep "nothing is left over" out &&
	uploads >left && test_line_count = 1 left
'

test_expect_success 'nor is one to which somebody still adds' '
	long_ago 2026 &&
	gc --older-than=0 &&
	grep "nothing is left over" out &&
	uploads >left && test_line_count = 1 left
'

test_expect_success 'when nothing was added for a day it is' '
	long_ago 2001 &&
	resutil check-store --prune -n >found &&
	grep "^leftover.upload-rest.would.$KEY.*	2	" found &&
	gc --older-than=0 &&
	grep "removed.*$KEY" out &&
	uploads >left && test_must_be_empty left
'

test_expect_success 'many, of keys of all kinds, by pages' '
	for key in a.zip a.zip a.zip "b c&<d>+%2F.zip" "é~.zip" sub/x.zip
	do
		begin "project/$key" || return 1
	done &&
	begin "projection/other.zip" &&
	long_ago 2001 &&
	RESUTIL_TEST_S3_PAGE=2 gc --older-than=0 &&
	grep "removed 6 leftovers" out &&
	uploads >left &&
	test_line_count = 1 left &&
	grep "^projection/other.zip " left
'

test_expect_success 'one that is noted here is no rest, however old' '
	remove_there &&
	push_and_die 1 &&
	long_ago 2001 &&
	gc --older-than=0 &&
	grep "1 stays" out &&
	uploads >left &&
	test_line_count = 2 left &&
	proxy_rules &&
	resutil send-pack $NAME 2>err && grep resumed err
'

test_done
