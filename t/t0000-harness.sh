#!/bin/sh

test_description='the harness itself: what fails is seen to fail'

. ./test-lib.sh

# run_tests NAME [OPTION]... <<\EOF: runs a test file with these tests; what it
# says is in NAME.out and NAME.err.
run_tests () {
	name=$1 &&
	shift &&
	mkdir -p inner scratch &&
	{
		echo "test_description=inner" &&
		echo ". \"$TEST_DIRECTORY\"/test-lib.sh" &&
		cat
	} >"inner/$name.sh" &&
	(
		cd "$TEST_DIRECTORY" &&
		sh "$TRASH_DIRECTORY/inner/$name.sh" \
			--root="$TRASH_DIRECTORY/scratch" \
			--build="$BUILD_DIRECTORY" "$@"
	) >"$name.out" 2>"$name.err"
}

test_expect_success 'tests that pass: TAP, status 0, nothing left behind' '
	run_tests pass <<-\EOF &&
	test_expect_success "one" "true"
	test_expect_success "two" "echo out && echo err >&2"
	test_done
	EOF
	cat >expect <<-\EOF &&
	ok 1 - one
	ok 2 - two
	1..2
	EOF
	test_cmp expect pass.out &&
	test_must_be_empty pass.err &&
	test_dir_is_empty scratch
'

test_expect_success 'a test that fails: not ok, its text, status 1, files kept' '
	test_expect_code 1 run_tests fail <<-\EOF &&
	test_expect_success "good" "true"
	test_expect_success "bad" "echo kept >file && false"
	test_expect_success "good again" "true"
	test_done
	EOF
	test_grep "^ok 1 - good$" fail.out &&
	test_grep "^not ok 2 - bad$" fail.out &&
	test_grep "^#	echo kept" fail.out &&
	test_grep "^ok 3 - good again$" fail.out &&
	test_grep "^1\.\.3$" fail.out &&
	test_grep "^# failed 1 of 3 tests" fail.out &&
	test_path_is_file scratch/*/trash/file &&
	rm -r scratch
'

test_expect_success 'what a test that fails has printed is told, and nothing else' '
	test_expect_code 1 run_tests said <<-\EOF &&
	test_expect_success "before" "echo early"
	test_expect_success "bad" "echo o\"\"ut && printf \"e\\033rr\\n\" >&2 && false"
	test_expect_success "after" "echo late"
	test_done
	EOF
	test_grep "^# | out$" said.out &&
	test_grep "^# | err$" said.out &&
	test_grep ! "^# | early" said.out &&
	test_grep ! "^# | late" said.out &&
	rm -r scratch &&
	mkdir tap &&
	(
		cd "$TEST_DIRECTORY" &&
		export TAP_DIR="$TRASH_DIRECTORY/tap" &&
		export RESUTIL_TEST_ROOT="$TRASH_DIRECTORY/scratch" &&
		export RESUTIL_TEST_BUILD="$BUILD_DIRECTORY" &&
		mkdir "$RESUTIL_TEST_ROOT" &&
		sh "$SOURCE_DIRECTORY"/tools/run-test \
			"$TRASH_DIRECTORY"/inner/said.sh
	) >out 2>err
	test $? = 1 && test_cmp tap/said.sh.tap out &&
	test_grep "^not ok 2 - bad$" err &&
	test_grep "^# | err$" err &&
	test_grep ! "^ok" err &&
	rm -r scratch
'

test_expect_success 'prove agrees' '
	cat >inner/prove.sh <<-EOF &&
	test_description=inner
	. "$TEST_DIRECTORY"/test-lib.sh
	test_expect_success "\$WHAT" "\$WHAT"
	test_done
	EOF
	(
		cd "$TEST_DIRECTORY" &&
		RESUTIL_TEST_ROOT=$TRASH_DIRECTORY/scratch &&
		RESUTIL_TEST_BUILD=$BUILD_DIRECTORY &&
		export RESUTIL_TEST_ROOT RESUTIL_TEST_BUILD &&
		WHAT=true prove --exec sh "$TRASH_DIRECTORY/inner/prove.sh" &&
		WHAT=false test_must_fail prove --exec sh \
			"$TRASH_DIRECTORY/inner/prove.sh"
	) &&
	rm -r scratch
'

test_expect_success 'a file that ends in the middle is no success' '
	test_expect_code 1 run_tests middle <<-\EOF &&
	test_expect_success "one" "true"
	exit 0
	EOF
	test_grep "^Bail out!" middle.out &&
	rm -r scratch
'

test_expect_success 'an exit in the body of a test is no success' '
	test_must_fail run_tests leave <<-\EOF &&
	test_expect_success "one" "exit 0"
	test_done
	EOF
	test_grep "^Bail out!" leave.out &&
	rm -r scratch
'

test_expect_success 'a return in a body ends the body, not the clean-up' '
	for arg in --verbose -x
	do
		test_must_fail run_tests return $arg <<-\EOF &&
		test_expect_success "one" "
			mkdir sub &&
			test_when_finished \"rmdir ../sub\" &&
			cd sub &&
			return 1
		"
		test_expect_success "two" "
			test_path_is_missing sub &&
			test_path_is_missing ../sub
		"
		test_expect_success "three" "return 0"
		test_done
		EOF
		cat >expect <<-\EOF &&
		not ok 1 - one
		ok 2 - two
		ok 3 - three
		1..3
		EOF
		grep -v "^#" return.out >got &&
		test_cmp expect got &&
		rm -r scratch || return 1
	done
'

test_expect_success 'known breakages' '
	run_tests known <<-\EOF &&
	test_expect_failure "still broken" "false"
	test_expect_failure "repaired" "true"
	test_done
	EOF
	test_grep "^not ok 1 - still broken # TODO known breakage$" \
		known.out &&
	test_grep "^ok 2 - repaired # TODO vanished$" known.out
'

test_expect_success 'prerequisites: set, missing, lazy, negated, several' '
	run_tests prereq <<-\EOF &&
	test_set_prereq THERE
	test_lazy_prereq LAZY_YES "touch asked && test -f asked"
	test_lazy_prereq LAZY_NO false
	test_expect_success THERE "a" "true"
	test_expect_success MISSING "b" "false"
	test_expect_success THERE,LAZY_YES,!LAZY_NO "c" "true"
	test_expect_success THERE,LAZY_NO,MISSING "d" "false"
	test_expect_success !THERE "e" "false"
	test_expect_success "no file of a prerequisite is here" \
		"test_path_is_missing asked"
	test_done
	EOF
	cat >expect <<-\EOF &&
	ok 1 - a
	ok 2 # skip b (missing MISSING)
	ok 3 - c
	ok 4 # skip d (missing LAZY_NO,MISSING)
	ok 5 # skip e (missing !THERE)
	ok 6 - no file of a prerequisite is here
	1..6
	EOF
	test_cmp expect prereq.out
'

test_expect_success 'a whole file may be skipped' '
	run_tests skip <<-\EOF &&
	test_skip_all "no reason"
	EOF
	echo "1..0 # SKIP no reason" >expect &&
	test_cmp expect skip.out
'

test_expect_success '--run, -i, -v and -x' '
	tests="test_expect_success one \"echo said\"
	test_expect_success two false
	test_expect_success three false
	test_done" &&
	echo "$tests" | run_tests some --run=1 &&
	test_grep "^ok 2 # skip" some.out &&
	test_expect_code 1 run_tests stop -i <<-EOF &&
	$tests
	EOF
	test_grep "^not ok 2" stop.out &&
	test_grep ! "ok 3" stop.out &&
	echo "$tests" | test_must_fail run_tests verbose -v &&
	test_grep "^said$" verbose.err &&
	echo "$tests" | test_must_fail run_tests trace -x &&
	test_grep "^+* *echo said" trace.err &&
	rm -r scratch
'

test_expect_success 'each test begins in the scratch directory' '
	run_tests cwd <<-\EOF
	test_expect_success "away" "mkdir d && cd d"
	test_expect_success "back" "test_path_is_dir d"
	test_done
	EOF
'

test_expect_success 'test_when_finished: last first, also after a failure' '
	test_expect_code 1 run_tests when <<-\EOF &&
	test_expect_success "fails" "
		test_when_finished \"echo one >>log\" &&
		test_when_finished \"echo two >>log\" &&
		false
	"
	test_expect_success "was cleaned up" "
		printf \"two\none\n\" >expect && test_cmp expect log
	"
	test_expect_success "a clean-up that fails" \
		"test_when_finished false"
	test_done
	EOF
	test_grep "^ok 2" when.out &&
	test_grep "^not ok 3" when.out &&
	rm -r scratch
'

test_expect_success 'test_expect_code' '
	test_expect_code 7 sh -c "exit 7" &&
	test_must_fail test_expect_code 7 true
'

test_expect_success 'test_must_fail: a refusal, not a crash' '
	test_must_fail false &&
	test_must_fail sh -c "exit 129" &&
	! test_must_fail true &&
	! test_must_fail no-such-program-anywhere &&
	! test_must_fail sh -c "kill -SEGV \$\$" &&
	! test_must_fail sh -c "kill -ABRT \$\$" &&
	! test_must_fail sh -c "exit $TEST_SANITIZER_STATUS"
'

test_expect_success 'comparing' '
	echo a >a && echo b >b && >empty &&
	test_cmp a a &&
	! test_cmp a b &&
	! test_cmp a missing &&
	! test_cmp missing missing &&
	test_must_be_empty empty &&
	! test_must_be_empty a &&
	! test_must_be_empty missing &&
	test_line_count = 1 a &&
	test_line_count -gt 0 a &&
	! test_line_count = 2 a &&
	test_grep a a &&
	! test_grep b a &&
	test_grep ! b a &&
	! test_grep ! a a &&
	! test_grep ! a missing
'

test_expect_success 'paths' '
	mkdir -p d && ln -sf gone link && >empty &&
	test_path_is_file empty && ! test_path_is_file d &&
	test_path_is_dir d && ! test_path_is_dir empty &&
	test_path_is_link link &&
	test_path_is_missing gone && ! test_path_is_missing link &&
	test_dir_is_empty d && >d/x && ! test_dir_is_empty d
'

test_expect_success 'test_wait_for' '
	test_wait_for 5 true &&
	! test_wait_for 1 false
'

test_expect_success 'nothing of the caller gets in' '
	cat >inner/env.sh <<-EOF &&
	test_description=inner
	. "$TEST_DIRECTORY"/test-lib.sh
	test_expect_success "env" "env >$TRASH_DIRECTORY/env.out"
	test_expect_success "git" "test_must_fail git rev-parse --git-dir"
	test_done
	EOF
	(
		cd "$TEST_DIRECTORY" &&
		env RESUTIL_DEBUG=1 GIT_DIR=/nowhere LC_MESSAGES=C \
			XDG_CACHE_HOME=/nowhere RESUTIL_EXEC_PATH=/nowhere \
			NO_COLOR=1 PAGER=false \
			sh "$TRASH_DIRECTORY/inner/env.sh" \
			--root="$TRASH_DIRECTORY/scratch" \
			--build="$BUILD_DIRECTORY"
	) &&
	grep "^RESUTIL_" env.out >given &&
	echo RESUTIL_NO_REMOTE=1 >expect &&
	test_cmp expect given &&
	test_grep ! -E "^(XDG_|NO_COLOR|PAGER|GIT_DIR)" env.out &&
	test_grep "^LC_ALL=C$" env.out &&
	test_grep "^TZ=UTC$" env.out &&
	test_grep "^HOME=$TRASH_DIRECTORY/scratch/.*/home$" env.out
'

test_expect_success 'make_repo: a commit, and still nobody who made it' '
	make_repo repo &&
	git -C repo status --porcelain >status &&
	test_must_be_empty status &&
	git -C repo log --format=%s >log &&
	echo initial >expect &&
	test_cmp expect log &&
	test_must_fail git -C repo config user.name
'

test_expect_success 'make_project: a project that can be used' '
	make_project project &&
	test_path_is_file project/resutil-conf.yaml &&
	resutil -C project list-exps >out &&
	test_must_be_empty out
'

test_expect_success AS_USER 'as_user: permissions count' '
	mkdir closed && chmod 555 closed &&
	test_must_fail as_user touch closed/x &&
	as_user sh -c "test \$(id -u) != 0"
'

test_expect_success PTY 'pty-run: a terminal, a person, a size, a status' '
	test_expect_code 7 pty-run --size=30x100 --expect="name? " \
		--send="bob\r" --expect="hi bob" \
		sh -c "test -t 0 && test -t 1 && test -t 2 && stty size &&
			printf \"name? \" && read n && echo hi \$n; exit 7" \
		>screen &&
	tr -d "\r" <screen >actual &&
	printf "30 100\nname? bob\nhi bob\n" >expect &&
	test_cmp expect actual &&
	test_expect_code 124 pty-run --timeout=0.3 --expect=never \
		sleep 60 &&
	test_expect_code 124 pty-run --expect=never true &&
	: "a builtin: dash forgets a Ctrl-C that comes while it executes" &&
	test_expect_code 130 pty-run --out=out --expect=a --send="\x03" \
		sh -c "echo b; echo a >&2; read never" &&
	echo b >expect &&
	test_cmp expect out
'

test_done
