#!/bin/sh

test_description='collect-meta'
. ./test-lib.sh

test_expect_success 'every provider, in order' '
	make_repo repo && cd repo &&
	resutil collect-meta -- true >out &&
	sed -n "s/^\([a-z]*\):.*/\1/p" out |
	grep -vx "container\|slurm\|kubernetes\|gpu" >keys &&
	printf "%s\n" system user host cpu process git env >want &&
	test_cmp want keys &&
	for key in "platform: Linux-.*-with-glibc2" "sysname: Linux" \
		"machine: $(uname -m)" "release: \"*$(uname -r)" \
		"hostname: $(uname -n)" "node: $(uname -n)" \
		"cwd: $(pwd -P)" "uid: $(id -ru)" "gid: $(id -rg)" \
		"logical: $(getconf _NPROCESSORS_ONLN)" \
		"boot_id: \"*$(cat /proc/sys/kernel/random/boot_id)" \
		"branch: main" "repo: $(pwd -P)" "commit: \"*$(git rev-parse HEAD)" \
		"memory: [0-9][0-9]*" "pid: [0-9]" "start: [0-9]"
	do
		test_grep "^  $key" out || return 1
	done
'

test_expect_success 'some of them, as JSON on one line' '
	LOGNAME=ann resutil collect-meta --json user >out &&
	echo "{\"user\":{\"name\":\"ann\",\"uid\":$(id -ru)}}" >want &&
	test_cmp want out &&
	resutil collect-meta --json >out && test_line_count = 1 out
'

test_expect_success 'a user whom the environment does not name' '
	echo "  name: $(id -un)" >want &&
	(unset LOGNAME USER && resutil collect-meta user) >out &&
	test_grep "^  name: .*$(id -un)" out &&
	LOGNAME=$(printf "a\nb") USER= resutil collect-meta user >out &&
	test_grep ! "name: *a" out
'

test_expect_success 'git from a map, without asking git' '
	cd repo &&
	printf "commit_hash: c0ffee\nbranch: b\ndescribe: d\n" >git.yaml &&
	mkdir fake && echo "echo >asked" | write_script fake/git &&
	PATH=$(pwd)/fake:$PATH resutil collect-meta --json --git=git.yaml git \
		>out &&
	cat >want <<-EOF &&
	{"git":{"repo":"$(pwd -P)","describe":"d","branch":"b","commit":"c0ffee"}}
	EOF
	test_cmp want out && test_path_is_missing asked &&
	resutil collect-meta --json --git=- git <git.yaml >out &&
	test_cmp want out
'

test_expect_success 'outside of a repository git is left out' '
	mkdir lone &&
	(cd lone && resutil collect-meta git user) >out &&
	test_grep ! "^git" out && test_grep "^user" out
'

test_expect_success 'no process is started but for git' '
	cd repo &&
	PATH=$(pwd)/fake:$PATH resutil collect-meta git >out &&
	test_path_is_file asked && rm asked &&
	PATH=$(pwd)/fake:$PATH RESUTIL_TRACE=$(pwd)/trace \
		resutil collect-meta system user host cpu process >out &&
	test_path_is_missing asked &&
	{ test_path_is_missing trace || test_grep ! "git" trace ; }
'

test_expect_success 'bad input' '
	test_expect_code 129 resutil collect-meta moon >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_grep "moon" err &&
	test_expect_code 10 resutil collect-meta --git=gone >out 2>err &&
	test_must_be_empty out &&
	echo "a: [" >open &&
	test_expect_code 13 resutil collect-meta --git=open >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err
'

test_done
