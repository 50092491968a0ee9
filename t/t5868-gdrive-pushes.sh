#!/bin/sh

test_description='Drive: several clones push one name at once, some die at it'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-drive-claims.sh
unset RESUTIL_NO_REMOTE

RESUTIL_TEST_GDRIVE_CLAIM=1500
export RESUTIL_TEST_GDRIVE_CLAIM

# clone NAME...: projects of that drive, each as another account
clones () {
	for machine
	do
		rm -rf $machine && mkdir $machine && (
			cd $machine && drive_conf "$base" &&
			cp ../$machine.json key.json
		) || return 1
	done
}

# run_of NAME TEXT: the experiment of that one name, by another run
run_of () {
	RESUTIL_TEST_NOW=1720091755 TZ=UTC resutil -C "$1" add one >made &&
	name=$(cat made) && echo "$2" >"$1/results/$name/text"
}

# push NAME: in the background
push () {
	pushed=$1
	rm -f "$1.status" "$1.id"
	(
		status=0
		resutil -C "$pushed" push "$name" >"$pushed.out" \
			2>"$pushed.err" &
		echo $! >"$pushed.id"
		wait $! 2>/dev/null || status=$?
		echo $status >"$pushed.status"
	) &
	eval "pid_$pushed=\$!"
}

again () {
	resutil -C c rm -y -r "$name" 2>/dev/null
	rm -rf a/.resutil b/.resutil
}

# sound: nothing is wrong with the store, as any clone sees it
sound () {
	for machine in a b c
	do
		resutil -C $machine fsck --remote >sound.out 2>&1 ||
		{ cat sound.out >&4; return 1; }
	done
}

test_expect_success 'setup: three clones of three accounts' '
	start_drive && claim_accounts a b c && clones a b c &&
	run_of a a && run_of b b &&
	# the folder of the project is there
	echo text >text && at a put-object project/text text
'

test_expect_success 'two push one name: one wins, the other is told' '
	for round in 1 2 3 4 5
	do
		again && push a && push b && end a b &&
		case "$(cat a.status),$(cat b.status)" in
		0,14)	winner=a loser=b ;;
		14,0)	winner=b loser=a ;;
		*)	cat a.err b.err >&4 && return 1 ;;
		esac &&
		test_grep "$name" $loser.err &&
		resutil -C c cat-pack --remote origin "$name" text >got &&
		echo $winner >want && test_cmp want got &&
		echo $loser >want && test_cmp want "$loser/results/$name/text" &&
		test_expect_code 14 resutil -C $loser push "$name" 2>err &&
		sound || return 1
	done
'

test_expect_success 'the loser takes another name, and both are there' '
	resutil -C $loser push --rename "$name" >out 2>err &&
	resutil -C c list-remote >all && test_line_count = 2 all && sound &&
	cut -f 1 all >names && while read -r each
	do
		resutil -C c rm -y -r "$each" || return 1
	done <names
'

test_expect_success 'the same run from two places: both succeed' '
	clones a b && run_of a same && cp -R a/results b && push a && push b &&
	end a b && statuses 0 a b &&
	resutil -C c list-remote >all && test_line_count = 1 all && sound
'

test_expect_success 'one of them dies at it: the other one, or the next, wins' '
	for round in 1 2 3 4 5 6 7 8
	do
		clones a b && run_of a a && run_of b b && again &&
		push a && push b && sleep 0.0$round &&
		test_wait_for 20 test -s a.id && kill -9 $(cat a.id) 2>/dev/null
		end a b && case "$(cat a.status),$(cat b.status)" in
		137,0|14,0|0,14|137,14)	;;
		*)	cat a.err b.err >&4 && return 1 ;;
		esac &&
		resutil -C c list-remote >all && test_line_count = 1 all &&
		resutil -C c cat-pack --remote origin "$name" text >got &&
		if test $(cat b.status) = 0
		then
			echo b >want
		else
			echo a >want
		fi && test_cmp want got && sound || return 1
	done
'

test_expect_success 'two make the folder of a project at once: there is one' '
	base=$(drive_shared other) &&
	for machine in a b
	do
		account=bot@$machine-project.iam.gserviceaccount.com &&
		drive_share "$base" $account fileOrganizer || return 1
	done &&
	clones a b && run_of a a && push a &&
	RESUTIL_TEST_NOW=1720091756 resutil -C b add two >made &&
	name=$(cat made) && push b && end a b && statuses 0 a b &&
	resutil -C a list-remote >all && test_line_count = 2 all &&
	drive_tree "$base" >tree && grep -v trashed tree >kept &&
	grep -c "^project folder" kept >got && echo 1 >want &&
	test_cmp want got && resutil -C a fsck --remote
'

test_done
