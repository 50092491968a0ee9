#!/bin/sh

test_description='push and pull on a bad day: each fault by its name

A proxy in front of a real server spoils requests on order. What is done is
done and whole, what is not is said, and the same command does the rest.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh
unset RESUTIL_NO_REMOTE

denied='"<Error><Code>AccessDenied</Code><Message>not today</Message></Error>"'

# there: the names in the store, asked without the proxy
there () {
	s3_ask GET "/lab?list-type=2&prefix=proj/" >there.xml 2>/dev/null &&
	grep -o "<Key>[^<]*" there.xml | sed "s/^<Key>proj\/\(.*\)\.zip$/\1/" >there
}

# nothing_there: the store is as at first
nothing_there () {
	s3_ask GET "/lab?list-type=2" >there.xml 2>/dev/null &&
	for key in $(grep -o "<Key>[^<]*" there.xml | sed "s/<Key>//")
	do
		s3_ask DELETE "/lab/$key" 2>/dev/null || return 1
	done &&
	rm -rf p/.resutil/remotes
}

# said WORD: names of the lines of `out` that begin with it
said () {
	awk -F "\t" -v what="$1" '$1 == what { print $2 }' out | sort
}

# whole: what is in the store is what is here
whole () {
	rm -rf q && cp -R fresh q && resutil -C q pull -A >/dev/null &&
	while IFS= read -r whole_name
	do
		diff -r "p/results/$whole_name" "q/results/$whole_name" ||
		return 1
	done <there
}

test_expect_success 'setup: a server, a proxy, eight experiments' '
	start_radosgw && make_bucket lab && start_proxy "$S3_ENDPOINT" &&
	AWS_ENDPOINT_URL=$PROXY && mkdir fresh &&
	resutil -C fresh --no-interactive init --project-name proj \
		--storage-type s3 -o bucket_name=lab >/dev/null &&
	cp -R fresh p && cd p && for i in 1 2 3 4 5 6 7 8
	do
		RESUTIL_TEST_NOW=172009175$i && export RESUTIL_TEST_NOW &&
		name=$(resutil add e$i) &&
		head -c 200000 /dev/urandom >results/$name/data || return 1
	done && unset RESUTIL_TEST_NOW && resutil list-exps >../names
'

for status in 401 403
do
	test_expect_success "push -A: $status in the middle" '
		nothing_there &&
		proxy_rules "{\"method\": \"PUT\", \"from\": 4,
			\"status\": $status, \"body\": $denied}" &&
		test_expect_code 3 resutil -C p send-pack --stdin -j 2 \
			<names >out 2>err &&
		said new >new && test_line_count = 3 new &&
		said failed >failed && test_line_count = 5 failed &&
		there && test_cmp new there && whole &&
		test_grep "not today" err && test_line_count = 5 err &&
		proxy_rules && resutil -C p push -A >out 2>err &&
		test_requests = 5 "method == \"PUT\"" &&
		there && test_cmp names there && whole
	'
done

test_expect_success 'push -A: all are refused alike' '
	nothing_there && proxy_rules "{\"method\": \"PUT\", \"status\": 403,
		\"body\": $denied}" &&
	test_expect_code 11 resutil -C p push -A >out 2>err &&
	test_grep "not today" err && there && test_must_be_empty there
'

test_expect_success 'pull -A: 403 in the middle' '
	nothing_there && proxy_rules && resutil -C p push -A >/dev/null 2>&1 &&
	rm -rf q && cp -R fresh q &&
	proxy_rules "{\"method\": \"GET\", \"path\": \"_e[5-8].zip\",
		\"status\": 403, \"body\": $denied}" &&
	test_expect_code 3 resutil -C q fetch-exp --stdin <names >out 2>err &&
	said failed >failed && test_line_count = 4 failed &&
	resutil -C q list-exps >got && grep "_e[1-4]$" names >want &&
	test_cmp want got && test_grep "not today" err &&
	while IFS= read -r name
	do
		diff -r p/results/$name q/results/$name || return 1
	done <want &&
	proxy_rules && resutil -C q pull -A >/dev/null 2>&1 &&
	resutil -C q list-exps >got && test_cmp names got &&
	test_requests = 0 "re.search(\"_e[1-4].zip\", path) and
		method == \"GET\" and down > 100000"
'

test_expect_success 'setup: one by itself' '
	one=$(grep e5 names)
'

# push_one RULE...: it arrives in spite of them
push_one () {
	nothing_there && proxy_rules "$@" &&
	resutil -C p -c http.stall-timeout=1 push e5 >out 2>err &&
	there && echo "$one" >want && test_cmp want there && whole &&
	test_requests -ge 1 "rule == 0"
}

test_expect_success 'a byte is changed on the way there: nobody sees it' '
	push_one "{\"method\": \"PUT\", \"nth\": 1, \"corrupt_up\": 1234}"
'

test_expect_success 'the answer to a PUT that was done is lost' '
	push_one "{\"method\": \"PUT\", \"nth\": 1, \"lose\": true}" &&
	test_requests = 1 "method == \"PUT\" and theirs == 200" &&
	# sent once, and known for what it is afterwards
	proxy_rules && resutil -C p push e5 >out 2>err &&
	test_requests = 0 "method == \"PUT\""
'

test_expect_success 'the connection is reset before, in, and behind the body' '
	for bytes in 0 1 100000 200000
	do
		push_one "{\"method\": \"PUT\", \"nth\": 1,
			\"reset_up\": $bytes}" || return 1
	done &&
	push_one "{\"method\": \"PUT\", \"nth\": [1, 2], \"reset_up\": 500}"
'

test_expect_success 'each status that passes' '
	for status in 408 429 500 502 503 504
	do
		push_one "{\"method\": \"PUT\", \"nth\": 1,
			\"status\": $status, \"early\": true}" || return 1
	done
'

# waited CONDITION N: so many seconds between the first two such requests
waited () {
	count_requests "$1" time >times &&
	awk "NR == 1 { a = \$1 } NR == 2 { exit !(\$1 - a >= $2) }" times
}

test_expect_success 'Retry-After is waited for, as seconds or as a date' '
	push_one "{\"method\": \"PUT\", \"nth\": 1, \"status\": 429,
		\"fields\": {\"Retry-After\": \"1\"}}" &&
	waited "method == \"PUT\"" 1 &&
	later=$(LC_ALL=C TZ=UTC0 date -d "+3 seconds" \
		"+%a, %d %b %Y %H:%M:%S GMT") &&
	push_one "{\"method\": \"PUT\", \"nth\": 1, \"status\": 503,
		\"fields\": {\"Retry-After\": \"$later\"}}" &&
	waited "method == \"PUT\"" 1
'

test_expect_success 'a server that says nothing any more' '
	push_one "{\"method\": \"PUT\", \"nth\": 1, \"stall_up\": 1000}"
'

# pull_one RULE...: it comes in spite of them
pull_one () {
	rm -rf q && cp -R fresh q && proxy_rules "$@" &&
	resutil -C q -c http.stall-timeout=1 pull e5 >out 2>err &&
	diff -r "p/results/$one" "q/results/$one" &&
	test_requests -ge 1 "rule == 0"
}

test_expect_success 'setup: it is there' '
	nothing_there && proxy_rules && resutil -C p push e5 >/dev/null 2>&1
'

get='"method": "GET", "path": "_e5.zip", "nth": 1'
for fault in '"reset_down": 0' '"reset_down": 100000' '"short": 0' \
	'"short": 150000' '"stall_down": 150000' '"lose": true' \
	'"status": 500' '"status": 503, "body": "<Error><Code>SlowDown</Code></Error>"' \
	'"status": 502, "body": "<html>", "fields": {"Content-Type": "text/html"}'
do
	test_expect_success "pull: $fault" '
		pull_one "{$get, $fault}"
	'
done

test_expect_success 'a byte is changed on the way here: 13, and nothing is here' '
	rm -rf q && cp -R fresh q &&
	proxy_rules "{\"method\": \"GET\", \"path\": \"_e5.zip\",
		\"corrupt_down\": 100000}" &&
	test_expect_code 13 resutil -C q pull e5 >out 2>err &&
	test_grep "$one" err && ls -A q/results fresh/results >got &&
	test_grep ! "aapf" got &&
	proxy_rules && resutil -C q pull e5 &&
	diff -r "p/results/$one" "q/results/$one"
'

test_expect_success 'the pack is another one before the second request for it' '
	nothing_there && proxy_rules && resutil -C p push e5 >/dev/null 2>&1 &&
	head -c 30000000 /dev/urandom >"p/results/$one/large" &&
	resutil -C p push --force e5 >/dev/null 2>&1 &&
	s3_ask GET "/lab/proj/$one.zip" >kept 2>/dev/null &&
	rm -rf r && cp -R p r && head -c 30000001 /dev/urandom \
		>"r/results/$one/large" &&
	resutil -C r push --force e5 >/dev/null 2>&1 &&
	s3_ask GET "/lab/proj/$one.zip" >other 2>/dev/null &&
	s3_ask -b kept PUT "/lab/proj/$one.zip" 2>/dev/null &&
	cat >change <<-END &&
	#!/bin/sh
	. "$S3_DIR/ready"
	export S3_ENDPOINT S3_KEY S3_SECRET
	/usr/bin/python3 -S "$TEST_DIRECTORY"/helper/s3-ask.py \\
		-b "$PWD/other" PUT "/lab/proj/$one.zip" 2>"$PWD/changed"
	END
	rm -rf q && cp -R fresh q &&
	proxy_rules "{\"method\": \"GET\", \"path\": \"_e5.zip\", \"nth\": 2,
		\"run\": \"sh $PWD/change\"}" &&
	{ resutil -C q pull e5 >out 2>err || cat err >&4; } &&
	grep "^200" changed &&
	if test -e "q/results/$one"
	then
		diff -r "r/results/$one" "q/results/$one"
	else
		test_grep "changed" err
	fi
'

test_expect_success 'answers to removals that were done are lost' '
	nothing_there && rm -rf "p/results/$one/large" &&
	proxy_rules && resutil -C p push -A >/dev/null 2>&1 &&
	proxy_rules "{\"method\": \"DELETE|POST\", \"nth\": 1, \"lose\": true}" &&
	resutil -C p rm -r -y e5 2>err && there && grep -v _e5 names >want &&
	test_cmp want there && test_requests = 1 "rule == 0"
'

test_expect_success 'listings: reset, cut, no XML, then whole' '
	proxy_rules "{\"path\": \"list-type\", \"nth\": 1, \"reset_down\": 100}" \
		"{\"path\": \"list-type\", \"nth\": 2, \"short\": 300}" \
		"{\"path\": \"list-type\", \"nth\": 3, \"status\": 503,
			\"body\": \"<html>\"}" &&
	resutil -C p list-remote >got && test_cmp want got &&
	test_requests = 4 "args.get(\"list-type\")"
'

test_expect_success 'a server that fails for good: 12, within the time' '
	proxy_rules "{\"status\": 503, \"body\":
		\"<Error><Code>SlowDown</Code><Message>later</Message></Error>\"}" &&
	test_expect_code 12 resutil -C p send-pack --patience=1 e5 >out 2>err &&
	test_line_count = 1 err && test_grep "503" err &&
	test_expect_code 12 resutil -C p list-remote --timeout 1 >out 2>err &&
	test_line_count = 1 err && test_grep "later" err
'

test_expect_success 'setup: a bucket in small pages' '
	start_odd_s3 && stop_process $PROXY_PID && start_proxy "$ODD" &&
	AWS_ENDPOINT_URL=$PROXY && S3_ENDPOINT=$ODD && odd_modes "{\"page\": 3}" &&
	for i in 1 2 3 4 5 6 7 8 9
	do
		echo $i >file && s3_ask -b file PUT /lab/$i 2>/dev/null || return 1
	done
'

test_expect_success 'a page changes between requests' '
	cat >change <<-END &&
	#!/bin/sh
	S3_ENDPOINT=$ODD && export S3_ENDPOINT
	ask () { /usr/bin/python3 -S "$TEST_DIRECTORY"/helper/s3-ask.py "\$@"; }
	{
		ask -b "$PWD/file" PUT /lab/0 && ask -b "$PWD/file" PUT /lab/2a &&
		ask DELETE /lab/1 && ask DELETE /lab/5 && ask -b "$PWD/file" PUT /lab/7a
	} 2>>"$PWD/changes"
	END
	proxy_rules "{\"path\": \"continuation-token\", \"nth\": 1,
		\"run\": \"sh $PWD/change\"}" &&
	resutil list-objects --remote s3://lab --format "%(key)" >got &&
	# what was there all the time is listed, and once
	for i in 2 3 4 6 7 8 9
	do
		echo $i
	done >want &&
	grep "^[2346789]$" got >all && test_cmp want all &&
	sort got | uniq -d >twice && test_must_be_empty twice &&
	grep "^7a$" got && test_grep ! "^5$" got
'

test_done
