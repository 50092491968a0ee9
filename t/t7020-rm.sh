#!/bin/sh

test_description='rm -l: experiments go, here

None of them was ever pushed, of which each time is warned; t7420 is about
stores.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

one=aaaaaa_20240101T000001_one
two=aaaaaa_20240101T000002_two
three=aaaaaa_20240101T000003_three

fresh () {
	chmod -R u+rwX results 2>/dev/null
	rm -rf results &&
	make_exp $one &&
	make_exp $two &&
	make_exp $three
}

warn_not_pushed () {
	printf "resutil: warning: '%s' was not pushed to 'origin'\n" "$@"
}

results_are () {
	printf "%s\n" "$@" | sort >expect-results &&
	ls -A results | sort >actual-results &&
	test_cmp expect-results actual-results
}

test_expect_success 'setup' '
	make_conf
'

test_expect_success 'removes experiments with all that is in them' '
	fresh &&
	mkdir -p results/$one/deep/er &&
	: >results/$one/deep/er/file &&
	resutil rm -l -y one results/$three/x >actual 2>err &&
	printf "Removed %s\n" $one $three >expect &&
	test_cmp expect actual &&
	warn_not_pushed $one $three >expect &&
	test_cmp expect err &&
	results_are $two
'

test_expect_success 'under -q it says nothing' '
	fresh &&
	resutil -q rm -ly @ >out 2>err &&
	test_must_be_empty out &&
	warn_not_pushed $three >expect &&
	test_cmp expect err &&
	results_are $one $two
'

test_expect_success 'options may follow, and one word may come twice' '
	fresh &&
	resutil rm $one one --local --yes >actual &&
	echo "Removed $one" >expect &&
	test_cmp expect actual &&
	results_are $two $three
'

test_expect_success 'all words are understood before one is removed' '
	fresh &&
	resutil rm -l -y @ @~1 &&
	results_are $one
'

test_expect_success 'it has to be said to whom' '
	fresh &&
	test_expect_code 129 resutil rm -l one </dev/null >out 2>err &&
	test_grep -e "-y" err &&
	test_must_be_empty out &&
	test_expect_code 129 resutil rm -l -y &&
	results_are $one $two $three
'

test_expect_success '-n shows what would go' '
	fresh &&
	resutil rm -l -n two one >actual &&
	printf "Would remove %s\n" $one $two >expect &&
	test_cmp expect actual &&
	results_are $one $two $three
'

test_expect_success 'what is not here is named, the others go: 3' '
	fresh &&
	test_expect_code 3 resutil rm -l -y gone one lost >out 2>err &&
	test_line_count = 3 err &&
	test_grep "no experiment .gone." err &&
	test_grep "no experiment .lost." err &&
	results_are $two $three &&
	test_expect_code 10 resutil rm -l -y gone lost >out &&
	test_must_be_empty out &&
	test_expect_code 129 resutil rm -l -y aaaaaa 2>err &&
	test_grep ambiguous err &&
	results_are $two $three
'

test_expect_success 'hostile words reach nothing' '
	fresh &&
	mkdir victim &&
	: >victim/file &&
	for word in . .. / victim results ../victim results/../victim \
		"results/$one/../../victim" "" "*"
	do
		test_must_fail resutil rm -l -y -- "$word" || return 1
	done &&
	test_path_is_file victim/file &&
	results_are $one $two $three
'

test_expect_success 'links are removed, never followed' '
	fresh &&
	ln -s ../../victim results/$one/link &&
	ln -s "$TRASH_DIRECTORY/victim" results/$one/absolute &&
	ln -s ../victim results/aaaaaa_20240101T000009_linked &&
	resutil rm -l -y one linked &&
	test_path_is_file victim/file &&
	results_are $two $three
'

test_expect_success 'a link is named as an experiment is' '
	fresh &&
	link=aaaaaa_20240101T000009_linked &&
	for arg in $link results/$link aaaaaa_20240101T000009
	do
		ln -s ../victim results/$link &&
		resutil rm -l -y $arg &&
		test_path_is_file victim/file &&
		results_are $one $two $three || return 1
	done &&
	ln -s ../victim results/$link &&
	test_expect_code 10 resutil rm -l -y results/$link/file &&
	test_path_is_file victim/file &&
	rm results/$link
'

test_expect_success 'what a lost run left to tell that it lives goes too' '
	fresh &&
	id=01890a5d-ac96-774b-bcce-b302099a8057 &&
	printf "%s\n" "resutil: 1" "id: $id" "state: running" \
		"host: $(hostname)" >results/$one/resutil-exp.yaml &&
	mkdir -p .resutil/live &&
	: >.resutil/live/$id &&
	: >.resutil/live/another &&
	resutil rm -l -y one &&
	ls .resutil/live >actual &&
	echo another >expect &&
	test_cmp expect actual
'

test_expect_success 'odd names and deep trees' '
	fresh &&
	: >"results/$one/$(printf "new\nline \377")" &&
	: >results/$one/-rf &&
	(
		cd results/$one &&
		i=0 &&
		while test $i -lt 300
		do
			mkdir d && cd d || exit 1
			i=$((i + 1))
		done
	) &&
	resutil rm -l -y one &&
	results_are $two $three
'

test_expect_success 'of those that depend on it is warned' '
	fresh &&
	make_exp aaaaaa_20240101T000004_four "dependency: [$one, $three]" &&
	make_exp aaaaaa_20240101T000005_five "dependency: [results/$one]" &&
	resutil rm -l -y one five >out 2>err &&
	echo "resutil: warning: '\''aaaaaa_20240101T000004_four'\'' depends on" \
		"'\''$one'\''" >expect &&
	warn_not_pushed $one aaaaaa_20240101T000005_five >>expect &&
	test_cmp expect err &&
	results_are $two $three aaaaaa_20240101T000004_four
'

test_expect_success AS_USER 'directories that forbid it are removed' '
	fresh &&
	make_conf user &&
	(
		cd user &&
		make_exp $one &&
		mkdir -p results/$one/closed/inner &&
		: >results/$one/closed/inner/file &&
		chmod 555 results/$one/closed/inner &&
		chmod 500 results/$one/closed results/$one
	) &&
	if test "$(id -u)" = 0
	then
		chown -R 65534 user
	fi &&
	(cd user && as_user resutil rm -l -y one) &&
	test_dir_is_empty user/results
'

test_expect_success AS_USER 'results that may not be written: nothing goes' '
	fresh &&
	chmod 555 results &&
	test_when_finished "chmod 755 results" &&
	test_expect_code 128 as_user resutil rm -l -y one >out 2>err &&
	test_must_be_empty out &&
	grep -v "was not pushed" err >errors &&
	test_line_count = 1 errors &&
	results_are $one $two $three
'

test_expect_success AS_USER 'what cannot be removed is named: 3' '
	fresh &&
	mkdir -p results/$one/foreign &&
	: >results/$one/foreign/file &&
	test "$(id -u)" != 0 || chown 65534 results results/$one &&
	if test "$(id -u)" = 0
	then
		test_expect_code 3 as_user resutil rm -l -y one >out 2>err &&
		test_must_be_empty out &&
		left=$(cd results && echo .$one.*.rm) &&
		test_grep -F "$left" err &&
		test_path_is_file "results/$left/foreign/file" &&
		resutil list-exps >actual &&
		printf "%s\n" $two $three >expect &&
		test_cmp expect actual
	fi
'

test_expect_success 'a run that is going on stays, unless forced' '
	chmod -R u+rwX results && rm -rf results &&
	mkfifo go &&
	resutil run -m busy --name-file=name -- sh -c "read x <go" &
	run=$! &&
	test_wait_for 20 test -s name &&
	test_expect_code 14 resutil rm -l -y busy >out 2>err &&
	test_must_be_empty out &&
	test_grep "running" err &&
	test_path_is_dir "results/$(cat name)" &&
	make_exp $one &&
	test_expect_code 3 resutil rm -l -y busy one &&
	results_are "$(cat name)" &&
	resutil rm -l -y --force busy &&
	echo >go &&
	{ wait $run || :; } &&
	test_path_is_missing "results/$(cat name)"
'

test_expect_success 'a run of another machine stays, a lost one goes' '
	fresh &&
	make_exp aaaaaa_20240101T000006_far "id: $(test_id 6)" \
		"state: running" "host: another.machine.invalid" &&
	test_expect_code 14 resutil rm -l -y far 2>err &&
	test_grep another.machine.invalid err &&
	make_exp aaaaaa_20240101T000007_lost "id: $(test_id 7)" \
		"state: running" "host: $(uname -n)" &&
	resutil rm -l -y lost &&
	resutil rm -l -y --force far &&
	results_are $one $two $three
'

test_expect_success 'what is no experiment any more: no record, a bad one' '
	fresh &&
	rm results/$one/resutil-exp.yaml &&
	echo "[" >results/$two/resutil-exp.yaml &&
	resutil rm -l -y one two &&
	results_are $three
'

test_expect_success '_debug goes by its name' '
	fresh &&
	mkdir results/_debug &&
	: >results/_debug/resutil-exp.yaml &&
	resutil rm -l -y _debug &&
	results_are $one $two $three
'

test_expect_success FAULTS 'death at any call: whole, or gone for all' '
	fresh &&
	mkdir results/$one/sub &&
	: >results/$one/sub/file &&
	with_faults RESUTIL_TEST_FAULT_LOG=$TRASH_DIRECTORY/points \
		resutil rm -l -y one &&
	nr=$(wc -l <points) &&
	test "$nr" -gt 4 &&
	for action in EIO EACCES kill kill-after
	do
		i=1 &&
		while test $i -le $nr
		do
			rm -rf results &&
			fresh &&
			mkdir results/$one/sub &&
			: >results/$one/sub/file &&
			{
				with_faults RESUTIL_TEST_FAULT=any:$i:$action \
					resutil rm -l -y one >out 2>err
				status=$?
			} &&
			if resutil list-exps | grep one
			then
				test $status != 0 &&
				test -f results/$one/sub/file &&
				test -f results/$one/resutil-exp.yaml
			elif ls -A results | grep "^\\..*one.*rm\$"
			then
				test $status != 0
			fi || {
				echo "at point $i with $action" >&2
				return 1
			}
			i=$((i + 1))
		done || return 1
	done
'

test_expect_success PTY 'on a terminal it asks, and no is the default' '
	fresh &&
	test_expect_code 1 pty-run --expect="[y/N]" --send="\r" \
		resutil rm -l one two >screen &&
	test_grep $one screen &&
	test_grep "2 experiments" screen &&
	test_expect_code 1 pty-run --expect="[y/N]" --send="n\r" \
		resutil rm -l one >screen &&
	results_are $one $two $three &&
	pty-run --expect="[y/N]" --send="y\r" resutil rm -l one >screen &&
	results_are $two $three &&
	test_expect_code 129 pty-run resutil --no-interactive rm -l two &&
	pty-run resutil rm -l -y two >screen &&
	test_grep ! -F "[y/N]" screen &&
	results_are $three
'

test_done
