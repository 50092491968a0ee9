#!/bin/sh

test_description='commands as providers of metadata: meta: in the settings'
. ./test-lib.sh

# set_meta LINE...: what the conf says of meta
set_meta () {
	sed "/^meta:/,\$d" resutil-conf.yaml >conf.new &&
	mv conf.new resutil-conf.yaml &&
	echo "meta:" >>resutil-conf.yaml &&
	printf "  %s\n" "$@" >>resutil-conf.yaml
}

# meta KEY: of the last run
meta () {
	resutil read-exp --json --key "meta.$1" @
}

# gone MARK: no process with that word is left; waits a little for the dying
gone () {
	for i in 1 2 3 4 5 6 7 8 9 10
	do
		pgrep -f "$1" >/dev/null || return 0
		sleep 0.1
	done
	pgrep -af "$1"
	return 1
}

# A number of seconds that nothing else sleeps for, so that it can be found.
naps=$((86400 + $$))

now_ms () {
	date +%s%3N
}

test_expect_success 'setup' '
	make_repo proj && make_project proj && test_commit proj conf &&
	cd proj &&
	# a machine with much to do answers late
	printf "run: {meta-wait: 60}\n" >>resutil-conf.yaml &&
	set_meta "gpu: no" &&
	echo "echo \"\$@\"; exit 3" | write_script "$TRASH_DIRECTORY/three"
'

test_expect_success 'text, numbers, JSON, nothing' '
	cd proj &&
	set_meta "text: [printf, \"a  b\\n\\n\"]" "line: date -u +%Y" \
		"map: [echo, \" {\\\"a\\\": [1, {\\\"b\\\": null}]}\"]" \
		"list: [echo, \"[1, 2]\"]" "number: [echo, 8]" \
		"open: [echo, \"{no json\"]" "nothing: [\"true\"]" &&
	resutil run -m x -- true &&
	meta text >out && echo "\"a  b\"" >want && test_cmp want out &&
	meta line >out && test_grep "^\"20[0-9][0-9]\"$" out &&
	meta map >out && echo "{\"a\":[1,{\"b\":null}]}" >want &&
	test_cmp want out &&
	meta list >out && echo "[1,2]" >want && test_cmp want out &&
	meta number >out && echo "\"8\"" >want && test_cmp want out &&
	meta open >out && echo "\"{no json\"" >want && test_cmp want out &&
	test_expect_code 10 resutil read-exp --key meta.nothing @
'

test_expect_success 'collect-meta asks them as well, also one by name' '
	cd proj && resutil collect-meta --json number list >out &&
	echo "{\"list\":[1,2],\"number\":\"8\"}" >want && test_cmp want out &&
	resutil collect-meta >out && test_grep "^number: \"8\"" out
'

test_expect_success 'they work in the project, know their name, and read nothing' '
	cd proj && mkdir -p sub &&
	set_meta "where: [pwd]" "name: [sh, -c, \"echo \$RESUTIL_META; cat\"]" &&
	cd sub && echo stdin | resutil run -m x -- cat >out && test_grep stdin out &&
	meta where >out && echo "\"$(cd .. && pwd -P)\"" >want &&
	test_cmp want out &&
	meta name >out && echo "\"name\"" >want && test_cmp want out
'

test_expect_success 'failures are noted, and never fatal' '
	cd proj &&
	set_meta "three: [$TRASH_DIRECTORY/three, x]" \
		"words: [sh, -c, \"echo 1; echo why >&2; echo because >&2; exit 1\"]" \
		"gone: [no-such-program-here]" "killed: [sh, -c, \"kill -9 \$\$\"]" \
		"number: 5" "empty: []" "deep: [[a]]" "off: no" "on: yes" \
		"slow: {argv: [echo, x], timeout: never}" "bare: {timeout: 1}" \
		"fine: {argv: echo fine, timeout: 2s}" &&
	resutil run -m x -- true >out 2>err && test_must_be_empty err &&
	meta three.error >out && test_grep "\"exit status 3\"" out &&
	meta words.error >out && test_grep "\"exit status 1: because\"" out &&
	meta gone.error >out && test_grep "no-such-program-here" out &&
	meta killed.error >out && test_grep SIGKILL out &&
	for name in empty deep on bare
	do
		meta $name.error >out && test_grep "must be a command" out ||
		return 1
	done &&
	meta number.error >out && test_grep "must be a command" out &&
	meta slow.error >out && test_grep timeout out &&
	meta fine >out && test_grep fine out &&
	test_expect_code 10 resutil read-exp --key meta.off @
'

test_expect_success 'one that hangs is killed with its children at its time' '
	cd proj &&
	set_meta "hang: {argv: [sh, -c, \"sleep $naps & setsid sleep $naps & sleep $naps\"], timeout: 0.3}" \
		"ok: [echo, ok]" &&
	resutil run -m x -- true &&
	meta hang.error >out && test_grep "did not end within 0.300 s" out &&
	meta ok >out && test_grep ok out && gone "sleep $naps"
'

test_expect_success 'none holds up the end of a run by much more than a second' '
	cd proj &&
	set_meta "hang: [sh, -c, \"trap : TERM INT HUP; sleep $naps & setsid -f sleep $naps; sleep $naps; sleep $naps\"]" \
		"ok: [sh, -c, \"echo ok; echo >$TRASH_DIRECTORY/ok-is-done\"]" &&
	before=$(now_ms) &&
	resutil -c run.meta-wait=1 run -m x -- sh -c "
		until test -e \"$TRASH_DIRECTORY/ok-is-done\"
		do
			sleep 0.1
		done && sleep 0.5" && after=$(now_ms) &&
	test $((after - before)) -ge 1400 &&
	test $((after - before)) -lt 15000 &&
	meta hang.error >out && test_grep "before the run" out &&
	meta ok >out && test_grep ok out && gone "sleep $naps"
'

test_expect_success 'a daemon that one leaves is not waited for, and stays' '
	cd proj &&
	set_meta "daemon: [sh, -c, \"setsid -f sleep $naps; echo started\"]" &&
	before=$(now_ms) && resutil run -m x -- true && after=$(now_ms) &&
	test $((after - before)) -lt 15000 &&
	meta daemon >out && test_grep started out &&
	pkill -f "sleep $naps"
'

test_expect_success 'one that prints without end is stopped' '
	cd proj &&
	set_meta "much: [sh, -c, \"yes x | head -c 100000000; sleep $naps\"]" \
		"yes: [\"yes\"]" \
		"fits: [sh, -c, \"head -c 65536 /dev/zero | tr \\\\\\\\0 x\"]" &&
	resutil run -m x -- true &&
	meta much.error >out && test_grep "more than 65536 bytes" out &&
	meta yes.error >out && test_grep "more than 65536 bytes" out &&
	meta fits >out && test "$(wc -c <out)" = 65539 && gone "sleep $naps"
'

test_expect_success 'bytes that are no text, escapes, deep JSON' '
	cd proj &&
	set_meta "bytes: [printf, \"\\\\377\\\\0x\"]" \
		"escape: [printf, \"\\\\033[31mred\"]" \
		"complaint: [sh, -c, \"printf \\\"\\\\377\\\\033[2J\\\" >&2; exit 1\"]" \
		"deep: [python3, -c, \"print(40 * chr(91) + 40 * chr(93))\"]" &&
	resutil run -m x -- true &&
	meta bytes >out && echo "{\"base64\":\"/wB4\"}" >want &&
	test_cmp want out &&
	resutil read-exp --key meta @ >out && test_grep ! "$(printf "\033")" out &&
	meta complaint.error >out && test_grep "exit status 1: ..xff..x1b" out &&
	resutil fsck
'

test_expect_success 'secrets are taken out' '
	cd proj && key=ghp_$(printf "%036d" 7) &&
	set_meta "token: [echo, hunter2hunter2]" \
		"map: [echo, \"{\\\"password\\\": \\\"hunter3hunter3\\\"}\"]" \
		"text: [echo, \"key is $key\"]" \
		"fail: [sh, -c, \"echo $key >&2; exit 1\"]" &&
	resutil run -m x -- true &&
	name=$(resutil rev-exp @) &&
	test_grep ! "hunter\|$key" "results/$name/resutil-exp.yaml" &&
	test_grep "redacted:1" "results/$name/resutil-exp.yaml" &&
	resutil collect-meta token map text >out &&
	test_grep ! "hunter\|$key" out
'

test_expect_success 'they run at once, beside the program' '
	cd proj && rm -f a b p &&
	mkfifo a b p &&
	set_meta "one: [sh, -c, \"echo x >a; cat b\"]" \
		"two: [sh, -c, \"cat a; echo y >b; cat p\"]" &&
	resutil run -m x -- sh -c "echo z >p" &&
	meta one >out && test_grep y out && meta two >out && test_grep "x.nz" out
'

test_expect_success 'the recorder is killed: so are they' '
	cd proj && rm -f pid &&
	set_meta "hang: [sh, -c, \"echo \$PPID >pid; sleep $naps\"]" &&
	resutil run -m x -- sh -c "while ! test -s pid; do sleep 0.05; done; kill -9 \$PPID" ;
	test -s pid && gone "sleep $naps"
'

test_expect_success 'an interrupted run ends as soon' '
	cd proj && rm -f pid &&
	set_meta "hang: [sh, -c, \"echo x >pid; sleep $naps\"]" &&
	before=$(now_ms) &&
	test_expect_code 143 resutil -c run.meta-wait=100ms run -m x -- \
		sh -c "while ! test -s pid; do sleep 0.05; done; kill \$PPID; sleep 60" &&
	after=$(now_ms) && test $((after - before)) -lt 15000 &&
	resutil read-exp --key state @ >out && test_grep interrupted out &&
	gone "sleep $naps"
'

test_expect_success 'a switch of -c or the user is stronger than the conf' '
	cd proj && set_meta "one: [echo, 1]" "two: [echo, 2]" &&
	resutil -c meta.one=no -c meta.cpu=off -c "meta.three=echo 3" \
		collect-meta --json one two three cpu >out 2>err &&
	resutil -c meta.one=no -c meta.cpu=off -c "meta.three=echo 3" \
		run -m x -- true &&
	test_expect_code 10 resutil read-exp --key meta.one @ &&
	test_expect_code 10 resutil read-exp --key meta.cpu @ &&
	meta two >out && test_grep 2 out && meta three >out && test_grep 3 out
'

test_expect_success 'a provider of ours can be replaced' '
	cd proj &&
	set_meta "gpu: [echo, \"{\\\"devices\\\": []}\"]" "user: [echo, nobody]" &&
	resutil run -m x -- true &&
	meta gpu >out && echo "{\"devices\":[]}" >want && test_cmp want out &&
	meta user >out && echo "\"nobody\"" >want && test_cmp want out
'

test_expect_success 'what is removed starts no process' '
	cd proj && mkdir -p ../trip &&
	for program in nvidia-smi python python3 pip nvcc conda docker podman \
		sinfo kubectl uname hostname
	do
		echo "echo \$0 >>\"$TRASH_DIRECTORY/tripped\"; exit 1" |
		write_script ../trip/$program || return 1
	done &&
	set_meta "gpu: no" "nvcc: no" "packages: no" "python: no" &&
	PATH="$TRASH_DIRECTORY/trip:$PATH" RESUTIL_TRACE="$TRASH_DIRECTORY/trace" \
		resutil run -m x -- true &&
	test_path_is_missing ../tripped && test_grep ! collect-meta ../trace &&
	set_meta "nvcc: no" && rm ../trace &&
	PATH="$TRASH_DIRECTORY/trip:$PATH" RESUTIL_TRACE="$TRASH_DIRECTORY/trace" \
		resutil run -m x -- true &&
	echo "$TRASH_DIRECTORY/trip/nvidia-smi" >want &&
	test_cmp want ../tripped && test_grep collect-meta ../trace &&
	meta gpu.error >out && test_grep "exit status 1" out
'

test_expect_success 'gpu: what nvidia-smi says' '
	cd proj && rm -rf fake && mkdir fake && set_meta "cpu: no" &&
	write_script fake/nvidia-smi <<-\EOF &&
	echo "0, GPU-1111, 40960, 535.104.05, NVIDIA A100-SXM4-40GB"
	echo "1, [N/A], [N/A], 535.104.05, Tesla T4, old"
	EOF
	PATH=$(pwd)/fake:$PATH resutil run -m x -- true &&
	meta gpu >out &&
	cat >want <<-\EOF &&
	{"driver":"535.104.05","devices":[{"index":0,"uuid":"GPU-1111","memory":42949672960,"name":"NVIDIA A100-SXM4-40GB"},{"index":1,"name":"Tesla T4, old"}]}
	EOF
	test_cmp want out && resutil show @ >out &&
	test_grep "^gpu: *2 x NVIDIA A100-SXM4-40GB$" out &&
	echo "echo No devices were found" | write_script fake/nvidia-smi &&
	PATH=$(pwd)/fake:$PATH resutil run -m x -- true &&
	test_expect_code 10 resutil read-exp --key meta.gpu @
'

test_expect_success 'many of them' '
	cd proj &&
	set_meta $(awk "BEGIN { for (i = 1; i <= 70; i++) printf \"c%02d:echo\n\", i }" |
		sed "s/:/:_/") &&
	sed -i "s/:_echo/: [echo, x]/" resutil-conf.yaml &&
	resutil run -m x -- true && meta c64 >out && test_grep x out &&
	meta c65.error >out && test_grep "more than 64" out
'

test_expect_success 'one that records a run does not ask itself for ever' '
	cd proj && set_meta "self: [resutil, run, -m, inner, --, \"true\"]" \
		"ok: [echo, ok]" &&
	resutil run -m outer -- true && resutil list-exps >out &&
	grep _inner out >inner && test_line_count = 1 inner &&
	test_expect_code 10 resutil read-exp --key meta.ok inner &&
	resutil read-exp --key meta.ok outer >out && test_grep ok out
'

test_expect_success 'so is a name that cannot be one' '
	cd proj && set_meta "a.b: [echo, x]" "\"\": [echo, y]" "ok: [echo, ok]" &&
	resutil run -m x -- true 2>err && test_line_count = 1 err &&
	test_grep "cannot be names below .meta.: .*a.b" err &&
	meta ok >out && test_grep ok out &&
	test_expect_code 129 resutil collect-meta a.b
'

test_expect_success 'how long the end waits, said wrongly' '
	cd proj && for wait in x -1 1h 4000 1e9 "[1]"
	do
		test_expect_code 125 resutil -c run.meta-wait="$wait" \
			run -m x -- true 2>err &&
		test_grep "run.meta-wait" err || return 1
	done &&
	set_meta "ok: [sh, -c, \"sleep $naps; echo ok\"]" &&
	resutil -c run.meta-wait=0 run -m x -- true &&
	meta ok.error >out && test_grep "before the run" out && gone "sleep $naps"
'

test_expect_success 'a malformed meta section is told of' '
	cd proj && cp resutil-conf.yaml saved &&
	test_when_finished "mv saved resutil-conf.yaml" &&
	sed "/^meta:/,\$d" saved >resutil-conf.yaml &&
	echo "meta: [a]" >>resutil-conf.yaml &&
	test_expect_code 13 resutil list 2>err && test_grep "meta" err
'

test_done
