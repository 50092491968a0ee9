#!/bin/sh

test_description='every step that changes something fails, or is the last one

A build with fault points (make FAULTS=1) tells how many points a command
passes. Then the command is run once for each point and each way to fail there,
and what is left must be the state before or the state after.
'
. ./test-lib.sh

# fresh: a project with nothing in it but what $BEFORE makes
fresh () {
	rm -rf p &&
	mkdir p &&
	cat >p/resutil-conf.yaml <<-\EOC &&
	project_name: p
	results_dir: results
	storage_type: dir
	storage_config:
	  path: /nowhere
	EOC
	{ test -z "$BEFORE" || (cd p && eval "$BEFORE"); }
}

# whole: every visible experiment has a record that can be read and bears its
# name, and list-exps names it
whole () {
	if ! test -d p/results
	then
		return 0
	fi
	(cd p/results && ls) >visible &&
	(cd p && resutil list-exps) >listed &&
	sort listed >sorted &&
	test_cmp visible sorted &&
	while read -r name
	do
		(cd p && resutil read-exp --json "$name") >record 2>why &&
		grep "\"name\": *\"$name\"" record >/dev/null || {
			echo "not whole: $name"
			cat why
			return 1
		}
	done <visible
}

# clean: nothing temporary is left
clean () {
	find p -name '*.tmp' >left &&
	test_must_be_empty left
}

# faulty FAULT COMMAND...: runs it in p; the status in $status
faulty () {
	fault=$1
	shift
	status=0
	(
		cd p &&
		with_faults RESUTIL_TEST_FAULT=$fault resutil "$@"
	) >out 2>err || status=$?
}

# at_every_point AFTER ACTIONS COMMAND...: AFTER checks what is left
at_every_point () {
	after=$1 actions=$2
	shift 2
	fresh &&
	rm -f log &&
	(
		cd p &&
		with_faults RESUTIL_TEST_FAULT_LOG=../log resutil "$@"
	) >out 2>err &&
	points=$(wc -l <log) &&
	test "$points" -gt 3 || return 1
	for action in $actions
	do
		point=0
		while test $point -lt $points
		do
			point=$((point + 1))
			fresh && faulty any:$point:$action "$@" &&
			whole && $after || {
				echo "after any:$point:$action, status $status:"
				sed -n ${point}p log
				cat err
				find p
				return 1
			}
		done
	done
}

count_visible () {
	(cd p && ls results 2>/dev/null) | wc -l
}

test_expect_success FAULTS 'points are counted and logged by kind' '
	BEFORE= &&
	fresh &&
	(
		cd p &&
		with_faults RESUTIL_TEST_FAULT_LOG=../log resutil add x
	) &&
	for kind in open write sync rename mkdir lock
	do
		grep "^$kind	" log >of-kind &&
		test -s of-kind || return 1
	done
'

test_expect_success FAULTS 'a plan that cannot be read is no plan to pass' '
	for plan in write nokind:1:EIO write:0:EIO write:1:ENOSUCH write:x:EIO \
		write:1++:EIO write:1:lost
	do
		faulty "$plan" add x &&
		test $status -ge 128 &&
		grep "cannot read RESUTIL_TEST_FAULT" err || return 1
	done
'

test_expect_success FAULTS 'the kind chooses, not only the number' '
	fresh &&
	faulty rename:99:EIO add x &&
	test $status = 0 &&
	fresh &&
	faulty sync:1:EIO add x &&
	test $status = 128 &&
	grep "Input/output error" err
'

# in_project ENVIRONMENT... -- COMMAND...: with fault points, in p
in_project () {
	(cd p && with_faults "$@")
}

counter () {
	od -An -t u8 "$1" | tr -d " "
}

test_expect_success FAULTS 'one counter for all processes' '
	fresh && rm -f log all &&
	in_project RESUTIL_TEST_FAULT_LOG="$(pwd)/log" \
		RESUTIL_TEST_FAULT_SHARED="$(pwd)/all" \
		resutil run -m x -- resutil add y >out &&
	test "$(counter all)" = $(wc -l <log) &&
	last=$(wc -l <log) &&

	# each process by itself passes fewer; together they pass one of the
	# last, which is the end of the run: how the output of the program
	# comes in pieces may make the number differ by one or two
	near=$((last - 3)) &&
	fresh && rm -f all &&
	in_project RESUTIL_TEST_FAULT=any:$near:kill \
		resutil run -m x -- resutil add y >out &&
	fresh &&
	test_expect_code 137 in_project RESUTIL_TEST_FAULT=any:$near:kill \
		RESUTIL_TEST_FAULT_SHARED="$(pwd)/all" \
		resutil run -m x -- resutil add y >out &&
	test "$(counter all)" = $near
'

test_expect_success FAULTS 'kill-all ends the whole process group' '
	for action in kill-all kill-all-after
	do
		fresh && rm -f p/after &&
		test_expect_code 137 in_project RESUTIL_TEST_FAULT=any:3:$action \
			setsid -w sh -c "resutil add x; echo there >after" &&
		test_path_is_missing p/after || return 1
	done
'

# with_store: a fresh project with an empty store beside it
with_store () {
	fresh && rm -rf store && mkdir store &&
	sed -i "s,/nowhere,../store," p/resutil-conf.yaml
}

test_expect_success FAULTS 'requests are points, counted over all kinds' '
	with_store && rm -f log && echo a >a &&
	in_project RESUTIL_TEST_FAULT_LOG=../log \
		resutil put-object --remote dir:../store k/a ../a >version &&
	grep "^request	put k/a" log &&
	test_expect_code 11 in_project RESUTIL_TEST_FAULT=request:1:refused \
		resutil put-object --remote dir:../store k/b ../a 2>err &&
	grep "refused .k/b. on order" err &&
	test_path_is_missing store/k/b &&
	in_project RESUTIL_TEST_FAULT=request:1:lost \
		resutil put-object --remote dir:../store k/b ../a >version &&
	cmp a store/k/b &&
	test_expect_code 137 in_project RESUTIL_TEST_FAULT=request:1:kill-after \
		resutil put-object --remote dir:../store k/c ../a &&
	cmp a store/k/c
'

test_expect_success FAULTS 'N+ is this point and all later ones' '
	with_store && (cd p && resutil add x) >name &&
	test_expect_code 12 in_project RESUTIL_TEST_FAULT=request:1+:EIO \
		resutil send-pack --patience=1 "$(cat name)" 2>err &&
	grep "no answer for" err &&
	in_project RESUTIL_TEST_FAULT=request:1:EIO \
		resutil send-pack --patience=1 "$(cat name)"
'

# Failure is told, and nothing is left; or it did not matter.
after_failed_add () {
	clean &&
	if test $status = 0
	then
		test $(count_visible) = 1
	else
		test $(count_visible) = 0 &&
		test -s err &&
		test_must_be_empty out
	fi
}

test_expect_success FAULTS 'add: an error at any point' '
	BEFORE= &&
	at_every_point after_failed_add "EIO ENOSPC" add x
'

test_expect_success FAULTS 'add: half a write at any point is no error' '
	BEFORE= &&
	at_every_point after_failed_add short add x
'

# Killed: at most one more is visible, and nothing is in the way of the next.
after_killed_add () {
	test $(count_visible) -le 1 &&
	(cd p && resutil add x) &&
	whole
}

test_expect_success FAULTS 'add: killed at any point' '
	BEFORE= &&
	at_every_point after_killed_add "kill kill-after" add x
'

after_failed_from () {
	after_failed_add &&
	if test $status = 0
	then
		(cd p/results/*x && find . ! -name resutil-exp.yaml) |
		sort >got &&
		test_cmp want-tree got &&
		cmp p/files/sub/b p/results/*x/sub/b
	fi
}

test_expect_success FAULTS 'add --from: an error at any point' '
	mkdir -p files/sub files/empty &&
	echo a >files/a &&
	head -c 300000 /dev/zero >files/sub/b &&
	(cd files && find .) | sort >want-tree &&
	BEFORE="cp -R ../files ." &&
	at_every_point after_failed_from "EIO ENOSPC short" add x --from files
'

test_expect_success FAULTS 'add --from: killed at any point' '
	at_every_point after_killed_add kill add x --from files
'

# Old or new, and no less.
old_or_new () {
	test $(count_visible) = 1 &&
	(cd p && resutil read-exp --json @) >record &&
	if grep "\"accuracy\": *1" record
	then
		grep "\"revision\": *2" record
	else
		grep "\"revision\": *1" record
	fi
}

after_failed_update () {
	old_or_new && clean &&
	if test $status = 0
	then
		grep "\"accuracy\": *1" record
	else
		test -s err
	fi
}

test_expect_success FAULTS 'update-exp: an error at any point' '
	BEFORE="resutil add x" &&
	at_every_point after_failed_update "EIO ENOSPC short" \
		update-exp @ --set result.accuracy=1
'

after_killed_update () {
	old_or_new &&
	(cd p && resutil update-exp @ --set result.accuracy=2) &&
	(cd p && resutil read-exp --json @) >record &&
	grep "\"accuracy\": *2" record
}

test_expect_success FAULTS 'update-exp: killed at any point' '
	at_every_point after_killed_update "kill kill-after" \
		update-exp @ --set result.accuracy=1
'

# The program runs and its status counts, or it did not run at all (125).
after_failed_run () {
	clean &&
	case $status in
	125)
		test_must_be_empty p/ran &&
		test $(count_visible) = 0 &&
		test -s err
		;;
	7)
		test_line_count = 1 p/ran &&
		test $(count_visible) = 1 &&
		(cd p && resutil read-exp --json @) >record &&
		{
			grep "\"state\": *\"fail\"" record ||
			grep "^resutil: " err
		}
		;;
	*)
		return 1
		;;
	esac
}

# "run" ends with the status of the program, so a success is status 7 here
run_at_every_point () {
	after=$1 actions=$2
	fresh &&
	rm -f log &&
	(
		cd p &&
		test_expect_code 7 with_faults \
			RESUTIL_TEST_FAULT_LOG=../log resutil run -m x -- sh -c "$PROGRAM"
	) >out 2>err &&
	points=$(wc -l <log) &&
	test "$points" -gt 5 || return 1
	for action in $actions
	do
		point=0
		while test $point -lt $points
		do
			point=$((point + 1))
			fresh && faulty any:$point:$action \
				run -m x -- sh -c "$PROGRAM" &&
			whole && $after || {
				echo "after any:$point:$action, status $status:"
				sed -n ${point}p log
				cat err
				find p
				return 1
			}
		done
	done
}

test_expect_success FAULTS 'run: an error at any point' '
	BEFORE=": >ran" &&
	PROGRAM="echo ran >>ran; echo out; echo err >&2; exit 7" &&
	run_at_every_point after_failed_run "EIO ENOSPC"
'

after_killed_run () {
	test $(count_visible) -le 1 &&
	if test $(count_visible) = 1
	then
		(cd p && resutil list) >list &&
		grep -e lost -e fail -e running list
	else
		test_must_be_empty p/ran
	fi &&
	(cd p && resutil run -m x -- true) &&
	whole
}

test_expect_success FAULTS 'run: killed at any point' '
	run_at_every_point after_killed_run "kill kill-after"
'

test_done
