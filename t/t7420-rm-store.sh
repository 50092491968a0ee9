#!/bin/sh

test_description='rm: experiments go from the store, or from both sides'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

one=aaaaaa_20240101T000001_one
two=aaaaaa_20240101T000002_two
three=aaaaaa_20240101T000003_three

# one on both sides, two here, three there
fresh () {
	rm -rf results store .resutil &&
	mkdir store &&
	make_exp $one "id: $(test_id 1)" "revision: 1" "state: done" \
		"user: $(id -un)" &&
	make_exp $two "id: $(test_id 2)" "revision: 1" "state: done" \
		"user: $(id -un)" &&
	make_exp $three "id: $(test_id 3)" "revision: 1" "state: done" \
		"user: $(id -un)" &&
	resutil send-pack $one $three >/dev/null &&
	rm -r results/$three
}

are () {
	printf "%s\n" "$@" >expect-are &&
	resutil list --format="%(comment) %(local) %(remote)" >actual-are &&
	test_cmp expect-are actual-are
}

test_expect_success 'setup' '
	make_conf
'

test_expect_success 'without -l and -r, and with both, both sides go' '
	for sides in "" "-l -r" "-lr"
	do
		fresh &&
		resutil rm $sides -y one two three >actual 2>err &&
		cat >expect <<-END &&
		Removed $one here and from '\''origin'\''
		Removed $two
		Removed $three from '\''origin'\''
		END
		test_cmp expect actual &&
		test_must_be_empty err &&
		resutil list --format="%(name)" >left &&
		test_must_be_empty left || return 1
	done
'

test_expect_success '-l leaves the store alone, and warns of what is not there' '
	fresh &&
	mv store away &&
	resutil rm -l -y one two >actual 2>err &&
	mv away store &&
	printf "Removed %s\n" $one $two >expect &&
	test_cmp expect actual &&
	echo "resutil: warning: '\''$two'\'' was not pushed to '\''origin'\''" \
		>expect &&
	test_cmp expect err &&
	are "one false true" "three false true"
'

test_expect_success '-l warns of what has grown since it was pushed' '
	fresh &&
	resutil update-exp --set info.x=1 $one &&
	resutil rm -l -n one >actual 2>err &&
	echo "Would remove $one" >expect &&
	test_cmp expect actual &&
	test_grep "$one. has grown since it was pushed to .origin." err
'

test_expect_success '-l says when it cannot know what was pushed' '
	fresh &&
	rm -f .resutil/remotes/origin.log &&
	mkdir .resutil/remotes/origin.log &&
	resutil rm -l -n one 2>err &&
	rmdir .resutil/remotes/origin.log &&
	test_grep "whether .origin. has what is removed is not known" err
'

test_expect_success '-r leaves what is here, and warns of the last copy' '
	fresh &&
	resutil rm -r -y one three >actual 2>err &&
	printf "Removed %s from '\''origin'\''\n" $one $three >expect &&
	test_cmp expect actual &&
	test_line_count = 1 err &&
	test_grep "warning: .$three. is not here" err &&
	are "one true false" "two true false"
'

test_expect_success '-r warns when what stays here lacks files' '
	fresh &&
	mkdir results/$one/sub && echo f >results/$one/sub/f &&
	resutil update-exp --set info.x=1 one && resutil push one &&
	rm -r results/$one && resutil pull one -- resutil-exp.yaml &&
	resutil rm -r -n one >actual 2>err &&
	test_line_count = 1 err &&
	test_grep "warning: .$one. is here only in part" err
'

test_expect_success 'the porcelain does what the pipeline does' '
	fresh &&
	cp -R results results.before && cp -R store store.before &&
	cp -R .resutil resutil.before &&
	resutil rm -l -r -y one &&
	mv results results.rm && mv store store.rm && mv .resutil resutil.rm &&
	mv results.before results && mv store.before store &&
	mv resutil.before .resutil &&
	resutil remove-exp --remote origin $one &&
	resutil remove-exp -l $one &&
	(cd results && find . | sort) >expect &&
	(cd results.rm && find . | sort) >actual &&
	test_cmp expect actual &&
	(cd store && find . | sort) >expect &&
	(cd store.rm && find . | sort) >actual &&
	test_cmp expect actual &&
	sed "s/	[^	]*$//" .resutil/remotes/origin.log >expect &&
	sed "s/	[^	]*$//" resutil.rm/remotes/origin.log >actual &&
	test_cmp expect actual &&
	rm -rf results.rm store.rm resutil.rm
'

test_expect_success 'one child a side, whatever is removed' '
	fresh &&
	resutil send-pack $two &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" resutil rm -y one two three &&
	grep "run: .*remove-exp" trace >children &&
	test_line_count = 2 children
'

test_expect_success 'what is nowhere is named, the rest is removed: 3' '
	fresh &&
	test_expect_code 3 resutil rm -y gone three >out 2>err &&
	test_grep "no experiment .gone." err &&
	are "one true true" "two true false" &&
	test_expect_code 10 resutil rm -y gone >out &&
	test_expect_code 10 resutil rm -r -y two 2>err &&
	test_grep "two. .*in .origin." err &&
	test_expect_code 10 resutil rm -l -y three &&
	are "one true true" "two true false"
'

test_expect_success 'words are looked for where it is removed' '
	fresh &&
	resutil rm -r -y origin/@ 2>err &&
	are "one true true" "two true false" &&
	resutil rm -r -y results/$one &&
	are "one true false" "two true false" &&
	test_expect_code 129 resutil rm -l -y origin/@ 2>err &&
	test_expect_code 129 resutil rm -y second/@ 2>err &&
	test_grep "see --remote" err &&
	fresh &&
	make_exp aaaaaa_20240101T000004_three "state: done" &&
	resutil rm -r -y three &&
	are "one true true" "two true false" "three true false"
'

test_expect_success 'what is ambiguous on its side is listed: 129' '
	fresh &&
	test_expect_code 129 resutil rm -r -y aaaaaa 2>err &&
	test_grep $one err && test_grep $three err &&
	test_grep ! $two err &&
	are "one true true" "two true false" "three false true"
'

test_expect_success 'a store that is away: 12, and nothing is gone' '
	fresh &&
	mv store away &&
	test_expect_code 12 resutil rm -y one two >out 2>err &&
	test_must_be_empty out &&
	test_grep "nothing was removed, and -l removes here alone" err &&
	test_expect_code 12 resutil rm -r -y one >out 2>err &&
	mv away store &&
	are "one true true" "two true false" "three false true"
'

test_expect_success 'what the store does not let go stays here as well' '
	fresh &&
	real=$(dirname "$(command -v resutil)")/libexec &&
	mkdir -p refusing &&
	cat >refusing/resutil-pack <<-END &&
	#!/bin/sh
	case "\$*" in
	*remove-exp*--remote*)
		sed "s/.*/resutil: no: &/" >&2
		exit 14
	esac
	exec "$real/resutil-pack" "\$@"
	END
	chmod +x refusing/resutil-pack &&
	test_expect_code 3 env RESUTIL_EXEC_PATH=$TRASH_DIRECTORY/refusing \
		resutil rm -y one two >out 2>err &&
	echo "Removed $two" >expect &&
	test_cmp expect out &&
	are "one true true" "three false true" &&
	test_expect_code 14 env RESUTIL_EXEC_PATH=$TRASH_DIRECTORY/refusing \
		resutil rm -y one >out 2>err &&
	test_must_be_empty out
'

test_expect_success 'of dependants is warned, on whichever side it goes' '
	fresh &&
	make_exp aaaaaa_20240101T000005_user "state: done" \
		"dependency: [$three]" &&
	resutil rm -r -y three >out 2>err &&
	test_grep "_user. depends on .$three." err
'

test_expect_success 'another user'\''s run in the store stays: 14' '
	fresh &&
	make_exp aaaaaa_20240101T000006_ann "id: $(test_id 6)" "revision: 1" \
		"state: done" "user: ann.elsewhere" &&
	resutil send-pack aaaaaa_20240101T000006_ann &&
	for cache in known empty
	do
		test $cache = known ||
		XDG_CACHE_HOME=$TRASH_DIRECTORY/$cache &&
		test $cache = known || export XDG_CACHE_HOME &&
		test_expect_code 14 resutil rm -y ann >out 2>err &&
		test_must_be_empty out &&
		test_grep "ann.elsewhere" err || return 1
	done &&
	test_path_is_dir results/aaaaaa_20240101T000006_ann &&
	resutil rm -y --force ann &&
	are "one true true" "two true false" "three false true"
'

test_expect_success 'a run that may go on elsewhere stays: 14' '
	fresh &&
	make_exp aaaaaa_20240101T000007_far "id: $(test_id 7)" "revision: 1" \
		"state: running" "host: far.example.org" "user: $(id -un)" &&
	resutil send-pack --force aaaaaa_20240101T000007_far &&
	rm -r results/aaaaaa_20240101T000007_far &&
	test_expect_code 14 resutil rm -y far >out 2>err &&
	test_grep "may still run" err &&
	resutil rm -r -y --force far &&
	are "one true true" "two true false" "three false true"
'

test_expect_success '-n says what goes where' '
	fresh &&
	resutil rm -n one two three >actual &&
	cat >expect <<-END &&
	Would remove $one here and from '\''origin'\''
	Would remove $two
	Would remove $three from '\''origin'\''
	END
	test_cmp expect actual &&
	resutil rm -r -n one >actual &&
	echo "Would remove $one from '\''origin'\''" >expect &&
	test_cmp expect actual &&
	are "one true true" "two true false" "three false true"
'

test_expect_success 'what the store has and is not the same here is told of' '
	fresh && resutil rm -r -y one 2>err && test_must_be_empty err &&
	fresh && echo more >results/$one/more && resutil rm -r -n one 2>err &&
	test_grep "$one. is not the same here: what .origin. has is the" err &&
	fresh && resutil update-exp --set info.x=1 $one >/dev/null &&
	resutil rm -r -n one 2>err && test_must_be_empty err &&
	echo more >results/$one/more && resutil rm -n one 2>err &&
	test_must_be_empty err
'

test_expect_success 'another store by --remote' '
	fresh && rm -rf other && mkdir other &&
	resutil send-pack --remote="dir:$TRASH_DIRECTORY/other" $one &&
	resutil rm -r -y --remote="dir:$TRASH_DIRECTORY/other" one &&
	are "one true true" "two true false" "three false true" &&
	test -z "$(ls other/project 2>/dev/null)"
'

test_expect_success PTY 'on a terminal it says where, and asks' '
	fresh &&
	pty-run --expect="[y/N]" --send="y\r" resutil rm one three >screen &&
	test_grep "$one here and from" screen &&
	test_grep "these 2 experiments here and from .origin." screen &&
	are "two true false" &&
	fresh &&
	test_expect_code 1 pty-run --expect="[y/N]" --send="n\r" \
		resutil rm -r one >screen &&
	test_grep "this experiment from .origin." screen &&
	are "one true true" "two true false" "three false true"
'

test_expect_success FAULTS 'death at any call: the same words remove the rest' '
	fresh &&
	with_faults RESUTIL_TEST_FAULT_LOG=$TRASH_DIRECTORY/points \
		resutil rm -y one &&
	nr=$(wc -l <points) &&
	test "$nr" -gt 4 &&
	for action in kill kill-after EIO
	do
		i=1 &&
		while test $i -le $nr
		do
			fresh &&
			{
				with_faults RESUTIL_TEST_FAULT=any:$i:$action \
					resutil rm -y one >out 2>err || :
			} &&
			resutil list --format="%(comment) %(local) %(remote)" \
				>left 2>err &&
			{
				test_must_fail grep "one false true" left \
					>/dev/null
			} &&
			{
				test_must_fail grep "^one" left >/dev/null ||
				resutil rm -y one
			} &&
			are "two true false" "three false true" ||
			{
				echo "at point $i with $action" >&2
				return 1
			}
			i=$((i + 1))
		done || return 1
	done
'

test_done
