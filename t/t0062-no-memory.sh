#!/bin/sh

test_description='memory runs out at any allocation

A build with fault points fails each allocation of ours, and those of libraries
that are known to us. The program ends with one line and status 128, in
whichever thread it was, and removes its temporary files; what is there is
whole. Here some of the points are tried; RESUTIL_TEST_EXPENSIVE=1 tries all.
'
tries=9
test -z "${RESUTIL_TEST_EXPENSIVE:-}" || tries=1000000
. ./test-lib.sh

if ! test_have_prereq FAULTS
then
	test_skip_all 'needs a build with fault points (make FAULTS=1)'
fi

# starved N COMMAND...: the N-th allocation of all processes fails
starved () {
	nr=$1 && shift && rm -f "$TRASH_DIRECTORY/counter" &&
	with_faults RESUTIL_TEST_FAULT=alloc:$nr:ENOMEM \
		RESUTIL_TEST_FAULT_SHARED="$TRASH_DIRECTORY/counter" timeout 60 "$@"
}

# at_allocations CHECK COMMAND...: in the directory w, a copy of `before`;
# a prime as step meets other allocations than those that repeat
at_allocations () {
	look=$1 && shift && fresh &&
	(cd w && starved 99999999 "$@") >out 2>err &&
	all=$(counted) && test "$all" -gt 20 &&
	step=1 && while test $((step * tries)) -lt "$all"
	do
		step=$((step * 2 + 1))
	done &&
	point=1 && while test $point -le "$all"
	do
		fresh && status=0 &&
		{ (cd w && starved $point "$@") >out 2>err || status=$?; } &&
		told && nothing_left && (cd w && $look) || {
			echo "after alloc:$point:ENOMEM of $all, status $status:"
			cat err left
			return 1
		}
		point=$((point + step))
	done
}

fresh () {
	rm -rf w && cp -Rp before w
}

counted () {
	od -An -t u8 counter | tr -d " "
}

# told: by one line, and not by a signal; a child's end may not matter. Caches
# make the number of allocations depend on the time.
told () {
	if test $status = 0 && test "$(counted)" -lt $point
	then
		return 0
	fi
	grep "out of memory" err >lines &&
	test_line_count = 1 lines && test $status -le 128
}

# A child that works when its parent ends may need a moment to end its work.
nothing_left () {
	test_wait_for 10 nothing_there || test_must_be_empty left
}

nothing_there () {
	find w -name "*.tmp" -o -name "*.rm" -o -name ".resutil-put-*" \
		-o -name ".resutil-removed-*" >left 2>/dev/null
	test ! -s left
}

readable () {
	resutil list-exps >names &&
	{ test ! -s names || resutil read-exp --json --stdin <names >records; }
}

# whole: what is in results, and in the store
whole () {
	readable && resutil list-remote >remote &&
	if ls store/project/*.zip >packs 2>/dev/null
	then
		resutil verify-pack $(cat packs) >verified
	fi
}

test_expect_success 'setup' '
	make_repo before && mkdir before/store && (
		cd before &&
		resutil --no-interactive init --project-name project \
			--storage-type dir -o path=store &&
		mkdir -p files/deep/er && seq 30000 >files/a &&
		seq 9 >files/deep/er/b &&
		for i in 1 2 3 4 5 6 7 8 9
		do
			seq $i 1000 >files/deep/$i || return 1
		done &&
		resutil add one --from files && resutil add two &&
		resutil push -A && resutil add three --from files &&
		resutil pack-exp -o pack.zip @ &&
		echo changed >>train.py
	)
'

for command in "add x --from files" "run -m x -- sh -c exit" \
	"update-exp @ --set result.a=1" "comment @ other" "list --json" \
	"pack-exp -o pack @" "verify-pack pack.zip" "unpack-exp -C out pack.zip" \
	"hash-experiment @" "push -A" "status"
do
	test_expect_success "$command" '
		at_allocations whole resutil $command
	'
done

test_expect_success 'setup: experiments that are only in the store' '
	cd before && resutil push -A && resutil list-exps >names &&
	resutil rm -l -y $(cat names)
'

test_expect_success 'pull -A' '
	at_allocations whole resutil pull -A
'

test_done
