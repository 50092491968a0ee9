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
	push_and_die 1 \&\& proxy_rules \&\&
	printf x >>results/$NAME/data.bin &&
	gc --older-than=0 &&
	grep "removed 1 leftover" out &&
	no_uploads
'

test_expect_success 'of what was sent since' '
	push_and_die 1 \&\& proxy_rules \&\&
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

test_expect_success 'of what is not here any more' '
	resutil remove-exp --force --remote=origin $NAME &&
	push_and_die 1 \&\& proxy_rules \&\&
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

test_expect_success 'a part of nobody that is a day old is a rest' '
	s3_ask POST "/bucket/$KEY?uploads=" >begun.xml 2>/dev/null &&
	id=$(sed "s,.*<UploadId>\(.*\)</UploadId>.*,\1,; 1d" begun.xml |
		tail -n 1) &&
	uploads >left && test_line_count = 1 left &&
	gc --older-than=0 &&
	grep "nothing is left over" out &&
	uploads >left && test_line_count = 1 left &&
	proxy_rules "{\"method\": \"GET\", \"path\": \"uploads=\",
		\"replace\": {\"<Initiated>20..\": \"<Initiated>2001\"}}" &&
	gc --older-than=0 &&
	grep "removed.*$KEY" out &&
	uploads >left && test_must_be_empty left
'

test_done
