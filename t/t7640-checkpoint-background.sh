#!/bin/sh

test_description='checkpoint --background: one at a time, the last request wins'
. ./test-lib.sh

test_expect_success 'setup' '
	make_project proj && unset RESUTIL_NO_REMOTE
'

store=$TRASH_DIRECTORY/proj.store
# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

# there NAME PATH: what the pack in the store says
there () {
	resutil cat-pack "$store/project/$1.zip" "$2"
}

there_is () {
	there "$1" "$2" >there.out 2>/dev/null &&
	echo "$3" >there.want && cmp there.out there.want
}

nobody_sends () {
	test -z "$(ls .resutil/live | grep checkpoint)"
}

# A store behind a gate: each upload adds a line to `begun`, and goes on when a
# file go.N is there, N its number. Killed uploads leave no line in `ended`.
gate () {
	mkdir -p ../libexec && rm -f ../libexec/* begun ended go.* &&
	: >begun && : >ended &&
	write_script ../libexec/resutil-pack <<-EOF &&
	test "\$1" = send-pack || exec "$BUILD_DIRECTORY"/libexec/resutil-pack "\$@"
	echo \$\$ >>"$PWD"/begun
	nr=\$(wc -l <"$PWD"/begun)
	tries=0
	until test -e "$PWD/go.\$nr" || test \$tries -gt 600
	do
		sleep 0.02; tries=\$((tries + 1))
	done
	"$BUILD_DIRECTORY"/libexec/resutil-pack "\$@"
	status=\$?
	echo \$nr >>"$PWD"/ended
	exit \$status
	EOF
	RESUTIL_EXEC_PATH=$PWD/../libexec && export RESUTIL_EXEC_PATH &&
	test_when_finished "unset RESUTIL_EXEC_PATH"
}

has_lines () {
	test $(wc -l <"$1") -ge $2
}

# is_over PID: also when nobody has waited for it yet
is_over () {
	! kill -0 $1 2>/dev/null || grep -q "^State:.Z" /proc/$1/status
}

# kill_sender COMMENT: who sends, and all that it started
kill_sender () {
	sender=$(cut -d" " -f4 \
		.resutil/live/$(resutil read-exp --key id $1).checkpoint) &&
	kill -9 -$sender && test_wait_for 20 is_over $sender
}

# A run that goes on until a file `stop` is there.
long_run () {
	rm -f stop up
	resutil run "$@" -- sh -c "
		echo 1 >\"\$RESUTIL_EX_DIR\"/step; : >up
		tries=0
		until test -e stop || test \$tries -gt 900
		do
			sleep 0.02; tries=\$((tries + 1))
		done" 2>run.err &
	run_pid=$!
	test_wait_for 20 test -e up
}

# As long_run, but the program checkpoints when it may stop.
orphan_run () {
	rm -f stop up asked
	resutil run "$@" -- sh -c "
		: >up
		tries=0
		until test -e stop || test \$tries -gt 900
		do
			sleep 0.02; tries=\$((tries + 1))
		done
		echo 4 >\"\$RESUTIL_EX_DIR\"/step
		resutil checkpoint --background; : >asked" 2>run.err &
	run_pid=$!
	test_wait_for 20 test -e up
}

# said and status: of a checkpoint that waits
wait_for_turn () {
	{
		resutil checkpoint --exp "$1" >said 2>&1
		echo $? >status
	} &
	waiting=$!
}

# A process of ours in a session of its own.
innocent_start () {
	setsid sleep 60 &
	innocent=$!
	test_wait_for 20 grep -q sleep /proc/$innocent/cmdline
}

open_later () {
	(
		sleep 1
		: >"$1"
	) &
}

end_run () {
	: >stop && wait $run_pid
}

step () {
	echo $2 >results/$1/step
}

test_expect_success 'the request returns at once; what was there is sent' '
	gate && long_run --no-push -m one && name=$(resutil rev-exp one) &&
	resutil checkpoint --background --exp one >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	test_wait_for 20 has_lines begun 1 &&
	test_path_is_missing "$store/project/$name.zip" &&
	: >go.1 && test_wait_for 20 there_is $name step 1 &&
	test_wait_for 20 nobody_sends &&
	test_grep " resutil checkpoint $name\$" .resutil/checkpoint.log &&
	test_grep "^Sent $name\$" .resutil/checkpoint.log &&
	there $name resutil-exp.yaml >out && test_grep "^state: running" out &&
	test_grep "^revision: 2" out && end_run
'

test_expect_success 'many requests while one is sent are one upload, of the last state' '
	gate && long_run --no-push -m many && name=$(resutil rev-exp many) &&
	resutil checkpoint --background --exp many &&
	test_wait_for 20 has_lines begun 1 &&
	for nr in 2 3 4 5
	do
		step $name $nr &&
		resutil checkpoint --background --exp many || return 1
	done &&
	test_line_count = 1 begun && : >go.1 &&
	test_wait_for 20 has_lines begun 2 && : >go.2 &&
	test_wait_for 20 nobody_sends && test_line_count = 2 begun &&
	there $name step >out && echo 5 >want && test_cmp want out &&
	end_run
'

test_expect_success 'one that waits is answered by the upload that begins after it' '
	gate && long_run --no-push -m waits && name=$(resutil rev-exp waits) &&
	resutil checkpoint --background --exp waits &&
	test_wait_for 20 has_lines begun 1 && step $name 2 &&
	wait_for_turn waits &&
	asks=.resutil/live/$(resutil read-exp --key id waits).checkpoint &&
	test_wait_for 20 grep -q "^2 " "$asks" &&
	: >go.1 && : >go.2 && : >go.3 && wait $waiting &&
	echo 0 >want && test_cmp want status && test_grep "^Sent $name" said &&
	there_is $name step 2 && test_line_count = 2 begun &&
	test_wait_for 20 nobody_sends && end_run
'

test_expect_success 'the push at the end stops what is sent, and replaces it' '
	gate && long_run -m last && name=$(resutil rev-exp last) &&
	resutil checkpoint --background --exp last &&
	test_wait_for 20 has_lines begun 1 && step $name 9 && : >go.2 &&
	end_run && test_must_be_empty run.err &&
	there_is $name step 9 && there $name resutil-exp.yaml >out &&
	test_grep "^state: done" out && test_line_count = 2 begun &&
	nobody_sends && echo 2 >want && test_cmp want ended
'

test_expect_success 'a push in the background does so, too' '
	gate && : >go.2 &&
	resutil -c push.auto=background run -m bg -- sh -c "
		resutil checkpoint --background
		until test -s begun; do sleep 0.02; done
		echo 7 >\"\$RESUTIL_EX_DIR\"/step" &&
	name=$(resutil rev-exp bg) && test_wait_for 20 there_is $name step 7 &&
	there $name resutil-exp.yaml >out && test_grep "^state: done" out &&
	test_line_count = 2 begun
'

test_expect_success 'without a push at the end what was asked for is still sent' '
	gate && resutil run --no-push -m asked -- sh -c "
		echo 3 >\"\$RESUTIL_EX_DIR\"/step; resutil checkpoint --background" &&
	name=$(resutil rev-exp asked) && test_wait_for 20 has_lines begun 1 &&
	: >go.1 && test_wait_for 20 there_is $name step 3 &&
	test_wait_for 20 nobody_sends
'

test_expect_success 'kill -9 of who sends: the next request sends' '
	gate && long_run --no-push -m killed && name=$(resutil rev-exp killed) &&
	resutil checkpoint --background --exp killed &&
	test_wait_for 20 has_lines begun 1 && : >go.2 &&
	kill_sender killed && step $name 2 && resutil checkpoint --background --exp killed &&
	test_wait_for 20 there_is $name step 2 &&
	test_wait_for 20 nobody_sends && end_run
'

test_expect_success 'kill -9 of who sends, and no further request: the end replaces it' '
	gate && long_run -m killed2 && name=$(resutil rev-exp killed2) &&
	resutil checkpoint --background --exp killed2 &&
	test_wait_for 20 has_lines begun 1 && : >go.2 &&
	kill_sender killed2 && step $name 2 && end_run &&
	test_must_be_empty run.err && there_is $name step 2 && nobody_sends
'

test_expect_success 'kill -9 of the recorder: a request is still answered' '
	gate && : >go.1 && : >go.2 && : >go.3 &&
	orphan_run --no-push -m orphan && kill -9 $run_pid &&
	{ wait $run_pid || :; } && : >stop && test_wait_for 20 test -e asked &&
	test_wait_for 20 there_is $(resutil rev-exp orphan) step 4 &&
	test_wait_for 20 nobody_sends
'

test_expect_success PTY 'it survives the terminal' '
	gate &&
	pty-run --screen=screen resutil run --no-push -m gone -- sh -c "
		echo 6 >\"\$RESUTIL_EX_DIR\"/step; resutil checkpoint --background" &&
	name=$(resutil rev-exp gone) && test_wait_for 20 has_lines begun 1 &&
	: >go.1 && test_wait_for 20 there_is $name step 6
'

test_expect_success 'a store that is away: the log tells, the next request tries again' '
	mv "$store" "$store.away" &&
	test_when_finished "test -e \"$store\" || mv \"$store.away\" \"$store\"" &&
	long_run --no-push -m away &&
	name=$(resutil rev-exp away) &&
	resutil checkpoint --background --exp away &&
	test_wait_for 60 nobody_sends && test_grep "$store" .resutil/checkpoint.log &&
	mv "$store.away" "$store" && resutil checkpoint --background --exp away &&
	test_wait_for 20 there_is $name step 1 && end_run
'

test_expect_success 'another store has requests of its own' '
	mkdir ../second && long_run --no-push -m second &&
	name=$(resutil rev-exp second) &&
	resutil checkpoint --background --remote "dir:$PWD/../second" --exp second &&
	test_wait_for 20 test -e "../second/project/$name.zip" &&
	test_path_is_missing "$store/project/$name.zip" &&
	test_wait_for 20 nobody_sends && end_run
'

test_expect_success 'from within, after cd, with all streams closed' '
	resutil run --no-push -m far -- sh -c "
		echo 8 >\"\$RESUTIL_EX_DIR\"/step; cd /; exec <&- >&- 2>&-
		resutil checkpoint --background" >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	test_wait_for 20 there_is $(resutil rev-exp far) step 8
'

test_expect_success 'one that does not let itself be stopped is killed' '
	gate && : >go.2 && write_script stubborn <<-EOF &&
	trap "" TERM
	exec "$PWD"/../libexec/resutil-pack-2 "\$@"
	EOF
	mv ../libexec/resutil-pack ../libexec/resutil-pack-2 &&
	mv stubborn ../libexec/resutil-pack &&
	long_run -m stubborn && name=$(resutil rev-exp stubborn) &&
	resutil checkpoint --background --exp stubborn &&
	test_wait_for 20 has_lines begun 1 && step $name 2 && end_run &&
	test_must_be_empty run.err && there_is $name step 2 && nobody_sends &&
	test_wait_for 20 is_over $(sed -n 1p begun)
'

# In a shared project others may write there.
test_expect_success 'nobody else is ended, whatever the file says' '
	gate && : >go.2 && : >go.3 && long_run -m forged && name=$(resutil rev-exp forged) &&
	resutil checkpoint --background --exp forged &&
	test_wait_for 20 has_lines begun 1 &&
	asks=.resutil/live/$(resutil read-exp --key id forged).checkpoint &&
	innocent_start && boot=$(cut -d" " -f6 "$asks") &&
	start=$(sed "s/.*) //" /proc/$innocent/stat | cut -d" " -f20) &&
	printf "%-191s\n" "1 1 0 $innocent $start $boot" >forged &&
	dd if=forged of="$asks" conv=notrunc 2>/dev/null &&
	open_later go.1 && end_run && there_is $name step 1 &&
	kill $innocent
'

test_expect_success 'many at once, waiting and not' '
	resutil run --no-push -m crowd -- sh -c "
		for n in 1 2 3 4 5 6
		do
			echo \$n >\"\$RESUTIL_EX_DIR\"/\$n
			resutil checkpoint >>crowd || echo failed >>crowd &
			resutil checkpoint --background || echo failed >>crowd
		done
		wait" &&
	name=$(resutil rev-exp crowd) && test_line_count = 6 crowd &&
	test_grep ! failed crowd && test_wait_for 20 nobody_sends &&
	for n in 1 2 3 4 5 6
	do
		there_is $name $n $n || return 1
	done
'

test_expect_success 'a trial is no experiment: told' '
	mkdir -p trials/t1 && cp results/$(resutil rev-exp one)/resutil-exp.yaml \
		trials/t1/ &&
	test_expect_code 129 resutil checkpoint --exp trials/t1 2>err &&
	test_grep "is a trial" err &&
	test_expect_code 129 env RESUTIL_EX_DIR="$PWD/trials/t1" \
		resutil checkpoint --background 2>err && test_grep "is a trial" err
'

test_expect_success '--final: as run does at the end' '
	resutil run --no-push -m final -- true && name=$(resutil rev-exp final) &&
	test_expect_code 1 resutil -c push.auto=no checkpoint --final --exp final &&
	test_expect_code 1 env RESUTIL_NO_REMOTE=1 \
		resutil checkpoint --final --exp final &&
	test_path_is_missing "$store/project/$name.zip" &&
	resutil checkpoint --final --exp final >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	test_path_is_file "$store/project/$name.zip" &&
	resutil read-exp --key revision final >out && echo 2 >want &&
	test_cmp want out &&
	resutil run --debug -- true &&
	test_expect_code 1 env RESUTIL_EX_DIR="$PWD/results/_debug" \
		resutil checkpoint --final >out 2>err && test_must_be_empty err
'

test_expect_success '--final where the store is away: 1, as told' '
	resutil run --no-push -m final2 -- true &&
	mv "$store" "$store.away" &&
	test_when_finished "mv \"$store.away\" \"$store\"" &&
	test_expect_code 1 resutil checkpoint --final --exp final2 2>err &&
	test_grep "is kept here" err
'

test_expect_success 'options that do not go together: 129' '
	test_expect_code 129 resutil checkpoint --final --background --exp one &&
	test_expect_code 129 resutil checkpoint --final --remote x --exp one &&
	test_expect_code 129 resutil checkpoint --wait --exp one &&
	test_expect_code 129 resutil checkpoint --no-push --exp one
'

test_expect_success 'a debug run and RESUTIL_NO_REMOTE note nothing' '
	resutil run --debug -- resutil checkpoint --background 2>err &&
	test_grep "Not sent" err &&
	RESUTIL_NO_REMOTE=1 resutil checkpoint --background --exp one 2>err &&
	test_grep "Not sent" err && nobody_sends
'

test_expect_success 'fsck finds nothing wrong, and gc takes a left request' '
	id=$(resutil read-exp --key id one) &&
	echo "3 3 2 0 0 -" >.resutil/live/$id.checkpoint &&
	test_might_fail resutil check-project >out && test_grep "checkpoint" out &&
	resutil gc --older-than=0 && test_path_is_missing .resutil/live/$id.checkpoint &&
	nobody_sends
'

test_done
