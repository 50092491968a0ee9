#!/bin/sh

test_description='fetch-exp: every step that changes something fails, or is the last

What is here afterwards is what was here, or what the store has, each whole; and
the next fetch has what the store has.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh

state_of () {
	if test -d results/$exp
	then
		hash_of $exp
	else
		echo absent
	fi
}

# prepare WHAT: absent, old, or part
prepare () {
	chmod -R u+w results &&
	rm -rf results .resutil "${XDG_CACHE_HOME:-$HOME/.cache}"/resutil &&
	cp -Rp before/$1/. .
}

# is_tidy: nothing but experiments, and no tree that was replaced
is_tidy () {
	ls -A results 2>/dev/null | grep "^\." >hidden
	test_must_be_empty hidden
}

# check_state WHAT: as it was, or as the store has it. What is here in part, or
# becomes so, is marked, and each of its files is whole.
check_state () {
	state_of >now &&
	if cmp -s now new
	then
		return 0
	fi
	case $1 in
	*-in-part)
		if test absent = "$(cat now)"
		then
			return 0
		fi
		test_path_is_file .resutil/partial/$exp &&
		(cd results/$exp && find . -type f) >files &&
		while read -r file
		do
			cmp one/results/$exp/$file results/$exp/$file || return 1
		done <files
		;;
	*)
		test_cmp $1.state now
		;;
	esac
}

# fail_everywhere WHAT ACTION [PATHSPEC...]
fail_everywhere () {
	what=$1 action=$2 how=$1
	shift 2
	if test $what = part || test $# -gt 0
	then
		how=$what-in-part
	fi
	prepare $what && rm -f log &&
	with_faults RESUTIL_TEST_FAULT_LOG="$PWD"/log resutil fetch-exp $exp "$@" \
		>out || return 1
	points=$(wc -l <log) && nr=0 &&
	test $points -gt 8 || return 1
	while test $nr -lt $points
	do
		nr=$((nr + 1))
		prepare $what || return 1
		status=0
		with_faults RESUTIL_TEST_FAULT=any:$nr:$action \
			resutil fetch-exp $exp "$@" >out 2>err || status=$?
		check_state $how &&
		case $action,$status in
		E*,0)	is_tidy ;;
		E*)	is_tidy && test -s err ;;
		esac &&
		resutil fetch-exp $exp >out && state_of >now && test_cmp new now &&
		test_path_is_missing .resutil/partial/$exp || {
			echo "after any:$nr:$action, status $status:"
			sed -n ${nr}p log
			cat err
			return 1
		}
	done
}

test_expect_success FAULTS 'setup' '
	mkdir "$store" one && make_conf && make_conf one &&
	export RESUTIL_TEST_NOW=1720091755 &&
	(
		cd one && exp=$(resutil add nice) && echo a >results/$exp/a &&
		mkdir results/$exp/d results/$exp/closed && echo b >results/$exp/d/b &&
		ln -s a results/$exp/link && chmod 555 results/$exp/closed &&
		resutil send-pack nice >/dev/null
	) &&
	exp=$(resutil list-remote) && mkdir -p before/absent before/old before/part &&
	echo absent >absent.state && mkdir results && cp -Rp results before/absent/ &&
	resutil fetch-exp $exp >out && state_of >old.state &&
	cp -Rp results .resutil before/old/ &&
	(
		cd one && echo more >results/$exp/d/more &&
		resutil update-exp --set info.x=1 nice && resutil send-pack nice >/dev/null
	) &&
	chmod -R u+w results && rm -rf results .resutil && resutil fetch-exp $exp -- a >out &&
	cp -Rp results .resutil before/part/ &&
	rm -rf results .resutil && resutil fetch-exp $exp >out && state_of >new &&
	! cmp new old.state
'

for action in EIO kill
do
	test_expect_success FAULTS "$action: one that was absent" '
		fail_everywhere absent $action
	'
done

for action in EIO kill-after
do
	test_expect_success FAULTS "$action: one that has grown in the store" '
		fail_everywhere old $action
	'
done

test_expect_success FAULTS 'EIO: one of which only some files are here' '
	fail_everywhere part EIO
'

test_expect_success FAULTS 'kill: one of which only some files are here' '
	fail_everywhere part kill
'

test_expect_success FAULTS 'kill: some files of one that was absent' '
	fail_everywhere absent kill -- d
'

test_expect_success FAULTS 'kill: some more files' '
	fail_everywhere part kill-after -- d
'

test_expect_success FAULTS 'where directories cannot change places' '
	rm -f points && prepare old &&
	with_faults RESUTIL_TEST_FAULT=rename:1:EINVAL \
		RESUTIL_TEST_FAULT_LOG="$PWD/points" resutil fetch-exp $exp >out &&
	grep "^rename.*\.old$" points && grep "^grown" out &&
	state_of >now && test_cmp new now && is_tidy
'

test_expect_success FAULTS 'one sync for all, one for results_dir, one for the ledger' '
	rm -f points && prepare absent &&
	with_faults RESUTIL_TEST_FAULT_LOG="$PWD/points" resutil fetch-exp $exp >out &&
	grep "^sync" points | grep -v /closed >syncs && sed "s|.*/||" syncs >got &&
	test_line_count = 4 got && grep "\.tmp$" got && grep "^results$" got &&
	grep "^origin.log$" got && grep "^remotes$" got
'

test_done
