#!/bin/sh

test_description='sync-keys fails, or is killed, at each of its steps

A file here is what it was or what came, whole; what was reported is there, also
after a power failure; the same command once more ends it, and leaves nothing.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-power-loss.sh

# fresh: a store, and a directory with one file that differs and one that is
# the same; NR more files in the store
fresh () {
	chmod -R u+rwx d 2>/dev/null
	rm -rf d && mkdir -p d store && echo mine >d/old && cp store/same d/same
}

# whole FILE: what is here is what was, or what is in the store
whole () {
	! test -e "d/$1" || cmp "d/$1" "store/$1" ||
	{ test "$1" = old && test "$(cat d/old)" = mine; }
}

# as_reported: each line of `out` tells the truth
as_reported () {
	while IFS="	" read -r word here there key
	do
		case $word in
		downloaded|same) cmp "d/$key" "store/$key" || return 1 ;;
		deleted) ! test -e "d/$key" || return 1 ;;
		failed) test $status != 0 || return 1 ;;
		esac
	done <out
}

# at_every_point ACTIONS DONE COMMAND...: DONE is what holds in the end
at_every_point () {
	actions=$1 is_done=$2 && shift 2 && fresh && rm -f all &&
	with_faults RESUTIL_TEST_FAULT_LOG="$(pwd)/all" "$@" >out 2>err &&
	grep -v "^spawn" all >log && $is_done &&
	points=$(wc -l <log) && test "$points" -gt 5 || return 1
	for action in $actions
	do
		point=0
		while test $point -lt "$points"
		do
			point=$((point + 1)) status=0 && fresh &&
			{ with_faults RESUTIL_TEST_FAULT=any:$point:$action \
				"$@" >out 2>err || status=$?; } &&
			whole old && whole new && whole deep/er/new &&
			as_reported && cp out first && {
				test $status = 0 || test $status -ge 128 ||
				test -s err
			} &&
			"$@" >out 2>err && $is_done || {
				echo "after any:$point:$action, status $status:"
				sed -n ${point}p log
				cat err
				find d
				return 1
			}
		done
	done
}

fetched () {
	diff -r store d
}

emptied () {
	test_dir_is_empty d
}

test_expect_success 'setup' '
	mkdir -p store/deep/er && seq 30000 >store/new && echo same >store/same &&
	seq 1000 >store/deep/er/new && echo theirs >store/old
'

# The second time the status is 10: nothing matches any more.
deletes () {
	status2=0
	{ "$@" || status2=$?; } && test $status2 = 0 || test $status2 = 10
}

for action in kill kill-after EIO ENOSPC
do
	test_expect_success "download: $action" '
		at_every_point $action fetched resutil sync-keys --root d \
			-j 1 --remote dir:store --download "*"
	'
done

delete_here () {
	resutil sync-keys --root d --delete "*"
}

test_expect_success 'delete: killed or failed at each step' '
	fresh && cp -r store/. d && rm -f all && rm -rf full && cp -r d full &&
	with_faults RESUTIL_TEST_FAULT_LOG="$(pwd)/all" \
		resutil sync-keys --root d --delete "*" >out &&
	test_dir_is_empty d && points=$(wc -l <all) && test "$points" -gt 5 &&
	for action in kill kill-after EIO
	do
		for point in $(seq "$points")
		do
			rm -rf d && cp -r full d && status=0 &&
			{ with_faults RESUTIL_TEST_FAULT=any:$point:$action \
				resutil sync-keys --root d --delete "*" \
				>out 2>err || status=$?; } && as_reported &&
			deletes resutil sync-keys --root d --delete "*" \
				>out 2>err &&
			find d -type f >left && test_must_be_empty left || {
				echo "after any:$point:$action:"
				sed -n ${point}p all
				return 1
			}
		done
	done
'

# whole_after: of a directory that a power failure has left
whole_after () {
	for tree in left/*
	do
		for key in old new same deep/er/new
		do
			! test -e "$tree/$key" ||
			cmp "$tree/$key" "store/$key" ||
			{ test $key = old && test "$(cat $tree/old)" = mine; } ||
			{ echo "$tree"; power_loss --list journal; return 1; }
		done &&
		case $tree in
		left/$last.*)
			diff -r store "$tree" || { echo "$tree"; return 1; } ;;
		esac || return 1
	done
}

test_expect_success 'download: a power failure after each call' '
	fresh && noted resutil sync-keys -j 1 --remote dir:../store \
		--download "*" && rm -rf left &&
	power_loss --each journal left && last=$(power_loss --count journal) &&
	whole_after
'

test_expect_success 'download: a power failure after many files at once' '
	for i in 1 2 3 4 5 6
	do
		echo $i >store/deep/$i || return 1
	done && fresh && noted resutil sync-keys -j 1 --remote dir:../store \
		--download "*" && rm -rf left &&
	power_loss --each journal left && last=$(power_loss --count journal) &&
	whole_after && rm store/deep/?
'

test_expect_success 'upload: a lost answer, and no answer' '
	rm -rf d s && mkdir -p d s && echo 1 >d/a && echo 2 >d/b &&
	with_faults RESUTIL_TEST_STORE_FAULT=put:1:lost resutil sync-keys \
		--root d -j 1 --remote dir:s --upload "*" >out 2>err &&
	test_line_count = 2 out && diff -r d s -x ".resutil*" &&
	rm -rf s && mkdir s &&
	test_expect_code 12 with_faults RESUTIL_TEST_STORE_FAULT=put:2:unreachable \
		resutil sync-keys --root d -j 1 --remote dir:s --upload "*" >out 2>err &&
	printf "uploaded	2	-	a\nfailed	2	-	b\n" >want && test_cmp want out
'

test_expect_success 'a checksum that cannot be had fails that key alone' '
	rm -rf d && mkdir -p d s && echo 1 >d/a && echo 2 >d/b && cp d/* s &&
	test_expect_code 3 with_faults RESUTIL_TEST_STORE_FAULT=sum:1:refused \
		resutil sync-keys --root d -j 1 --remote dir:s --compare "*" >out 2>err &&
	printf "failed	2	2	a\nsame	2	2	b\n" >want && test_cmp want out &&
	with_faults RESUTIL_TEST_STORE_FAULT=sum:1:transient \
		resutil sync-keys --root d -j 1 --remote dir:s --compare "*" >out &&
	printf "same	2	2	a\nsame	2	2	b\n" >want && test_cmp want out
'

test_expect_success 'a full disk ends it: what was not tried is not told' '
	rm -rf d && mkdir d && for i in 1 2 3 4 5
	do
		echo $i >s/$i || return 1
	done &&
	test_expect_code 128 with_faults RESUTIL_TEST_FAULT=write:1+:ENOSPC \
		resutil sync-keys --root d -j 1 --remote dir:s --download "*" >out 2>err &&
	test_line_count = 1 out && test_grep "No space left" err &&
	test_dir_is_empty d
'

test_done
