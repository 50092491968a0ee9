#!/bin/sh

test_description='record-runs: requests and answers'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-recorder.sh

# all REQUEST...: to a recorder of their own; prints the answers.
all () {
	printf "%s\n" "$@" >all.in &&
	resutil record-runs <all.in
}

test_expect_success 'a trial is begun, updated and finished' '
	all "{\"op\":\"hello\",\"protocol\":1}" \
		"$(trial a/b "\"params\":{\"lr\":0.1}" "\"function\":\"m.f\"")" \
		"{\"op\":\"update\",\"run\":1,\"info\":{\"step\":7}}" \
		"$(done_run 1 "\"result\":[1,2]")" >out &&
	test_line_count = 4 out &&
	sed -n 1p out >hello && grep "\"protocol\":1" hello &&
	grep "\"project\":null" hello &&
	sed -n 2p out >begin && grep "\"run\":1" begin &&
	grep "\"dir\":\"$(pwd)/t/a/b\",\"resumed\":false,\"resumes\":0" begin &&
	sed -n 4p out >end && echo "{\"ok\":true,\"revision\":3}" >want &&
	test_cmp want end &&
	key state t/a/b "\"done\"" &&
	key info t/a/b "{\"step\":7}" &&
	key result t/a/b "[1,2]" &&
	key params t/a/b "{\"lr\":0.1}" &&
	key tid t/a/b "\"a/b\"" &&
	key function t/a/b "\"m.f\"" &&
	resutil read-exp --key usage.wall t/a/b &&
	test_must_fail resutil read-exp --key name t/a/b &&
	ls -A t/a/b >files && echo resutil-exp.yaml >want &&
	test_cmp want files
'

test_expect_success 'what is no request is answered, and the next one read' '
	all "nonsense" "[]" "{}" "{\"op\":\"dance\"}" "{\"op\":7}" \
		"{\"op\":\"update\"}" "{\"op\":\"update\",\"run\":9}" \
		"{\"op\":\"begin\",\"kind\":\"x\"}" \
		"{\"op\":\"hello\",\"protocol\":2}" \
		"{\"op\":\"hello\",\"cwd\":\"relative\"}" \
		"{\"op\":\"begin\",\"kind\":\"trial\"}" \
		"$(trial x "\"params\":[]")" "$(trial x "\"resume\":1")" \
		"$(trial x "\"argv\":[1]")" "$(trial x "\"state\":\"done\"")" \
		"" "{\"op\":\"hello\",\"seq\":[\"a\",1]}" >out &&
	test_line_count = 16 out &&
	sed -n "s/.*\"code\":\([0-9]*\).*/\1/p" out >codes &&
	printf "%s\n" 13 129 129 129 129 129 10 129 129 129 129 129 129 129 \
		129 >want &&
	test_cmp want codes &&
	tail -n 1 out >last && grep "^{\"ok\":true" last &&
	grep "\"seq\":\[\"a\",1\]" last &&
	test_path_is_missing t/x
'

test_expect_success 'a last line without its end is no request' '
	trial torn >in && printf "%s" "$(done_run 1)" >>in &&
	resutil record-runs <in >out &&
	test_line_count = 1 out &&
	key state t/torn "\"lost\""
'

test_expect_success 'what was not finished is lost' '
	all "$(trial gone/1)" "$(trial gone/2)" "$(trial gone/3)" \
		"$(done_run 2)" >out &&
	key state t/gone/1 "\"lost\"" && key state t/gone/2 "\"done\"" &&
	key state t/gone/3 "\"lost\"" &&
	resutil read-exp --key at.finished t/gone/1 &&
	find t -name ".*" >left && test_must_be_empty left
'

test_expect_success 'info is replaced member by member, changes are merged' '
	all "$(trial laid)" \
		"{\"op\":\"update\",\"run\":1,\"info\":{\"a\":{\"x\":1},\"b\":1}}" \
		"{\"op\":\"update\",\"run\":1,\"info\":{\"a\":{\"y\":2},\"b\":null}}" \
		"{\"op\":\"update\",\"run\":1,\"changes\":{\"own\":{\"x\":1,\"z\":1}}}" \
		"{\"op\":\"update\",\"run\":1,\"changes\":{\"own\":{\"y\":2,\"z\":null}}}" \
		"{\"op\":\"update\",\"run\":1,\"sync\":\"none\"}" \
		"{\"op\":\"update\",\"run\":1,\"sync\":\"full\"}" \
		"{\"op\":\"update\",\"run\":1,\"sync\":\"x\"}" \
		"{\"op\":\"update\",\"run\":1,\"changes\":{\"id\":\"x\"}}" \
		"{\"op\":\"update\",\"run\":1,\"changes\":{\"tid\":\"x\"}}" \
		"{\"op\":\"update\",\"run\":1,\"changes\":{\"exit_code\":\"x\"}}" \
		"{\"op\":\"update\",\"run\":1,\"info\":[1]}" \
		"$(done_run 1 "\"result\":{\"k\":null}")" >out &&
	key info t/laid "{\"a\":{\"y\":2},\"b\":null}" &&
	key own t/laid "{\"x\":1,\"y\":2}" &&
	key result t/laid "{\"k\":null}" &&
	sed -n "s/.*\"code\":\([0-9]*\).*/\1/p" out >codes &&
	printf "%s\n" 129 129 129 13 129 >want && test_cmp want codes &&
	sed -n 2p out >second && echo "{\"ok\":true,\"revision\":2}" >want &&
	test_cmp want second
'

test_expect_success 'values keep their types' '
	cat >want <<-\EOT &&
	{"s":{"!":"set","v":[3,"x"]},"b":{"!":"binary","v":"AP8="},"t":{"!":"timestamp","v":"2026-11-20 23:04:10.690226"},"n":[{"!":"float","v":"nan"},{"!":"float","v":"-inf"},1.0e-05,-0.0],"i":{"!":"int","v":"36893488147419103232"},"m":{"!":"map","v":[[1,"a"],[null,"b"],["2",{"!":"map","v":[["!",1]]}],[1.5,[]],[true,{}]]},"text":["1","null","2026-11-20","","a\nb","\u0000"]}
	EOT
	all "$(trial typed "\"params\":$(cat want)")" \
		"$(done_run 1 "\"result\":$(cat want)")" >out &&
	resutil read-trials --json t/typed >out &&
	grep -F "\"result\":$(cat want)" out &&
	grep -F "\"params\":$(cat want)" out
'

test_expect_success 'what a typed value cannot be is refused' '
	all "$(trial refused)" \
		"$(done_run 1 "\"result\":{\"!\":\"x\",\"v\":1}")" \
		"$(done_run 1 "\"result\":{\"!\":\"binary\",\"v\":\"?\"}")" \
		"$(done_run 1 "\"result\":{\"!\":\"timestamp\",\"v\":\"2026-02-30\"}")" \
		"$(done_run 1 "\"result\":{\"!\":\"int\",\"v\":\"012\"}")" \
		"$(done_run 1 "\"result\":{\"!\":\"map\",\"v\":[[1,2],[\"1\",2]]}")" \
		"$(done_run 1 "\"result\":{\"!\":\"set\",\"v\":[[1]]}")" \
		"$(done_run 1)" >out &&
	sed -n "s/.*\"code\":\([0-9]*\).*/\1/p" out >codes &&
	printf "%s\n" 13 13 13 13 13 13 >want && test_cmp want codes &&
	key state t/refused "\"done\""
'

test_expect_success 'secrets are not recorded, and the program is told' '
	all "$(trial secret "\"params\":{\"api_key\":\"0123456789abcdef\"}")" \
		"{\"op\":\"update\",\"run\":1,\"info\":{\"password\":\"hunter2hunter2\"}}" \
		"$(done_run 1 "\"result\":{\"t\":\"ghp_0123456789abcdefghijABCDEFGHIJ012345\"}")" >out &&
	! grep -r "0123456789abcdef\|hunter2" t/secret &&
	key params t/secret "{\"api_key\":\"<redacted:1>\"}" &&
	key info t/secret "{\"password\":\"<redacted:2>\"}" &&
	key result t/secret "{\"t\":\"<redacted:3>\"}"
'

test_expect_success 'what cannot be an id of a trial is refused, nothing is made' '
	long=$(printf "%0256d" 0) &&
	for tid in "" / /a a/ a//b . .. ../x a/../b a/./b "$long" \
		resutil-exp.yaml a/.resutil-live votakvot.yaml "a\\u0000b"
	do
		trial "$tid" || return 1
	done >in &&
	sed "s/\"t\"/\"bad\"/" in >in.bad &&
	resutil record-runs <in.bad >out &&
	test_line_count = 15 out &&
	! grep "\"ok\":true" out &&
	! grep -v "\"code\":129" out &&
	test_path_is_missing bad
'

test_expect_success 'ids may hold what paths may' '
	for tid in "日本/{a}" "15:01:02" ".hidden" "..." "a b" "$(printf "%0255d" 0)"
	do
		trial "$tid" || return 1
	done >in &&
	resutil record-runs <in >out &&
	! grep "\"ok\":false" out &&
	test_path_is_file "t/日本/{a}/resutil-exp.yaml" &&
	test_path_is_file "t/15:01:02/resutil-exp.yaml"
'

test_expect_success 'no link below the root is followed, the root may be one' '
	mkdir -p t/links real elsewhere && ln -s ../../elsewhere t/links/out &&
	ln -s nowhere t/links/dangling && >t/links/file &&
	ln -s real root-link &&
	all "$(trial links/out)" "$(trial links/out/deep)" \
		"$(trial links/dangling)" "$(trial links/file)" \
		"$(trial links/file/x)" >out &&
	! grep -v "\"code\":14" out && test_line_count = 5 out &&
	ls -A elsewhere >left && test_must_be_empty left &&
	all "$(trial ok | sed "s/\"t\"/\"root-link\"/")" >out &&
	test_path_is_file real/ok/resutil-exp.yaml
'

test_expect_success 'a live file that is a link is not written through' '
	mkdir -p t/trap && echo precious >precious &&
	ln -s ../../precious t/trap/.resutil-live &&
	all "$(trial trap)" >out && grep "\"ok\":false" out &&
	echo precious >want && test_cmp want precious
'

test_expect_success 'one tid is one trial, unless it is resumed' '
	all "$(trial once)" "$(done_run 1)" "$(trial once)" >out &&
	tail -n 1 out >last && grep "\"code\":14" last && grep resume last &&
	key revision t/once 2
'

test_expect_success 'a trial that is done is told at once' '
	all "$(trial again "\"params\":{\"x\":1}")" \
		"$(done_run 1 "\"result\":42")" \
		"$(trial again "\"params\":{\"x\":1}" "\"resume\":true")" >out &&
	tail -n 1 out >last && grep "\"done\":true" last &&
	grep "\"result\":42" last && ! grep "\"run\":" last &&
	key revision t/again 2
'

test_expect_success 'a trial that was lost or failed goes on' '
	all "$(trial on "\"params\":{\"x\":1}")" >out &&
	key state t/on "\"lost\"" &&
	all "$(trial on "\"params\":{\"x\":1}" "\"resume\":true")" \
		"{\"op\":\"finish\",\"run\":1,\"state\":\"fail\",\"error\":\"E\",\"traceback\":\"T\\nT\\n\",\"exit_code\":1}" \
		>out &&
	grep "\"resumed\":true,\"resumes\":1" out &&
	key state t/on "\"fail\"" && key error t/on "\"E\"" &&
	printf "T\nT\n" >want && test_cmp want t/on/traceback.txt &&
	resutil read-exp --key id t/on >before &&
	all "$(trial on "\"params\":{\"x\":1}" "\"resume\":true")" >out &&
	grep "\"resumed\":true,\"resumes\":2" out &&
	key resumes t/on 2 && resutil read-exp --key at.resumed t/on &&
	resutil read-exp --key id t/on >after && test_cmp before after &&
	test_must_fail resutil read-exp --key error t/on &&
	test_must_fail resutil read-exp --key exit_code t/on &&
	test_path_is_missing t/on/traceback.txt
'

test_expect_success 'traceback.txt has no more secrets than the record' '
	all "$(trial said "\"params\":{\"token\":\"abcdefgh1\"}")" \
		"{\"op\":\"finish\",\"run\":1,\"state\":\"fail\",\"error\":\"E\",\"traceback\":\"at https://ann:hunter2@host\\nT\\n\"}" \
		>out &&
	printf "at https://ann:<redacted:2>@host\nT\n" >want &&
	test_cmp want t/said/traceback.txt &&
	key traceback t/said "\"at https://ann:<redacted:2>@host\\nT\\n\""
'

test_expect_success 'it does not go on with other parameters, which are shown' '
	all "$(trial differ "\"params\":{\"lr\":0.1,\"n\":3,\"token\":\"abcdefgh1\"}")" >out &&
	all "$(trial differ "\"params\":{\"lr\":0.2,\"m\":4,\"token\":\"hgfedcba2\"}" "\"resume\":true")" >out &&
	grep "\"code\":14" out &&
	grep -F "\"differ\":[{\"name\":\"lr\",\"there\":0.1,\"now\":0.2},{\"name\":\"n\",\"there\":3},{\"name\":\"m\",\"now\":4}]" out &&
	grep "0.1 then, 0.2 now" out &&
	all "$(trial differ "\"params\":{\"n\":3,\"lr\":0.1,\"token\":\"another99\"}" "\"resume\":true")" >out &&
	grep "\"resumed\":true" out
'

test_expect_success 'a directory that was there becomes a trial, with what is in it' '
	mkdir -p t/was/sub && echo mine >t/was/file &&
	all "$(trial was)" "$(done_run 1)" "$(trial was/sub)" >out &&
	! grep "\"ok\":false" out && test_path_is_file t/was/file &&
	key state t/was "\"done\""
'

test_expect_success 'a run is joined: changed, not ended' '
	start_recorder &&
	ask "$(trial joined)" >out &&
	all "{\"op\":\"join\",\"dir\":\"t/joined\"}" \
		"{\"op\":\"update\",\"run\":1,\"info\":{\"child\":1}}" \
		"{\"op\":\"finish\",\"run\":1,\"result\":5,\"exit_code\":3}" \
		"{\"op\":\"join\",\"dir\":\"t/joined\"}" \
		"{\"op\":\"join\",\"dir\":\"t/none\"}" >out &&
	sed -n 1p out >first && grep "\"tid\":\"joined\"" first &&
	sed -n 5p out >last && grep "\"code\":10" last &&
	key state t/joined "\"running\"" && key result t/joined 5 &&
	test_must_fail resutil read-exp --key exit_code t/joined &&
	ask "$(done_run 1)" >out && stop_recorder &&
	key state t/joined "\"done\"" && key info t/joined "{\"child\":1}"
'

test_expect_success 'a trial is taken back' '
	mkdir -p t/keep && echo mine >t/keep/file &&
	all "$(trial drop/deep/er)" "{\"op\":\"drop\",\"run\":1}" \
		"$(trial keep)" "{\"op\":\"drop\",\"run\":2}" \
		"{\"op\":\"drop\",\"run\":2}" >out &&
	test_path_is_missing t/drop &&
	ls -A t/keep >files && echo file >want && test_cmp want files &&
	tail -n 1 out >last && grep "\"code\":10" last
'

test_expect_success 'providers: what is not wanted is not asked' '
	make_repo repo &&
	(
		cd repo &&
		RESUTIL_TRACE="$(pwd)/../trace" &&
		export RESUTIL_TRACE &&
		all "$(trial none)" >out &&
		! grep "git" ../trace &&
		test_must_fail resutil read-exp --key meta.system t/none &&
		resutil read-exp --key meta.recorder.pid t/none &&
		all "$(trial one | sed "s/\"providers\":\[\]/\"providers\":[\"git.branch\",\"cpu\",\"own.thing\"],\"meta\":{\"own\":{\"thing\":1}}/")" >out &&
		resutil read-exp --json --key meta t/one >meta &&
		grep "\"cpu\":{\"model\"" meta && grep "\"own\":{\"thing\":1}" meta &&
		grep "\"git\":{\"branch\":\"main\"}" meta &&
		! grep "\"system\"\|\"packages\"" meta
	)
'

test_expect_success 'the code of a trial is looked at again when it has changed' '
	(
		cd repo &&
		start_recorder &&
		all_of="\"providers\":[\"git\"]" &&
		ask "$(trial c1 | sed "s/\"providers\":\[\]/$all_of/")" \
			"$(trial c2 | sed "s/\"providers\":\[\]/$all_of/")" >out &&
		test_commit . second &&
		ask "$(trial c3 | sed "s/\"providers\":\[\]/$all_of/")" >out &&
		stop_recorder &&
		git rev-parse HEAD >head && git rev-parse HEAD~ >before &&
		for n in 1 2 3
		do
			resutil read-exp --key git.commit_hash t/c$n >c$n ||
			return 1
		done &&
		test_cmp before c1 && test_cmp before c2 && test_cmp head c3 &&
		resutil read-exp --key meta.git.repo t/c3 >top &&
		pwd -P >want && test_cmp want top
	)
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil record-runs x 2>err &&
	test_expect_code 129 resutil record-runs --pid=x 2>err
'

test_done
