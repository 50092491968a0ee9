#!/bin/sh

test_description='gc: removes what crashes left, and never what somebody makes'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-checks.sh

leave () {
	mkdir -p results/.$one.4711.tmp results/.$two.12.rm .resutil/partial &&
	echo content >results/.$one.4711.tmp/file &&
	: >.resutil/partial/$six
}

# told: the output, without what depends on the file system
told () {
	sed "s/[0-9][0-9.]* [KMi]*B/SIZE/" out
}

# until COMMAND: for ten seconds at most
until_it () {
	until_nr=0
	until "$@" 2>/dev/null
	do
		until_nr=$((until_nr + 1))
		test $until_nr -lt 500 || return 1
		sleep 0.02
	done
}

# hidden DIR: whether something is being made there
hidden () {
	ls -A "$1" | grep "^\..*\.tmp$" >/dev/null
}

# runs COMMENT: whether the program of that run goes on
runs () {
	grep -q "^state: running" results/*"$1"/resutil-exp.yaml &&
	test -s .resutil/live/*
}

test_expect_success 'nothing is left over' '
	fresh none && resutil gc >out && echo "nothing is left over" >want &&
	test_cmp want out && resutil -q gc >out && test_must_be_empty out
'

test_expect_success 'what is young stays; -n; what is old goes' '
	fresh old && leave && resutil gc >out &&
	echo "removed 0 leftovers, SIZE; 3 stay" >want && told >got &&
	test_cmp want got && test_path_is_dir results/.$one.4711.tmp &&
	resutil -v gc >out && grep "^kept .*: .*too young" out &&
	resutil gc --older-than=0 -n >out && told >got && cat >want <<-END &&
	would remove .resutil/partial/$six (SIZE)
	would remove results/.$one.4711.tmp (SIZE)
	would remove results/.$two.12.rm (SIZE)
	would remove 3 leftovers, SIZE
	END
	test_cmp want got && test_path_is_dir results/.$one.4711.tmp &&
	resutil gc --older-than=0 >out && told >got &&
	sed "s/would remove/removed/" want >wanted && test_cmp wanted got &&
	ls -A results >left && printf "%s\n" $one $two >want &&
	test_cmp want left && resutil gc --older-than=0 >out &&
	echo "nothing is left over" >want && test_cmp want out
'

# Logins and trust may be secret.
test_expect_success 'what writers of the files of the user left goes, too' '
	fresh users && XDG_CONFIG_HOME=$PWD/config XDG_DATA_HOME=$PWD/data &&
	export XDG_CONFIG_HOME XDG_DATA_HOME &&
	test_when_finished "unset XDG_CONFIG_HOME XDG_DATA_HOME" &&
	mkdir -p config/resutil/logins data/resutil &&
	for file in config/resutil/config.yaml config/resutil/logins/ab.json \
		data/resutil/trusted
	do
		echo "{}" >$file && echo x >$file.4711.1.tmp || return 1
	done && echo x >config/resutil/mine.4711.1.tmp &&
	echo x >config/resutil/config.yaml.old.tmp && find config data | sort >all &&
	resutil gc >out && grep "^removed 0 leftovers, 0 B; 3 stay$" out &&
	resutil gc --older-than=0 >out && grep "^removed 3 leftovers" out &&
	grep "^removed config/resutil/logins/ab.json.4711.1.tmp" out &&
	grep -v "\(yaml\|json\|trusted\).4711" all >want &&
	find config data | sort >left && test_cmp want left
'

test_expect_success '--keep leaves a kind, however old it is' '
	fresh keep && leave && resutil gc --older-than=0 --keep=hidden-dir \
		--keep=cache >out && told >got && cat >want <<-END &&
	removed .resutil/partial/$six (SIZE)
	removed 1 leftover, SIZE; 2 stay
	END
	test_cmp want got && test_path_is_file results/.$one.4711.tmp/file &&
	test_path_is_dir results/.$two.12.rm && leave &&
	resutil -v gc --older-than=0 -n --keep=partial-mark >out &&
	grep "^kept .resutil/partial/$six: .*; --keep leaves it$" out &&
	grep "^would remove 2 leftovers, .*; 1 stays$" out &&
	resutil gc --older-than=0 --keep=upload-rest --keep=partial-mark >out &&
	ls -A results >left && printf "%s\n" $one $two >want &&
	test_cmp want left && test_path_is_file .resutil/partial/$six
'

test_expect_success '--keep: a torn ledger, a rename, what lies in a store' '
	fresh kept && resutil push $one && : >../store/project/.resutil-put-x &&
	mkdir -p .resutil/renames && printf "done\taapf" >>.resutil/remotes/origin.log &&
	printf "resutil-rename 1\nfrom\t%s\nto\t%s\nhere\n" $one \
		aapfcd_20240704T111555_uno >.resutil/renames/$one &&
	find . ../store | sort >../before &&
	resutil gc --remote --older-than=0 --keep=ledger-torn \
		--keep=rename-note --keep=upload-rest >../out &&
	grep "^removed 0 leftovers, 0 B; 3 stay$" ../out &&
	find . ../store | sort >../after && test_cmp ../before ../after &&
	resutil gc --remote --older-than=0 >out &&
	grep "^removed 2 leftovers" out && test_path_is_missing results/$one &&
	test_path_is_missing ../store/project/.resutil-put-x
'

test_expect_success '--keep: what is no kind of leftover is refused by name' '
	fresh unkind && leave && for kind in hidden "" record-missing Cache
	do
		test_expect_code 129 resutil gc --older-than=0 \
			--keep=cache --keep="$kind" 2>err >out &&
		grep "$kind. is no kind of leftover; these are: cache, .*, upload-rest$" \
			err && test_must_be_empty out || return 1
	done && test_path_is_dir results/.$one.4711.tmp &&
	test_expect_code 129 resutil check-project --prune --keep=hidden 2>err &&
	grep "no kind of leftover" err &&
	sed -n "/^|\`/{s/^|\`\(.*\)\`\$/\1/;h};/^|leftover\$/{g;p}" \
		"$SOURCE_DIRECTORY/Documentation/resutil-fsck.adoc" | sort >want &&
	sed -n "s/.*these are: //p" err | sed "s/, /,/g" | tr "," "\n" >got &&
	test_cmp want got
'

test_expect_success 'gc.older-than, and what is no age' '
	fresh age && leave && resutil -c gc.older-than=0s gc >out &&
	grep "^removed 3 leftovers" out && leave &&
	printf "gc:\n  older-than: 2w\n" >>resutil-conf.yaml && resutil gc >out &&
	grep "; 3 stay$" out && resutil gc --older-than=0 >out &&
	grep "^removed 3" out &&
	test_expect_code 129 resutil gc --older-than=soon 2>err && grep soon err &&
	test_expect_code 13 resutil -c gc.older-than=soon gc 2>err &&
	grep "gc.older-than" err
'

test_expect_success 'JSON, an object a leftover' '
	fresh json && leave && rm results/$one/resutil-exp.yaml &&
	resutil gc --json --older-than=0 >out && python3 - <<-\END
	import json
	found = [json.loads(line) for line in open("out")]
	assert [f["id"] for f in found] == \
		["partial-mark", "hidden-dir", "hidden-dir"], found
	assert all(f["state"] == "removed" for f in found)
	assert sum(f["bytes"] for f in found) >= 0
	END
'

test_expect_success 'errors are not its work: it points to fsck' '
	fresh errors && rm results/$one/resutil-exp.yaml && resutil gc >out &&
	echo "nothing is left over; 1 error, see '\''resutil fsck'\''" >want &&
	test_cmp want out
'

test_expect_success 'a rename that was begun is ended' '
	fresh rename && mkdir -p .resutil/renames &&
	printf "resutil-rename 1\nfrom\t%s\nto\t%s\nhere\n" $one \
		aapfcd_20240704T111555_uno >.resutil/renames/$one &&
	resutil gc -n && test_path_is_file .resutil/renames/$one &&
	resutil gc 2>err && grep "was finished" err &&
	test_path_is_missing .resutil/renames/$one &&
	test_path_is_dir results/aapfcd_20240704T111555_uno
'

# begun ROOT: a trial there, so that the project notes ROOT
begun () {
	printf "%s\n" "{\"op\":\"begin\",\"kind\":\"trial\",\"root\":\"$1\",\"tid\":\"x\",\"providers\":[]}" \
		"{\"op\":\"finish\",\"run\":1,\"state\":\"done\"}" |
	resutil record-runs >answers && ! grep "\"ok\":false" answers
}

test_expect_success 'notes of roots of trials that are gone go' '
	fresh roots && begun stays && begun goes && rm -r goes &&
	resutil fsck >fsck && ! grep trials fsck &&
	echo ../none >.resutil/trials/0123456789abcdef &&
	: >.resutil/trials/fedcba9876543210 &&
	: >.resutil/trials/fedcba9876543210.4711.1.tmp &&
	resutil gc >out && grep "^removed 0 leftovers, .*; 4 stay$" out &&
	resutil gc --older-than=0 -n >out &&
	grep "^would remove 4 leftovers" out &&
	resutil gc --older-than=0 --json >out &&
	grep -c "\"id\":\"trial-root\"" out >count && echo 3 >want &&
	test_cmp want count && ls .resutil/trials >left &&
	test_line_count = 1 left && echo stays >want &&
	test_cmp want ".resutil/trials/$(cat left)" &&
	resutil gc --older-than=0 >out &&
	echo "nothing is left over" >want && test_cmp want out &&
	mv stays other && ln -s .. stays && resutil gc --older-than=0 >out &&
	ls .resutil/trials >left && test_must_be_empty left
'

test_expect_success 'what cannot be removed is told, with exit 128' '
	fresh denied && leave && chmod -R a+rX . && if test "$(id -u)" = 0
	then
		chown -R 65534 results/$one
	else
		chmod a-w results &&
		test_when_finished "chmod u+w ../denied/results"
	fi &&
	test_expect_code 128 as_user env HOME=/nonexistent \
		resutil gc --older-than=0 >out 2>err &&
	grep "^kept results/.$one.4711.tmp: .*cannot be removed: " out &&
	grep "could not be removed" err
'

test_expect_success 'when it cannot look it does not say that all is well' '
	fresh blind && mv results away && : >results &&
	test_expect_code 128 resutil gc >out 2>err &&
	grep "results" err && test_line_count = 1 err &&
	echo "nothing was found before it failed" >want && test_cmp want out
'

test_expect_success '--remote: rests of uploads, too' '
	fresh there && resutil push $one && : >../store/project/.resutil-put-x &&
	resutil gc --older-than=0 --remote >out && test_path_is_dir ../store &&
	resutil fsck --remote >out && resutil push -n $one >out &&
	test_expect_code 10 resutil gc --remote=nowhere
'

# ---- what somebody makes ---------------------------------------------------

# stopped COMMAND...: stops it while it makes something hidden; the larger that
# is the sooner it succeeds
stopped () {
	stopped_nr=0
	while test $stopped_nr -lt 50
	do
		stopped_nr=$((stopped_nr + 1))
		{ "$@" >ran 2>&1 & } && pid=$!
		until_it sh -c "! kill -0 $pid || ls -A results | grep -q tmp"
		kill -STOP $pid 2>/dev/null && hidden results && return 0
		kill -CONT $pid 2>/dev/null
		wait $pid
	done
	return 1
}

# Its code is captured in a hidden directory.
test_expect_success 'a run that is being born is left alone' '
	fresh birth && make_repo . && for nr in 1 2 3 4 5 6 7 8
	do
		head -c 9000000 /dev/urandom >big.$nr || return 1
	done && stopped resutil run --no-push -m born true &&
	test_when_finished "kill -CONT $pid 2>/dev/null || :" &&
	ls -A results >before && resutil -v fsck >out && ! grep tmp out &&
	resutil gc --older-than=0 >out && grep "^nothing is left over$" out &&
	ls -A results >after && test_cmp before after &&
	kill -CONT $pid && wait $pid &&
	resutil rev-exp @ >name && grep "_born$" name && resutil fsck >out &&
	grep "^nothing is wrong$" out
'

test_expect_success 'a run that goes on keeps its live file' '
	fresh going && mkfifo gate &&
	{ timeout 30 resutil run --no-push -m going cat gate >ran 2>&1 & } &&
	pid=$! && until_it runs _going &&
	ls .resutil/live >alive && test_line_count = 1 alive &&
	resutil gc --older-than=0 >out && grep "^nothing is left over$" out &&
	ls .resutil/live >still && test_cmp alive still && echo x >gate &&
	wait $pid && ls .resutil/live >still && test_must_be_empty still
'

test_expect_success 'a run that was killed leaves what gc and --repair take' '
	fresh killed && mkfifo gate &&
	{
		resutil run --no-push -m killed timeout 60 \
			sh -c ": >began; read -r x <gate" >ran 2>&1 &
	} &&
	pid=$! && until_it test -e began &&
	kill -KILL $pid && { wait $pid || :; } && resutil fsck >out &&
	grep "^nothing is wrong" out && exec 9<>gate && echo x >&9 &&
	until_it sh -c "resutil fsck -n --json | grep run-lost" &&
	exec 9>&- &&
	resutil gc --older-than=0 && test_path_is_file .resutil/live/* &&
	resutil fsck --repair >out && grep "^mended: " out &&
	resutil gc --older-than=0 && ls .resutil/live >still &&
	test_must_be_empty still && resutil fsck >out && grep "nothing is wrong" out
'

# hung N COMMAND...: stops for ever before its N-th request to the store
hung () {
	hung_at=$1 && shift &&
	{
		RESUTIL_TEST_FAULT=request:$hung_at:hang \
		PATH="$FAULTY_DIRECTORY:$PATH" "$@" >hung.out 2>&1 &
	} &&
	pid=$!
}

# A large pack is read by ranges while it is unpacked.
test_expect_success FAULTS 'a pull in the middle is left alone' '
	fresh pull && head -c 20000000 /dev/urandom >results/$one/big &&
	resutil send-pack $one && rm -r results/$one && hung 4 resutil fetch-exp $one &&
	until_it hidden results && ls -A results >before &&
	resutil fsck >out && resutil gc --older-than=0 >out &&
	echo "nothing is left over" >want && test_cmp want out &&
	ls -A results >after && test_cmp before after && kill -KILL $pid &&
	{ wait $pid || :; } && resutil gc --older-than=0 >out &&
	grep "^removed results/.$one.*tmp" out && ls -A results >after &&
	echo $two >want && test_cmp want after && resutil fetch-exp $one &&
	resutil fsck --read-data >out && grep "^nothing is wrong" out
'

test_expect_success FAULTS 'what a pull replaces is left alone, too' '
	fresh replace && head -c 20000000 /dev/urandom >results/$one/big &&
	resutil send-pack $one && cp -r results/$one old &&
	resutil update-exp $one --set info.x=1 && resutil send-pack $one &&
	rm -r results/$one && mv old results/$one &&
	hung 5 resutil fetch-exp --force $one &&
	until_it hidden results && ls -A results >before &&
	resutil gc --older-than=0 >out && ls -A results >after &&
	test_cmp before after && kill -KILL $pid && { wait $pid || :; } &&
	resutil gc --older-than=0 && test_path_is_file results/$one/big &&
	resutil fsck >out && grep "^nothing is wrong" out
'

# Without locks the age has to tell: what is left now may still be at work.
test_expect_success FAULTS 'where nobody can lock, a day has to pass' '
	fresh nolock && leave && RESUTIL_TEST_FAULT=lock:1+:ENOLCK \
		PATH="$FAULTY_DIRECTORY:$PATH" resutil gc --older-than=0 >out &&
	echo "nothing is left over" >want && test_cmp want out &&
	test_path_is_dir results/.$one.4711.tmp && resutil gc --older-than=0 >out &&
	grep "^removed 3 leftovers" out
'

test_expect_success FAULTS 'what somebody has taken up meanwhile is left alone' '
	fresh busy && mkdir -p .resutil/tids .resutil/live &&
	hint=.resutil/tids/0123456789abcdef &&
	ticket=.resutil/live/$(test_id 9).checkpoint && : >busy &&
	for file in "$hint" "$ticket"
	do
		for nr in 1 2 3 4 5
		do
			: >"$file" && RESUTIL_TEST_FAULT=lock:$nr:EAGAIN \
				PATH="$FAULTY_DIRECTORY:$PATH" \
				resutil gc --json --older-than=0 >>busy && rm -f "$file" ||
			return 1
		done
	done &&
	grep "$hint.*somebody is at work on it now" busy &&
	grep "$ticket.*somebody is at work on it now" busy
'

# Many at once, each of which makes and removes, and gc with no patience.
test_expect_success 'in the same instant as others' '
	fresh instant && for nr in 1 2 3 4
	do
		{
			for time in 1 2 3 4 5 6
			do
				name=$(resutil add "w$nr") && echo $name >>made.$nr &&
				resutil update-exp $name --set info.x=$time &&
				resutil -q rm -l -y $name || echo $name >>failed
			done
			: >over.$nr
		} & done 2>err &&
	until test -e over.1 && test -e over.2 && test -e over.3 && test -e over.4
	do
		resutil -q gc --older-than=0 || return 1
	done && wait && test_path_is_missing failed &&
	test $(cat made.* | wc -l) = 24 && resutil gc --older-than=0 &&
	resutil fsck >out && grep "^nothing is wrong" out
'

test_done
