#!/bin/sh

test_description='Cloud Storage: answers that are none, and listings of anything'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-google.sh
. "$TEST_DIRECTORY"/lib-odd-answers.sh

test_expect_success 'setup' '
	start_gcs && gcs_bucket lab && gcs_conf lab &&
	start_proxy "$GCS_ROOT" && google_trust "${PROXY#http://}" &&
	sed "s,api_root.*,api_root: $PROXY," resutil-conf.yaml >conf &&
	cp conf resutil-conf.yaml &&
	make_exp $one && resutil push one && make_exp $two &&
	make_page
'

for status in 200 403 404
do
	test_expect_success "a web page with status $status is no Cloud Storage" '
		answers $status text/html page &&
		refused 12 "$PROXY answers with status $status and a web page" \
			list-remote &&
		test_grep "api_root" err &&
		for exp in one two
		do
			resutil -q push $exp >out 2>err
			case $? in
			11|12|13) ;;
			*) return 1 ;;
			esac
			test_line_count = 1 err || return 1
		done &&
		resutil -q pull -A >out 2>err
		test $? = 12 && unchanged
	'
done

test_expect_success 'neither is a page to which requests are sent on' '
	proxy_rules "{\"status\": 302, \"fields\":
		{\"Location\": \"http://portal.lab/login?session=\\u001b[31m\"}}" &&
	refused 12 "it redirects to .http://portal.lab/login., which is not followed" \
		list-remote &&
	unchanged
'

test_expect_success 'text, nothing, and half an answer' '
	echo hello >text && answers 200 text/plain text &&
	refused 13 "cannot list .gs://lab" list-remote &&
	answers 200 application/json &&
	refused 13 "is no listing" list-remote &&
	echo "{\"kind\": \"storage#objects\", \"items\": [" >half &&
	answers 200 application/json half &&
	refused 13 "cannot list .gs://lab" list-remote &&
	for text in "{}" "[]" null 5 "\"storage#objects\"" \
		"{\"kind\": \"storage#object\", \"name\": \"x\"}" \
		"{\"kind\": [\"storage#objects\"]}"
	do
		echo "$text" >other && answers 200 application/json other &&
		refused 13 "is no listing" list-remote || return 1
	done && unchanged
'

test_expect_success 'an answer that is deep, or has no end' '
	awk "BEGIN { for (i = 0; i < 20000; i++) printf \"[\" }" >deep &&
	answers 200 application/json deep &&
	refused 13 "cannot list" list-remote &&
	awk "BEGIN { printf \"{\\\"kind\\\": \\\"storage#objects\\\", \\\"x\\\": \\\"\"
		for (i = 0; i < 1800000; i++) printf \"0123456789\"
		print \"\\\"}\" }" >long &&
	answers 200 application/json long &&
	refused 13 "longer than any" list-remote && unchanged
'

test_expect_success 'the reason of the service is repeated: escaped, bounded' '
	cat >reason.py <<-\EOF &&
	import json
	text = "Only from the VPN <b> \x9b31m\x1b[31m\nnext " + "x" * 5000
	print(json.dumps({"error": {"code": 403, "message": text, "errors": [
	    {"message": text, "domain": "global", "reason": "forbidden"}]}}))
	EOF
	/usr/bin/python3 reason.py >reason &&
	answers 403 application/json reason &&
	refused 11 "forbidden: Only from the VPN <b>" list-remote &&
	test_grep "key.json" err &&
	refused 11 "forbidden: Only from the VPN" push two && unchanged
'

# listed ITEM...: what `resutil list-remote` says when the bucket lists these
listed () {
	{
		printf "{\"kind\": \"storage#objects\", \"items\": [" &&
		sep= && for item
		do
			printf "%s%s" "$sep" "$item" && sep=, || return 1
		done && echo "]}"
	} >listing && answers 200 application/json listing &&
	resutil list-remote >out 2>err
}

# item NAME [MEMBERS]
item () {
	printf "{\"name\": \"%s\", %s}" "$1" \
		"${2:-\"size\": \"5\", \"generation\": \"7\"}"
}

test_expect_success 'garbage names are passed over' '
	listed "$(item "project/aapfcd_20240704T111556_\\u001b[31mred.zip")" \
		"$(item "project/../aapfcd_20240704T111556_x.zip")" \
		"$(item "/project/$one.zip")" \
		"$(item "project/aapfcd_20240704T111556_a\\nb.zip")" \
		"$(item "project//$one.zip")" "$(item "project/")" \
		"$(item "project/$one")" "$(item "project/$one.zip/")" \
		"$(item "project/a/$one.zip")" "$(item "project/\\u0000.zip")" \
		"$(item "project/$one.zip\\u0000x")" \
		"$(item "q/$two.zip")" "$(item "project/.zip")" "$(item "")" \
		"$(item "project/aapfcd_20240704T111556_a\\\\b.zip")" \
		"$(item "project/$one.zip")" 7 null "{}" "[]" "{\"name\": 5}" &&
	echo $one >want && test_cmp want out && test_must_be_empty err
'

test_expect_success 'what a person sees of them is escaped' '
	{ listed "$(item "\\u001b[31mred")" "$(item "a\\nb")" \
		"$(item "\\u009b31m")" || :; } &&
	resutil list-objects >out && test_line_count = 3 out &&
	test_grep ! "$ESC" out
'

test_expect_success 'an object without a size or a generation' '
	for about in "\"size\": \"5\"" "\"generation\": \"7\"" \
		"\"size\": \"-5\", \"generation\": \"7\"" \
		"\"size\": \"5\", \"generation\": \"7 8\"" \
		"\"size\": \"5\", \"generation\": \"\\u001b\"" \
		"\"size\": \"99999999999999999999\", \"generation\": \"7\""
	do
		test_must_fail listed "$(item "project/$one.zip" "$about")" &&
		test_grep "tells no size or no generation of .project/$one.zip" \
			err && test_line_count = 1 err || return 1
	done && unchanged
'

test_expect_success 'a listing that turns in circles ends' '
	echo "{\"kind\": \"storage#objects\", \"nextPageToken\": \"same\"}" \
		>circle && answers 200 application/json circle &&
	refused 13 "its listing goes on, and not where" list-remote && unchanged
'

test_expect_success 'an answer about another object' '
	proxy_rules "{\"path\": \"fields\", \"replace\":
		{\"project/$one.zip\": \"project/$two.zip\"}}" &&
	refused 13 "was asked for .project/$one.zip. and tells of" push one &&
	unchanged
'

test_expect_success 'a put whose answer tells of other bytes' '
	proxy_rules "{\"method\": \"POST\", \"replace\":
		{\"\\\"size\\\": \\\"[0-9]*\\\"\": \"\\\"size\\\": \\\"1\\\"\"}}" &&
	test_expect_code 13 resutil -q push two 2>err && test_line_count = 1 err &&
	unchanged
'

test_expect_success 'a copy that says nothing, or goes on for ever' '
	proxy_rules "{\"path\": \"rewriteTo\", \"status\": 200, \"body\": \"{}\",
		\"fields\": {\"Content-Type\": \"application/json\"}}" &&
	test_expect_code 13 resutil -q comment one other 2>err &&
	test_grep "does not say whether" err &&
	proxy_rules "{\"path\": \"rewriteTo\", \"status\": 200, \"body\":
		\"{\\\"done\\\": false, \\\"rewriteToken\\\": \\\"t\\\"}\",
		\"fields\": {\"Content-Type\": \"application/json\"}}" &&
	test_expect_code 13 resutil -q comment one other 2>err &&
	test_grep "goes on, and not where" err && unchanged
'

test_done
