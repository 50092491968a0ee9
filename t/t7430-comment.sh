#!/bin/sh

test_description='comment: a new comment is a new name, here and in the store'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

head=aaaaaa_20240101T000001

# fresh PLACE...: an experiment HEAD_old in these places: here there
fresh () {
	rm -rf results store .resutil &&
	mkdir store &&
	make_exp ${head}_old "id: $(test_id 1)" "revision: 1" "state: done" \
		"user: $(id -un)" &&
	echo content >results/${head}_old/file &&
	case " $* " in
	*" there "*)
		resutil push ${head}_old >/dev/null
	esac &&
	case " $* " in
	*" here "*)
		;;
	*)
		rm -r results/${head}_old
	esac
}

# places_are LINE...: what list says: NAME, here, there
places_are () {
	printf "%s\n" "$@" >expect-places &&
	resutil list --format="%(name) %(local) %(remote)" >actual-places &&
	test_cmp expect-places actual-places
}

# What begins with a dot was never whole.
no_journal () {
	ls .resutil/renames >journal 2>/dev/null
	test_must_be_empty journal
}

test_expect_success 'setup' '
	make_conf
'

test_expect_success 'both sides get the new name' '
	fresh here there &&
	resutil comment old new >actual 2>err &&
	echo "Renamed ${head}_old to ${head}_new" >expect &&
	test_cmp expect actual &&
	test_must_be_empty err &&
	places_are "${head}_new true true" &&
	test_path_is_file results/${head}_new/file &&
	no_journal &&
	resutil push new >actual &&
	test_grep "0 sent, 1 already there" actual
'

test_expect_success 'where it is on one side only, that side is renamed' '
	fresh here &&
	resutil comment old new &&
	places_are "${head}_new true false" &&
	fresh there &&
	resutil comment old new &&
	places_are "${head}_new false true" &&
	resutil comment origin/@ newer &&
	places_are "${head}_newer false true"
'

test_expect_success 'an empty TEXT removes the comment; one can be added' '
	fresh here there &&
	resutil comment old "" >actual &&
	echo "Renamed ${head}_old to $head" >expect &&
	test_cmp expect actual &&
	places_are "$head true true" &&
	resutil comment $head "日本 and more" &&
	places_are "${head}_日本 and more true true"
'

test_expect_success 'EXP is understood as elsewhere' '
	fresh here there &&
	resutil comment @ one &&
	resutil comment results/${head}_one/file two &&
	resutil comment aaaaaa three &&
	places_are "${head}_three true true" &&
	test_expect_code 10 resutil comment gone x 2>err &&
	test_grep "gone" err &&
	test_expect_code 129 resutil comment @ 2>err &&
	test_expect_code 129 resutil comment @ two words 2>err &&
	test_grep "quoted" err &&
	mkdir results/_debug && : >results/_debug/resutil-exp.yaml &&
	test_expect_code 129 resutil comment _debug x &&
	rm -r results/_debug &&
	test_expect_code 129 resutil comment -l origin/@ x &&
	places_are "${head}_three true true"
'

test_expect_success 'a TEXT that cannot be a comment changes nothing' '
	fresh here there &&
	for text in a/b "a:b" "$(printf "a\tb")" "$(printf "a\nb")" \
		"$(printf "bad\377")" "$(printf "%0201d" 0)" ..//.. "a|b"
	do
		test_expect_code 129 resutil comment old "$text" >out 2>err &&
		test_must_be_empty out || return 1
	done &&
	test_expect_code 129 resutil comment old \
		"$(printf "%080d" 0 | sed "s/0/日/g")" 2>err &&
	test_grep "bytes" err &&
	places_are "${head}_old true true"
'

test_expect_success 'the same comment again is no change' '
	fresh here there &&
	ls -l store/project >before &&
	resutil comment old old >out &&
	test_must_be_empty out &&
	ls -l store/project >after &&
	test_cmp before after
'

test_expect_success '-n shows the new name' '
	fresh here there &&
	resutil comment -n old new >actual &&
	echo "Would rename ${head}_old to ${head}_new" >expect &&
	test_cmp expect actual &&
	places_are "${head}_old true true" &&
	test_path_is_missing .resutil/renames
'

test_expect_success '-l renames here alone and asks no store' '
	fresh here there &&
	mv store away &&
	resutil comment -l old new &&
	mv away store &&
	places_are "${head}_new true false" "${head}_old false true"
'

test_expect_success 'a name that is taken on either side: 14, nothing changed' '
	fresh here there &&
	make_exp ${head}_new "id: $(test_id 2)" "state: done" &&
	test_expect_code 14 resutil comment old new >out 2>err &&
	test_must_be_empty out &&
	test_grep "${head}_new. is here already" err &&
	places_are "${head}_new true false" "${head}_old true true" &&
	resutil push new &&
	rm -r results/${head}_new &&
	test_expect_code 14 resutil comment old new 2>err &&
	test_grep "in .origin. already" err &&
	places_are "${head}_new false true" "${head}_old true true" &&
	: >results/${head}_file &&
	test_expect_code 14 resutil comment old file &&
	no_journal
'

test_expect_success 'a store that is away: 12, nothing changed' '
	fresh here there &&
	mv store away &&
	test_expect_code 12 resutil comment old new >out 2>err &&
	test_must_be_empty out &&
	test_grep "nothing was renamed" err &&
	mv away store &&
	places_are "${head}_old true true" &&
	no_journal
'

test_expect_success 'another run of that name in the store stays: 14' '
	fresh here there &&
	sed "s/^id: .*/id: $(test_id 9)/" results/${head}_old/resutil-exp.yaml \
		>other &&
	mv other results/${head}_old/resutil-exp.yaml &&
	test_expect_code 14 resutil comment old new 2>err &&
	test_grep "another run" err &&
	places_are "${head}_old true true"
'

test_expect_success 'dependants are untouched and still find it' '
	fresh here there &&
	make_exp aaaaaa_20240101T000002_user "id: $(test_id 3)" \
		"state: done" "dependency: [${head}_old]" &&
	cksum results/*_user/resutil-exp.yaml >before &&
	resutil comment old new &&
	cksum results/*_user/resutil-exp.yaml >after &&
	test_cmp before after &&
	resutil read-deps user >actual &&
	echo ${head}_new >expect &&
	test_cmp expect actual
'

test_expect_success 'a live run is refused: 14' '
	rm -rf results store .resutil && mkdir store &&
	mkfifo go &&
	resutil run -m busy --no-push --name-file=name -- sh -c "read x <go" &
	run=$! &&
	test_wait_for 20 test -s name &&
	test_expect_code 14 resutil comment busy calm >out 2>err &&
	test_must_be_empty out &&
	test_grep "is running" err &&
	echo >go &&
	wait $run &&
	resutil comment busy calm &&
	test_path_is_dir "results/$(sed "s/busy/calm/" name)"
'

test_expect_success 'a run that may go on elsewhere is refused, too' '
	rm -rf results store .resutil && mkdir store &&
	make_exp ${head}_far "id: $(test_id 4)" "revision: 1" \
		"state: running" "host: far.example.org" &&
	test_expect_code 14 resutil comment far near 2>err &&
	test_grep far.example.org err &&
	resutil send-pack --force ${head}_far &&
	rm -r results/${head}_far &&
	test_expect_code 14 resutil comment far near 2>err &&
	test_grep "may still run, by what .origin. has" err &&
	places_are "${head}_far false true"
'

# What a command that died has left: the note, and one side renamed.
interrupted () {
	mkdir -p .resutil/renames &&
	printf "resutil-rename 1\nfrom\t%s\nto\t%s\nhere\nremote\torigin\n" \
		${head}_old ${head}_new >.resutil/renames/${head}_old
}

test_expect_success 'what was interrupted is finished by the next command' '
	for command in "list" "status" "rm -y gone" "push -A" "pull -A" \
		"comment gone x"
	do
		for side in none there both
		do
			fresh here there &&
			case $side in
			there|both)
				resutil rename-exp ${head}_old ${head}_new
			esac &&
			case $side in
			both)
				resutil rename-exp -l ${head}_old ${head}_new
			esac &&
			interrupted &&
			{ resutil $command >out 2>err || :; } &&
			test_grep "was finished" err &&
			no_journal &&
			places_are "${head}_new true true" ||
			{
				echo "$command, $side" >&2
				return 1
			}
		done || return 1
	done
'

# The store has it under both names when the old one was not removed yet.
test_expect_success 'a rename that was cut off within the store is finished' '
	fresh here there &&
	ln store/*/${head}_old.zip "$(echo store/*)/${head}_new.zip" &&
	interrupted &&
	resutil list >out 2>err &&
	test_grep "was finished" err &&
	no_journal &&
	places_are "${head}_new true true"
'

test_expect_success 'it is undone where the new name was taken meanwhile' '
	fresh here there &&
	make_exp ${head}_new "id: $(test_id 2)" "state: done" &&
	interrupted &&
	resutil list >out 2>err &&
	test_grep "was undone" err &&
	no_journal &&
	places_are "${head}_new true false" "${head}_old true true" &&
	fresh here there &&
	resutil rename-exp ${head}_old ${head}_new &&
	make_exp ${head}_new "id: $(test_id 2)" "state: done" &&
	interrupted &&
	resutil list >out 2>err &&
	test_grep "was undone" err &&
	places_are "${head}_new true false" "${head}_old true true"
'

test_expect_success 'while the store is away it is tried again later' '
	fresh here there &&
	interrupted &&
	mv store away &&
	resutil list >out 2>err &&
	test_grep "is not finished: .*tries again" err &&
	test_path_is_file .resutil/renames/${head}_old &&
	test_path_is_dir results/${head}_old &&
	mv away store &&
	resutil list >out 2>err &&
	no_journal &&
	places_are "${head}_new true true"
'

test_expect_success AS_USER 'who may not write there leaves no note behind' '
	fresh here there &&
	if test "$(id -u)" = 0
	then
		chown -R 65534 results .resutil
	fi &&
	chmod -R a+rX,a-w store &&
	test_when_finished "chmod -R u+w store" &&
	mkdir -p theirs && chmod 777 theirs &&
	test_expect_code 11 as_user env HOME="$PWD/theirs" \
		resutil comment old new >out 2>err &&
	test_must_be_empty out &&
	test_grep "cannot rename .*Permission denied$" err &&
	no_journal &&
	as_user env HOME="$PWD/theirs" resutil list >out 2>err &&
	test_must_be_empty err &&
	places_are "${head}_old true true"
'

test_expect_success 'a note that is held, or is none, is left alone' '
	fresh here there &&
	interrupted &&
	echo nonsense >.resutil/renames/aaaaaa_20240101T000009_bad &&
	: >".resutil/renames/.${head}_old.1.2.tmp" &&
	resutil list >out 2>err &&
	test_grep "_bad. is no note of a rename" err &&
	places_are "${head}_new true true" 2>err &&
	test_path_is_file .resutil/renames/aaaaaa_20240101T000009_bad &&
	printf "resutil-rename 1\nfrom\t../x\nto\t%s\nhere\n" ${head}_y \
		>.resutil/renames/aaaaaa_20240101T000009_bad &&
	resutil list >out 2>err &&
	test_grep "is no note of a rename" err
'

# .resutil may have come with a clone; a URL can make ssh run commands.
test_expect_success 'a note with a URL is followed only by who types that URL' '
	fresh here there && mv store by-url && url="dir:$PWD/by-url" &&
	interrupted && sed -i "s|origin|$url|" .resutil/renames/${head}_old &&
	mkdir store && for command in "list" "status" "rm -y gone" "push -A" \
		"pull -A" "gc" "comment gone x" \
		"comment --remote=$url/ gone x"
	do
		{ resutil $command >out 2>err || :; } &&
		test_grep "only followed when it is typed" err &&
		test_path_is_file .resutil/renames/${head}_old &&
		test_path_is_dir results/${head}_old &&
		test_path_is_file by-url/*/${head}_old.zip || return 1
	done &&
	test_expect_code 10 resutil comment --remote="$url" gone x 2>err &&
	test_grep "was finished" err && no_journal &&
	test_path_is_dir results/${head}_new &&
	test_path_is_file by-url/*/${head}_new.zip
'

test_expect_success FAULTS 'death at any call leaves one name after the next' '
	fresh here there &&
	with_faults RESUTIL_TEST_FAULT_LOG=$TRASH_DIRECTORY/points \
		resutil comment old new &&
	nr=$(wc -l <points) &&
	test "$nr" -gt 10 &&
	for action in kill kill-after EIO
	do
		i=1 &&
		while test $i -le $nr
		do
			fresh here there &&
			{
				with_faults RESUTIL_TEST_FAULT=any:$i:$action \
					resutil comment old new >out 2>err || :
			} &&
			resutil list --format="%(name) %(local) %(remote)" \
				>places 2>err &&
			test_line_count = 1 places &&
			test_grep " true true$" places &&
			no_journal &&
			test_path_is_file results/$head*/file ||
			{
				echo "at point $i with $action" >&2
				return 1
			}
			i=$((i + 1))
		done || return 1
	done
'

test_done
