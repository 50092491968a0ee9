# Faults in turn, each at every so-manieth request, while experiments are pushed
# and fetched. The file that includes this has made resutil-conf.yaml, whose
# api_root is the last proxy.

. "$TEST_DIRECTORY"/lib-experiments.sh

RESUTIL_TEST_GOOGLE_PIECE=1048576
export RESUTIL_TEST_GOOGLE_PIECE

fault_error () {
	printf '%s' "\\\"error\\\": {\\\"code\\\": $1, \\\"message\\\": \\\"$2\\\", " \
		"\\\"errors\\\": [{\\\"reason\\\": \\\"$2\\\"}]}"
}

test_expect_success 'setup: three experiments, one of them large' '
	for i in 1 2 3
	do
		make_exp aapfup_20240704T19155${i}_e$i "id: \"$(test_id $i)\"" \
			"revision: 1" "state: done" || return 1
	done &&
	head -c 300000 /dev/urandom >results/aapfup_20240704T191552_e2/data &&
	head -c 9500000 /dev/urandom >results/aapfup_20240704T191553_e3/data &&
	resutil list-exps >names && test_line_count = 3 names &&
	mkdir other && cp resutil-conf.yaml key.json other
'

# nothing_there: neither in the store nor at the other place
nothing_there () {
	rm -rf other/results other/.resutil && proxy_rules &&
	resutil list-remote >there &&
	resutil remove-exp --force --remote=origin --stdin <there
}

# one_fault WHAT RULE: pushed and fetched while each third request, from the
# second on, meets it (but not the same one for ever)
one_fault () {
	one_fault_rule="{\"every\": 3, \"rest\": 2, \"times\": 40, $2}"
	test_expect_success "push and fetch: $1" '
		test_when_finished nothing_there &&
		proxy_rules "$one_fault_rule" &&
		resutil send-pack --stdin <names >out &&
		cut -f 1 out | sort -u >said && echo new >want &&
		test_cmp want said &&
		count_requests "rule == 0" >met &&
		proxy_rules "$one_fault_rule" &&
		resutil -C other fetch-exp --stdin <names >out &&
		diff -r results other/results &&
		count_requests "rule == 0" >>met && grep -v "^0" met &&
		ls .resutil/uploads/origin >notes && test_must_be_empty notes
	'
}

one_fault 'busy (503)' '"status": 503'
one_fault 'an error of the service (500)' '"status": 500, "body": "oops"'
one_fault 'a web page of a gateway (502)' '"status": 502,
	"body": "<html>bad gateway", "fields": {"Content-Type": "text/html"}'
one_fault 'a gateway that waits no longer (504), before the body was read' \
	'"status": 504, "early": true'
one_fault 'a request that took too long (408)' \
	'"method": "PUT|POST|PATCH", "status": 408, "early": true'
one_fault 'too many requests (429)' '"status": 429'
one_fault 'a limit of rates (403)' "\"status\": 403,
	\"body\": \"{$(fault_error 403 rateLimitExceeded)}\""
one_fault "a user's limit of rates (403)" "\"status\": 403,
	\"body\": \"{$(fault_error 403 userRateLimitExceeded)}\""
one_fault 'a token that is refused (401)' "\"head\": \"\\\\nauthorization\",
	\"every\": 7, \"times\": 7, \"status\": 401,
	\"body\": \"{$(fault_error 401 authError)}\""
one_fault 'no answer' '"reset_down": 0'
one_fault 'an answer that is cut' '"method": "GET", "short": 10'
one_fault 'bytes of an object that are cut' \
	'"method": "GET", "path": "alt=media", "reset_down": 70000'
one_fault 'a body that is cut at once' \
	'"method": "PUT|POST|PATCH", "reset_up": 0'
one_fault 'a body that is cut in the middle' \
	'"method": "PUT|POST|PATCH", "reset_up": 300000'
one_fault 'an answer that is lost' \
	'"method": "PUT|POST|PATCH|DELETE", "lose": true'
one_fault 'a connection that is closed behind the answer' '"close": true'
one_fault 'a slow answer' '"delay": 0.05'
