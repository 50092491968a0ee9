#!/bin/sh

test_description='a directory store holds the old object or the new one

Each step of a request that changes a store fails, or is the last one before
kill -9. What is there then is what was there or what was put, listings show
nothing else, and the next request is not disturbed.
'
. ./test-lib.sh

if ! test_have_prereq FAULTS
then
	test_skip_all 'needs a build with fault points (make FAULTS=1)'
fi

# fresh: a store with one object
fresh () {
	rm -rf store && mkdir -p store/p && cp old store/p/a
}

# at_every_point ACTIONS CHECK COMMAND...: CHECK looks at $status and the store
at_every_point () {
	actions=$1 look=$2 && shift 2 &&
	fresh && rm -f all &&
	with_faults RESUTIL_TEST_FAULT_LOG="$(pwd)/all" "$@" >out 2>err &&
	# starting the program that does it is a point of another process
	grep -v "^spawn" all >log &&
	points=$(wc -l <log) && test "$points" -gt 3 || return 1
	for action in $actions
	do
		point=0
		while test $point -lt "$points"
		do
			point=$((point + 1)) status=0
			fresh &&
			{ with_faults RESUTIL_TEST_FAULT=any:$point:$action \
				"$@" >out 2>err || status=$?; } &&
			$look && usable || {
				echo "after any:$point:$action, status $status:"
				sed -n ${point}p log
				cat err
				find store
				return 1
			}
		done
	done
}

# usable: the store takes, gives and removes objects as if nothing had been
usable () {
	resutil put-object --remote dir:store p/next new >version &&
	resutil put-object --remote dir:store --version "$(cat version)" \
		p/next old >version &&
	resutil remove-object --remote dir:store --version "$(cat version)" \
		p/next
}

keys () {
	resutil list-objects --remote dir:store --format "%(key)"
}

# nothing_left: no temporary file, unless it was killed, which nobody can catch,
# or the very removal of that file has failed
nothing_left () {
	test $status = 137 || sed -n ${point}p log | grep -q "^unlink" ||
	! find store -name ".resutil-put-*" | grep .
}

replaced () {
	if test $status = 0
	then
		cmp new store/p/a
	else
		cmp new store/p/a 2>/dev/null || cmp old store/p/a
	fi &&
	test "$(keys)" = p/a && nothing_left
}

created () {
	cmp old store/p/a &&
	if test $status = 0 || test -e store/p/b
	then
		cmp new store/p/b && printf "%s\n" p/a p/b >want
	else
		echo p/a >want
	fi &&
	keys >is && test_cmp want is && nothing_left
}

created_deep () {
	cmp old store/p/a &&
	if test $status = 0 || test -e store/q/r/b
	then
		cmp new store/q/r/b && printf "%s\n" p/a q/r/b >want
	else
		echo p/a >want
	fi &&
	keys >is && test_cmp want is && nothing_left
}

removed () {
	if test $status = 0
	then
		! test -e store/p/a
	else
		! test -e store/p/a || cmp old store/p/a
	fi &&
	nothing_left
}

test_expect_success 'setup' '
	seq 1000 >old && seq 60000 >new
'

for action in kill kill-after ENOSPC EIO ESTALE short
do
	test_expect_success "an object is replaced: $action" '
		at_every_point $action replaced resutil put-object \
			--remote dir:store p/a new
	'

	test_expect_success "an object is created: $action" '
		at_every_point $action created resutil put-object \
			--remote dir:store --absent p/b new
	'
done

for action in kill kill-after EIO
do
	test_expect_success "an object is created in new directories: $action" '
		at_every_point $action created_deep resutil put-object \
			--remote dir:store --absent q/r/b new
	'

	test_expect_success "an object is removed: $action" '
		at_every_point $action removed resutil remove-object \
			--remote dir:store p/a
	'
done

# Of file systems without hard links, and without RENAME_NOREPLACE.
for lacks in link:1:EPERM link:1:EOPNOTSUPP
do
	test_expect_success "a store without links: $lacks" '
		fresh &&
		with_faults RESUTIL_TEST_FAULT=$lacks resutil put-object \
			--remote dir:store --absent p/b new &&
		cmp new store/p/b &&
		test_expect_code 14 with_faults RESUTIL_TEST_FAULT=$lacks \
			resutil put-object --remote dir:store --absent p/b old &&
		cmp new store/p/b && ls -A store/p >files &&
		printf "%s\n" a b >want && test_cmp want files
	'
done

test_expect_success 'a store without locks: what needs none goes on' '
	fresh &&
	with_faults RESUTIL_TEST_FAULT=lock:1+:ENOLCK resutil put-object \
		--remote dir:store p/a new >version && cmp new store/p/a &&
	test_expect_code 128 with_faults RESUTIL_TEST_FAULT=lock:1+:ENOLCK \
		resutil put-object --remote dir:store \
		--version "$(cat version)" p/a old 2>err &&
	grep "cannot lock .p/a." err && cmp new store/p/a
'

test_done
