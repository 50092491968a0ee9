#!/bin/sh

test_description='record-runs: a program records itself'
. ./test-lib.sh

# Writes requests, one a line, and prints the answers.
ask () {
	printf "%s\n" "$@" >ask.in &&
	resutil record-runs <ask.in
}

# The Nth answer.
nth () {
	sed -n "$1p" "$2"
}

test_expect_success 'a trial is begun, updated and finished' '
	ask \
	    "{\"op\":\"hello\",\"protocol\":1}" \
	    "{\"op\":\"begin\",\"kind\":\"trial\",\"root\":\"t\",\"tid\":\"a/b\",\"params\":{\"lr\":0.1},\"providers\":[]}" \
	    "{\"op\":\"update\",\"run\":1,\"info\":{\"step\":7}}" \
	    "{\"op\":\"finish\",\"run\":1,\"state\":\"done\",\"result\":[1,2]}" >out &&
	test_line_count = 4 out &&
	nth 1 out >hello && grep "\"protocol\":1" hello &&
	grep "\"project\":null" hello &&
	nth 2 out >begin && grep "\"run\":1" begin &&
	grep "\"resumed\":false" begin &&
	nth 4 out >end && grep "{\"ok\":true,\"revision\":3}" end &&
	resutil read-exp --key state t/a/b >state && echo done >want &&
	test_cmp want state &&
	resutil read-exp --json --key info t/a/b >info &&
	echo "{\"step\":7}" >want && test_cmp want info &&
	resutil read-exp --key tid t/a/b >tid && echo a/b >want &&
	test_cmp want tid &&
	ls -A t/a/b >files && echo resutil-exp.yaml >want &&
	test_cmp want files
'

test_expect_success 'what is not a request is answered, and the next one read' '
	ask "nonsense" "[]" "{}" "{\"op\":\"dance\"}" "{\"op\":7}" \
		"{\"op\":\"update\"}" "{\"op\":\"update\",\"run\":9}" \
		"{\"op\":\"begin\",\"kind\":\"x\"}" \
		"{\"op\":\"hello\",\"protocol\":2}" \
		"{\"op\":\"hello\"}" >out &&
	test_line_count = 10 out &&
	sed "s/.*\"code\":\([0-9]*\).*/\1/" out >codes &&
	printf "%s\n" 13 129 129 129 129 129 10 129 129 >want &&
	sed 10d codes >got && test_cmp want got &&
	nth 10 out >last && grep "\"ok\":true" last
'

test_expect_success 'what did not finish is lost' '
	ask "{\"op\":\"begin\",\"kind\":\"trial\",\"root\":\"t\",\"tid\":\"gone\"}" >out &&
	resutil read-exp --key state t/gone >state && echo lost >want &&
	test_cmp want state &&
	resutil read-exp --key at.finished t/gone >at &&
	test_path_is_missing t/gone/.resutil-live
'

test_expect_success 'an experiment is made as run makes it' '
	make_project p &&
	(
		cd p &&
		echo code >code.py &&
		ask "{\"op\":\"begin\",\"kind\":\"experiment\",\"argv\":[\"x.py\",\"--lr\",\"0.1\"],\"comment\":\"me\"}" \
		    "{\"op\":\"finish\",\"run\":1,\"state\":\"done\",\"result\":3}" >out &&
		grep "\"name\":\"[a-z]*_[0-9T]*_me\"" out &&
		resutil list-exps >names && test_line_count = 1 names &&
		resutil read-exp --key params.lr "$(cat names)" >lr &&
		echo 0.1 >want && test_cmp want lr &&
		resutil read-exp --key result "$(cat names)" >result &&
		echo 3 >want && test_cmp want result &&
		resutil fsck
	)
'

test_expect_success 'there is no experiment without a project' '
	ask "{\"op\":\"begin\",\"kind\":\"experiment\",\"argv\":[\"x\"]}" >out &&
	grep "\"code\":10" out
'

test_done
