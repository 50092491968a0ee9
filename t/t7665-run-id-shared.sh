#!/bin/sh

test_description='run --id: runs that travel through a store'
. ./test-lib.sh

unset RESUTIL_NO_REMOTE

field () {
	resutil read-exp --key "$2" "$1"
}

# in_clone NAME COMMAND...: there
in_clone () {
	(cd "$TRASH_DIRECTORY/$1" && shift && "$@")
}

run_steps () {
	resutil -q run "$@" --id steps -- sh -c '
		echo step >>"$RESUTIL_EX_DIR/steps"
		test $(wc -l <"$RESUTIL_EX_DIR/steps") -ge $LAST'
}

test_expect_success 'setup: two clones of one project' '
	make_repo one &&
	make_project one &&
	in_clone one resutil -q run -m first -- true &&
	resutil clone "dir:$TRASH_DIRECTORY/one.store/project" two &&
	LAST=9 && export LAST
'

test_expect_success 'a run that failed is pushed, and again when it goes on' '
	test_must_fail in_clone one run_steps -m steps &&
	in_clone one resutil list-unpushed >out && test_must_be_empty out &&
	test_must_fail in_clone one run_steps &&
	in_clone one resutil list-unpushed >out && test_must_be_empty out &&
	in_clone one field steps revision >out &&
	test "$(cat out)" -ge 3
'

test_expect_success 'another clone pulls it and goes on with it' '
	in_clone two resutil pull steps &&
	test_must_fail in_clone two run_steps &&
	in_clone two field steps resumes >out && echo 2 >want &&
	test_cmp want out &&
	in_clone two resutil list-unpushed >out && test_must_be_empty out
'

test_expect_success 'what it did comes back, and the first goes on from there' '
	in_clone one resutil pull steps &&
	name=$(in_clone one resutil rev-exp steps) &&
	test_line_count = 3 "one/results/$name/steps" &&
	LAST=4 in_clone one run_steps &&
	in_clone one field steps state >out && echo done >want &&
	test_cmp want out &&
	in_clone one field steps resumes >out && echo 3 >want &&
	test_cmp want out
'

test_expect_success 'where it is done everybody has the result' '
	in_clone two resutil pull steps &&
	in_clone two field steps state >out && echo done >want &&
	test_cmp want out &&
	LAST=4 in_clone two run_steps &&
	in_clone two resutil verify-pack steps
'

test_expect_success 'of two clones that go on with it, one is told' '
	test_must_fail in_clone one resutil -q run -m both --id both -- false &&
	in_clone two resutil pull both &&
	test_must_fail in_clone one resutil -q run --id both -- false &&
	test_must_fail in_clone two resutil -q run --id both -- false 2>err &&
	test_grep "has grown here, and was changed\|is not what\|later revision" \
		err &&
	test_expect_code 14 in_clone two resutil push both
'

test_expect_success 'a checkpoint elsewhere says that it runs there' '
	mkfifo gate &&
	{ in_clone one timeout 60 resutil -q run -m far --id far --no-push -- \
		sh -c "resutil checkpoint && >../started && cat ../gate" & } &&
	i=0 &&
	until test -e started
	do
		i=$((i + 1)) && test $i -lt 300 || return 1
		sleep 0.05
	done &&
	in_clone two resutil pull far &&
	in_clone two resutil update-exp --set host=elsewhere far &&
	test_expect_code 14 in_clone two resutil run --id far -- \
		sh -c "resutil checkpoint && >../started && cat ../gate" \
		2>err &&
	test_grep "running on elsewhere" err &&
	echo >gate &&
	wait
'

test_expect_success 'one that is here in part is not gone on with' '
	test_must_fail in_clone one resutil -q run -m part --id part -- \
		sh -c "cd \"\$RESUTIL_EX_DIR\"; echo a >a; >other; exit 1" &&
	name=$(in_clone one resutil rev-exp part) &&
	in_clone two resutil pull "$name" -- other &&
	test_expect_code 14 in_clone two resutil run --id part -- \
		sh -c "cd \"\$RESUTIL_EX_DIR\"; echo a >a; >other; exit 1" 2>err &&
	test_grep "only some files are here" err
'

test_done
