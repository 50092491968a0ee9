#!/bin/sh

test_description='code state: each step that writes fails once

The snapshot is whole, or the command fails with one sentence. A second
attempt is not disturbed by what the first one left.
'
. ./test-lib.sh
. "$TEST_DIRECTORY/lib-code.sh"

if ! test_have_prereq FAULTS
then
	test_skip_all 'needs a build with fault points (make FAULTS=1)'
fi

# snapshot [NAME=VALUE...]: of the repository, into snap/ and json
snapshot () {
	rm -rf snap && mkdir snap &&
	with_faults "$@" resutil -C repo snapshot-code --treeish --json \
		"$TRASH_DIRECTORY/snap" >json 2>err
}

# same: it is what it would be without a fault.
same () {
	cmp -s good.json json && tree_of snap >tree && cmp -s good.tree tree
}

# points KIND: how many of that kind a snapshot passes
points () {
	rm -f log &&
	snapshot RESUTIL_TEST_FAULT_LOG="$TRASH_DIRECTORY/log" &&
	grep -c "^$1" log
}

# some NR: of as many points the first and the last ones: a long patch is
# written line by line, and one line is like another
some () {
	if test $1 -le 10
	then
		seq $1
	else
		seq 5 && seq $(($1 - 3)) $1
	fi
}

# fails_once KIND ACTION: at its points in turn
fails_once () {
	fails_nr=$(points $1) && test "$fails_nr" -gt 0 &&
	fails_seen=0 &&
	for fails_at in $(some $fails_nr)
	do
		fails_status=0
		snapshot RESUTIL_TEST_FAULT=$1:$fails_at:$2 || fails_status=$?
		case $fails_status in
		0)
			# a help that may fail, or the record says what is missing
			same || grep "\"error\"" json ;;
		128)
			test_line_count = 1 err && grep "^resutil: " err &&
			fails_seen=$((fails_seen + 1)) ;;
		*)
			false ;;
		esac || {
			echo "after $1:$fails_at:$2, status $fails_status:"
			cat err json
			return 1
		}
	done &&
	echo "$fails_seen of $fails_nr points are failures" &&
	snapshot && same
}

test_expect_success 'setup: all that can be captured, and a long patch' '
	make_repo repo &&
	seq 95000 | sed "s/^/some line of text /" >repo/long.txt &&
	git -C repo add long.txt &&
	git -C repo -c user.name=x -c user.email=x@x commit -q -m two &&
	sed -i "s/line/word/" repo/long.txt &&
	echo changed >>repo/train.py &&
	mkdir -p repo/a/b repo/c && echo 1 >repo/a/b/one && echo 2 >repo/c/two &&
	ln -s nowhere repo/a/link &&
	cp repo/train.py repo/.env &&
	snapshot &&
	cp json good.json && tree_of snap >good.tree &&
	test $(wc -c <snap/uncommited.patch) -gt 4500000
'

test_expect_success 'a file that cannot be made' '
	fails_once open ENOSPC
'

test_expect_success 'a write that fails' '
	fails_once write EIO
'

test_expect_success 'a write that is short' '
	fails_once write short
'

test_expect_success 'a directory that cannot be made' '
	fails_once mkdir EDQUOT
'

test_expect_success 'a link that cannot be made' '
	fails_once link ENOSPC
'

test_expect_success 'a program that cannot be started' '
	fails_once spawn ENOMEM
'

test_expect_success 'a file system without nameless files' '
	at=$(points open) && test "$at" -gt 0 &&
	point=0 named= &&
	while test $point -lt $at
	do
		point=$((point + 1)) &&
		rm -f log &&
		snapshot RESUTIL_TEST_FAULT=open:$point:EOPNOTSUPP \
			RESUTIL_TEST_FAULT_LOG="$TRASH_DIRECTORY/log" &&
		grep -q "^open.*/resutil-spool" log && named=yes && same && break
	done &&
	test "$named" = yes &&
	test_dir_is_empty "$TMPDIR"
'

test_expect_success 'a nameless file that is full' '
	: >grown &&
	TMPDIR=$TRASH_DIRECTORY/gone snapshot &&
	grep "\"error\"" json &&
	has_patch=$(python3 -c "import json; print(json.load(open(\"json\"))[
\"patch\"])") && test "$has_patch" = None
'

test_done
