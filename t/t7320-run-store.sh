#!/bin/sh

test_description='run: what it needs comes out of the store, what it made goes there'
. ./test-lib.sh

top=$TRASH_DIRECTORY
store=$top/proj.store
unset RESUTIL_NO_REMOTE

there () {
	test -e "$store/project/$(resutil rev-exp "$1").zip"
}

not_there () {
	not_there_name=$(resutil rev-exp "$1") &&
	test_path_is_missing "$store/project/$not_there_name.zip"
}

# A program in place of the one that has send-pack.
stand_in () {
	rm -rf ../libexec && mkdir ../libexec &&
	write_script ../libexec/resutil-pack
}

# away: until the test ends nobody reaches the store
away () {
	mv "$store" "$store.away" &&
	test_when_finished "mv \"$store.away\" \"$store\""
}

test_expect_success 'setup' '
	make_project proj && make_project other
'

# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

test_expect_success 'a run is pushed as it ended, and nothing is said of it' '
	resutil run -m one -- echo hello >out 2>err &&
	echo hello >want && test_cmp want out && test_must_be_empty err &&
	name=$(resutil rev-exp one) &&
	resutil unpack-exp -C ../unpacked "$store/project/$name.zip" &&
	diff -r results/$name ../unpacked &&
	test_grep "^state: done" ../unpacked/resutil-exp.yaml &&
	resutil list-unpushed >out && test_must_be_empty out
'

test_expect_success 'the same bytes as push' '
	cp "$store/project/$(resutil rev-exp one).zip" ../run.zip &&
	rm "$store/project/$(resutil rev-exp one).zip" && rm -r .resutil/remotes &&
	resutil push one && cmp ../run.zip "$store/project/$(resutil rev-exp one).zip"
'

test_expect_success 'a failed run is pushed, too; the status is the program'\''s' '
	test_expect_code 7 resutil run -m failed -- sh -c "exit 7" 2>err &&
	test_must_be_empty err && there failed &&
	resutil cat-pack "$store/project/$(resutil rev-exp failed).zip" \
		resutil-exp.yaml >out && test_grep "^state: fail" out
'

test_expect_success 'it is one child that sends, after the end is recorded' '
	RESUTIL_TRACE=$PWD/trace resutil run -m traced -- true &&
	grep "run: resutil" trace >children &&
	test_line_count = 1 children && test_grep send-pack children && rm trace
'

test_expect_success '--no-push, push.auto=no, RESUTIL_NO_REMOTE: it is not' '
	resutil run --no-push -m no1 -- true && not_there no1 &&
	resutil -c push.auto=no run -m no2 -- true && not_there no2 &&
	RESUTIL_NO_REMOTE=1 resutil run -m no3 -- true && not_there no3 &&
	resutil run --debug -- true &&
	test_path_is_missing "$store/project/_debug.zip" &&
	resutil -c push.auto=no run --push -m yes1 -- true && there yes1 &&
	RESUTIL_NO_REMOTE=1 resutil run --push -m yes2 -- true && there yes2 &&
	RESUTIL_NO_REMOTE=0 resutil run -m yes3 -- true && there yes3
'

test_expect_success 'push.auto that is no word of it: 125, nothing is run' '
	test_expect_code 125 resutil -c push.auto=perhaps run -- touch ran 2>err &&
	test_line_count = 1 err && test_grep push.auto err &&
	test_path_is_missing ran
'

test_expect_success 'what it needs is pushed with it' '
	resutil run --no-push -m base -- true &&
	resutil run -m top -d base -- true && there base && there top
'

test_expect_success 'a store that is away: a warning, and the run is kept' '
	away &&
	test_expect_code 3 resutil run -m kept -- sh -c "echo out; exit 3" \
		>out 2>err &&
	echo out >want && test_cmp want out &&
	name=$(resutil rev-exp kept) &&
	resutil read-exp --key state kept >out && echo fail >want &&
	test_cmp want out && test_path_is_missing "$store" &&
	test_grep "warning: .$name. is kept here" err &&
	test_grep "resutil push $name" err &&
	test_grep "warning: 3 other experiments are not pushed" err &&
	test_line_count = 3 err
'

test_expect_success 'what was told is the way to send it' '
	sed -n "s/.*; .\(resutil push .*\). sends it/\1/p" err >said &&
	test_line_count = 1 said && sh -e said && there kept
'

test_expect_success 'what it needs meets a conflict: the run is there, the rest is told' '
	resutil run -m clash -- true && clash=$(resutil rev-exp clash) &&
	echo "id: \"11111111-2222-4333-8444-555555555555\"" >>changed &&
	sed "/^id:/d" results/$clash/resutil-exp.yaml >>changed &&
	cp changed results/$clash/resutil-exp.yaml &&
	resutil run -m above -d clash -- true 2>err &&
	there above && test_grep "warning: not all that .*_above. needs" err &&
	test_line_count = 2 err && rm -r results/$clash
'

test_expect_success 'in the background: nobody waits, the log tells' '
	stand_in <<-EOF &&
	tries=0
	until test -e "$PWD/go" || test \$tries -gt 400
	do
		sleep 0.05; tries=\$((tries + 1))
	done
	exec "$BUILD_DIRECTORY"/libexec/resutil-pack "\$@"
	EOF
	RESUTIL_EXEC_PATH=$PWD/../libexec resutil -c push.auto=background \
		run -m back -- echo ran >out 2>err &&
	echo ran >want && test_cmp want out && test_must_be_empty err &&
	not_there back && >go && test_wait_for 20 there back &&
	test_wait_for 20 grep "1 sent" .resutil/push.log &&
	test_grep " resutil push $(resutil rev-exp back)\$" .resutil/push.log &&
	rm go
'

test_expect_success 'a background push that fails says so in the log' '
	away &&
	resutil -c push.auto=background run -m back2 -- true >out 2>err &&
	test_must_be_empty err &&
	test_wait_for 20 grep "1 not done" .resutil/push.log &&
	resutil list-unpushed >out && test_grep "_back2\$" out
'

test_expect_success PTY 'a background push survives the terminal' '
	pty-run --screen=screen resutil -c push.auto=background \
		run -m back3 -- true &&
	test_wait_for 20 there back3
'

test_expect_success PTY 'ask: a person on a terminal, else yes' '
	pty-run --screen=screen --expect="Push this experiment?" --send="n\r" \
		resutil -c push.auto=ask run -m asked -- true && not_there asked &&
	pty-run --screen=screen --expect="Push this experiment?" --send="\r" \
		resutil -c push.auto=ask run -m asked2 -- true && there asked2 &&
	test_grep "Pushed to origin: $(resutil rev-exp asked2)" screen &&
	resutil -c push.auto=ask run -m asked3 -- true && there asked3
'

test_expect_success PTY 'a failed run is pushed before anybody is asked' '
	test_expect_code 1 pty-run --screen=screen \
		--expect="Pushed to origin: " --expect="here and in the store" \
		--send="\r" resutil run -m dies -- false &&
	there dies &&
	test_expect_code 1 pty-run --screen=screen \
		--expect="here and in the store" --send="y\r" \
		resutil -c push.auto=background run -m gone -- false &&
	test_expect_code 10 resutil rev-exp gone &&
	ls "$store/project" >out && test_grep ! "_gone.zip" out &&
	test_expect_code 1 pty-run --screen=screen \
		--expect="Delete this experiment?" --send="y\r" \
		resutil run --no-push -m gone2 -- false &&
	test_expect_code 10 resutil rev-exp gone2
'

# Signals to the recorder while a stand-in pretends to upload.
test_expect_success 'a signal during the push gives up the upload alone' '
	stand_in <<-EOF &&
	case "\$1" in
	send-pack)
		echo \$\$ >"$PWD/pid.tmp" && mv "$PWD/pid.tmp" "$PWD/pid"
		exec sleep 30
		;;
	esac
	exec "$BUILD_DIRECTORY"/libexec/resutil-pack "\$@"
	EOF
	for sig in TERM INT
	do
		rm -f pid status &&
		{ (
			RESUTIL_EXEC_PATH=$PWD/../libexec \
				env --default-signal=INT,QUIT \
				sh -c "echo \$\$ >recorder
					exec resutil run -m up-$sig -- sh -c \"exit 4\"" 2>err
			echo $? >status.tmp && mv status.tmp status
		) & } &&
		test_wait_for 20 test -e pid && kill -$sig $(cat recorder) &&
		test_wait_for 20 test -e status && echo 4 >want &&
		test_cmp want status &&
		test_wait_for 5 test_must_fail kill -0 $(cat pid) &&
		test_grep "warning: .*_up-$sig. is kept here" err &&
		resutil read-exp --key state up-$sig >out && echo fail >want &&
		test_cmp want out || return 1
	done
'

test_expect_success PTY 'Ctrl-C twice: recorded, and the upload is given up' '
	rm -f pid ready &&
	test_expect_code 130 env RESUTIL_EXEC_PATH=$PWD/../libexec \
		pty-run --screen=screen --file=ready --send="\x03" \
		--file=pid --send="\x03" \
		resutil run -m twice -- sh -c ">ready; exec sleep 30" &&
	resutil read-exp --key state twice >out && echo interrupted >want &&
	test_cmp want out && test_grep "is kept here" screen &&
	test_must_fail kill -0 $(cat pid)
'

test_expect_success PTY 'Ctrl-C once: recorded, pushed' '
	rm -f ready &&
	test_expect_code 130 pty-run --screen=screen --file=ready \
		--send="\x03" --expect="Delete" --send="\r" \
		resutil run -m once -- sh -c ">ready; exec sleep 30" &&
	there once && resutil cat-pack "$store/project/$(resutil rev-exp once).zip" \
		resutil-exp.yaml >out && test_grep "^state: interrupted" out
'

# forget NAME...: they are in the store, and no longer here
forget () {
	for forget_name
	do
		rm -r "results/$(resutil rev-exp "$forget_name")" || return 1
	done
}

test_expect_success 'what -d names and all that needs is pulled before the claim' '
	resutil run -m d1 -- true && resutil run -m d2 -d d1 -- true &&
	resutil run -m d3 -d d2 -- true && d3=$(resutil rev-exp d3) &&
	forget d1 d2 d3 &&
	resutil run -m uses -d d3 -- sh -c "
		ls results | grep -c \"_d[123]\$\"" >out 2>err &&
	echo 3 >want && test_cmp want out && test_must_be_empty err &&
	resutil read-deps uses >out && echo $d3 >want && test_cmp want out
'

test_expect_success 'and so is what the words of the command name' '
	forget d1 && d1=$(cd "$store/project" && ls *_d1.zip) && d1=${d1%.zip} &&
	resutil run -m reads -- cat results/$d1/stdout.log 2>err &&
	test_must_be_empty err &&
	resutil read-deps reads >out && echo $d1 >want && test_cmp want out
'

test_expect_success '-n says what would be pulled, and pulls nothing' '
	forget d1 && resutil run -n -d d1 -- true results/$d1/x >out &&
	grep "^pull" out >lines &&
	printf "pull\t%s\n" $d1 d1 >want && test_cmp want lines &&
	test_path_is_missing results/$d1
'

test_expect_success '-d of what is nowhere: 125, nothing is made' '
	ls -A results >before &&
	test_expect_code 125 resutil run -d nowhere -- touch ran 2>err &&
	test_grep nowhere err && test_path_is_missing ran &&
	ls -A results >after && test_cmp before after &&
	RESUTIL_NO_REMOTE=1 test_expect_code 125 resutil run -d d1 -- touch ran 2>err &&
	test_line_count = 1 err && test_path_is_missing ran
'

test_expect_success 'a signal while something is pulled: nothing is run' '
	stand_in <<-EOF &&
	case "\$1" in
	fetch-exp)
		echo \$\$ >"$PWD/pid.tmp" && mv "$PWD/pid.tmp" "$PWD/pid"
		exec sleep 30
		;;
	esac
	exec "$BUILD_DIRECTORY"/libexec/resutil-pack "\$@"
	EOF
	rm -f pid status && ls -A results >before &&
	{ (
		RESUTIL_EXEC_PATH=$PWD/../libexec sh -c "echo \$\$ >recorder
			exec resutil run -d $d1 -- touch ran" 2>err
		echo $? >status.tmp && mv status.tmp status
	) & } &&
	test_wait_for 20 test -e pid && kill -TERM $(cat recorder) &&
	test_wait_for 20 test -e status && echo 143 >want &&
	test_cmp want status &&
	test_wait_for 5 test_must_fail kill -0 $(cat pid) &&
	test_path_is_missing ran && ls -A results >after && test_cmp before after
'

test_expect_success 'a word that is nowhere, or a store that is away: a warning' '
	gone=aapfup_20240704T191555_gone &&
	resutil run -m words -- echo results/$gone/x >out 2>err &&
	echo results/$gone/x >want && test_cmp want out &&
	test_grep "warning: .$gone., which the command names" err &&
	resutil read-deps words >out && test_must_be_empty out &&
	away && resutil run --no-push -m words2 -- echo results/$d1/x >out 2>err &&
	echo results/$d1/x >want && test_cmp want out &&
	test_grep "warning: .$d1" err &&
	test_expect_code 125 resutil run -d $d1 -- touch ran 2>err &&
	test_path_is_missing ran
'

test_done
