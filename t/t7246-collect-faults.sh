#!/bin/sh

test_description='run --collect: nothing is ever nowhere

Each step of taking a file fails once, also where the results lie on another
file system. The run keeps its status, what was not taken is told, and each file
is whole where it was or where it should be.
'
. ./test-lib.sh

if ! test_have_prereq FAULTS
then
	test_skip_all 'needs a build with fault points (make FAULTS=1)'
fi

test_expect_success 'setup' '
	make_repo project && make_project project &&
	cd project &&
	printf "%s\n" "*.out" old.txt "sub/" >.gitignore &&
	write_script prog <<-\EOF
	echo one >a.out &&
	mkdir -p sub/deep && echo two >sub/deep/b.out &&
	echo more >>old.txt
	exit 3
	EOF
'

# collects [NAME=VALUE...]: a run of it; its experiment is $exp
collects () {
	cd "$TRASH_DIRECTORY/project" &&
	rm -rf a.out sub results && echo before >old.txt &&
	collects_status=0 &&
	{ with_faults "$@" resutil run -m x --collect="**/*.out" \
		--collect=old.txt -- ./prog >out 2>err ||
		collects_status=$?; } &&
	exp=$(echo results/*_x)
}

# whole FILE TEXT: there, or where it was; and if not there, it is told
whole () {
	if test -f "$exp/$1"
	then
		test "$(cat "$exp/$1")" = "$2"
	else
		test "$(cat "$1")" = "$2" &&
		test_grep "$1\|cannot collect\|cannot make directory" err
	fi
}

everything_is_somewhere () {
	test "$collects_status" = 3 && test -d "$exp" &&
	whole a.out one && whole sub/deep/b.out two &&
	whole old.txt "before
more"
}

# at_each KIND ACTION [NAME=VALUE]: of the points between the program and the end
at_each () {
	kind=$1 action=$2 && shift 2 &&
	collects RESUTIL_TEST_FAULT_LOG="$TRASH_DIRECTORY/all" &&
	: >"$TRASH_DIRECTORY/all" &&
	collects RESUTIL_TEST_FAULT_LOG="$TRASH_DIRECTORY/all" &&
	grep -n "^$kind.*$exp/\(a.out\|sub\|old.txt\)" "$TRASH_DIRECTORY/all" |
		cut -d: -f1 >"$TRASH_DIRECTORY/lines" &&
	test -s "$TRASH_DIRECTORY/lines" &&
	while read -r line
	do
		nr=$(head -n "$line" "$TRASH_DIRECTORY/all" |
			grep -c "^$kind") &&
		collects RESUTIL_TEST_FAULT=$kind:$nr:$action </dev/null &&
		everything_is_somewhere || {
			echo "after $kind:$nr:$action, status $collects_status"
			cat err
			return 1
		}
	done <"$TRASH_DIRECTORY/lines"
}

test_expect_success 'all is taken, and the rest of the record says how' '
	collects &&
	everything_is_somewhere &&
	test_path_is_missing a.out && test_path_is_missing sub/deep/b.out &&
	test_path_is_file old.txt &&
	resutil show --format="%(state)" x >state &&
	echo fail >expect && test_cmp expect state &&
	grep -c "how: moved" $exp/resutil-exp.yaml >moved &&
	echo 2 >expect && test_cmp expect moved
'

test_expect_success 'a file cannot be moved' '
	at_each rename EACCES && at_each rename ENOSPC
'

test_expect_success 'a directory cannot be made' '
	at_each mkdir ENOSPC
'

test_expect_success 'a file cannot be copied' '
	at_each open EDQUOT
'

test_expect_success 'on another file system files are copied, then removed' '
	collects RESUTIL_TEST_FAULT_LOG="$TRASH_DIRECTORY/all" &&
	nr=$(grep -n "^rename.*a\.out" "$TRASH_DIRECTORY/all" | head -n 1 |
		cut -d: -f1) &&
	nr=$(head -n $nr "$TRASH_DIRECTORY/all" | grep -c "^rename") &&
	rm "$TRASH_DIRECTORY/all" &&
	collects RESUTIL_TEST_FAULT=rename:$nr:EXDEV \
		RESUTIL_TEST_FAULT_LOG="$TRASH_DIRECTORY/all" &&
	everything_is_somewhere &&
	test_path_is_missing a.out && test_path_is_file $exp/a.out &&
	# the copy is safe before the original goes
	grep "a\.out" "$TRASH_DIRECTORY/all" | cut -f1 >steps &&
	printf "%s\n" rename open write sync unlink >expect &&
	grep -v chmod steps | uniq >actual && test_cmp expect actual
'

test_done
