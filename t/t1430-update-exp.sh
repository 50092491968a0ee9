#!/bin/sh

test_description='update-exp'
. ./test-lib.sh

FIXTURES=$TEST_DIRECTORY/fixtures/record
A=aapfup_20240704T191555_first
RECORD=results/$A/resutil-exp.yaml

new_record () {
	rm -rf results && mkdir -p results/$A &&
	resutil write-exp --dir results/$A --set state=done "$@" >id
}

test_expect_success 'setup' '
	make_project && test_set_now 1720088155 &&
	LOGNAME=ann && export LOGNAME
'

test_expect_success 'one value; the revision says so, all else stays' '
	new_record && sed "s/^revision: 1/revision: 2/" $RECORD >want &&
	sed -i "s/^host:/exit_code: 0\nhost:/" want &&
	resutil update-exp --set exit_code=0 $A >out &&
	test_must_be_empty out && sort want >1 && sort $RECORD >2 &&
	test_cmp 1 2 &&
	resutil -v update-exp --set exit_code=1 first >out && echo 3 >want &&
	test_cmp want out
'

test_expect_success 'a map on the standard input, then --set' '
	new_record --set info.a=1 --set info.b=2 &&
	cat >in <<-\EOF &&
	info:
	  a: null
	  c: {d: [1, 2]}
	tags: [x]
	EOF
	resutil update-exp --from - --set info.e=007 --set tags=null \
		--set params.lr=-0.5 $A <in &&
	resutil read-exp --json --key info $A >out &&
	echo "{\"b\":2,\"c\":{\"d\":[1,2]},\"e\":\"007\"}" >want &&
	test_cmp want out && test_grep ! tags $RECORD &&
	resutil read-exp --key params.lr $A >out && echo -0.5 >want &&
	test_cmp want out &&
	echo "{\"info\":{\"b\":{\"base64\":\"/w==\"}}}" |
	resutil update-exp --json --from - $A &&
	test_grep "b: !!binary" $RECORD
'

test_expect_success 'unknown keys and the order of a person stay' '
	new_record && cp "$FIXTURES/future.yaml" $RECORD &&
	resutil update-exp --set state=fail --set info.x=1 $A &&
	sed -e "s/^-\$/- null/" -e "s/^state: .*/state: fail/" \
		-e "s/^revision: 1/revision: 2/" \
		-e "/^apple/{
			i info:
			i \\  x: 1
		}" "$FIXTURES/future.yaml" >want &&
	test_cmp want $RECORD
'

test_expect_success 'a record of the Python Resutil keeps its keys' '
	new_record && cp "$FIXTURES/python-0.1.7.yaml" $RECORD &&
	resutil update-exp --set tags=null --set state=done $A &&
	{ echo "revision: 1" &&
	  sed "s/\(_hash: \)\(.*\)/\1\"\2\"/" "$FIXTURES/python-0.1.7.yaml" &&
	  echo "state: done" ; } >want &&
	test_cmp want $RECORD
'

test_expect_success 'votakvot.yaml stays, resutil-exp.yaml says both' '
	new_record && rm $RECORD &&
	cp "$FIXTURES/votakvot.yaml" results/$A/ &&
	resutil update-exp --set info.seen=true $A &&
	test_cmp "$FIXTURES/votakvot.yaml" results/$A/votakvot.yaml &&
	test_grep ! "!!python" $RECORD &&
	resutil read-exp --key info.seen $A >out && echo true >want &&
	test_cmp want out &&
	resutil read-exp --key result.value $A >out && echo 0.5 >want &&
	test_cmp want out
'

test_expect_success 'a bad change is refused and the file is as it was' '
	new_record && cp $RECORD want && echo "a: [" >open &&
	echo "[1]" >list && echo "{\"a\":1,\"a\":2}" >twice &&
	for set in exit_code=many exit_code=256 state=asleep at.created=soon \
		argv=ls params=1 dependency=x usage.wall=long
	do
		test_expect_code 13 resutil update-exp --set $set $A \
			>out 2>err &&
		test_must_be_empty out && test_line_count = 1 err &&
		test_grep "${set%%=*}" err &&
		test_cmp want $RECORD || return 1
	done &&
	for set in id=x name=$A revision=7 resutil=2 result_dir=x =x a..b=1 \
		.a=1 a.=1 plain
	do
		test_expect_code 129 resutil update-exp --set $set $A 2>err &&
		test_line_count = 1 err && test_cmp want $RECORD || return 1
	done &&
	for file in open list twice
	do
		test_expect_code 13 resutil update-exp --from $file $A \
			2>err && test_line_count = 1 err &&
		test_cmp want $RECORD || return 1
	done &&
	test_expect_code 10 resutil update-exp --from gone $A 2>err &&
	test_expect_code 10 resutil update-exp --set a=1 gone 2>err &&
	test_expect_code 129 resutil update-exp $A 2>err &&
	test_expect_code 129 resutil update-exp --set a=1 2>err &&
	test_cmp want $RECORD && ls -A results/$A >files &&
	test_line_count = 1 files
'

test_expect_success 'a bad value that was there does not stand in the way' '
	new_record && sed -i "s/^state: done/state: asleep/" $RECORD &&
	resutil update-exp --set exit_code=0 $A &&
	test_grep "^state: asleep" $RECORD &&
	test_grep "^exit_code: 0" $RECORD &&
	test_expect_code 13 resutil update-exp --set state=awake $A 2>err
'

test_expect_success 'a malformed record is left alone' '
	new_record && echo "a: [" >$RECORD && cp $RECORD want &&
	test_expect_code 13 resutil update-exp --set a=1 $A 2>err &&
	test_line_count = 1 err && test_cmp want $RECORD &&
	rm $RECORD &&
	test_expect_code 10 resutil update-exp --set a=1 $A 2>err &&
	test_path_is_missing $RECORD
'

test_expect_success 'an id that is a path locks nothing elsewhere' '
	new_record && sed -i "s|^id: .*|id: ../../owned|" $RECORD &&
	resutil update-exp --set info.a=1 $A &&
	test_path_is_missing "$TEST_TOP_DIRECTORY/owned" &&
	test_path_is_missing owned &&
	test_path_is_missing .resutil/owned
'

test_expect_success 'fifty writers at once lose nothing' '
	new_record &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 \
		23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 \
		43 44 45 46 47 48 49 50
	do
		{
			resutil update-exp --set info.k$i=$i $A 2>err.$i ||
			echo $i >>failed
		} &
	done && wait &&
	test_path_is_missing failed && cat err.* >err &&
	test_must_be_empty err &&
	resutil read-exp --key revision $A >out && echo 51 >want &&
	test_cmp want out &&
	grep -c "^  k[0-9]*: [0-9]*\$" $RECORD >out && echo 50 >want &&
	test_cmp want out && ls -A results/$A >files &&
	test_line_count = 1 files &&
	ls -A .resutil/live >files && test_must_be_empty files
'

test_expect_success 'a full disk leaves the old record' '
	new_record && head -c 20000 /dev/zero | tr "\0" x >pad &&
	cp $RECORD want &&
	(
		trap "" XFSZ && ulimit -f 8 &&
		test_expect_code 128 resutil update-exp \
			--set info.pad=$(cat pad) $A >/dev/null 2>&1
	) &&
	test_cmp want $RECORD && ls -A results/$A >files &&
	test_line_count = 1 files
'

test_expect_success FAULTS 'dying at any point leaves the old or the new' '
	new_record && cp $RECORD old && n=0 &&
	while n=$((n + 1)) && test $n -lt 60
	do
		cp old $RECORD &&
		with_faults RESUTIL_TEST_FAULT=any:$n:kill \
			resutil update-exp --set info.a=1 $A
		status=$?
		case "$status" in 0|137) ;; *) return 1 ;; esac
		resutil read-exp --key revision $A >out || return 1
		case "$(cat out)" in 1|2) ;; *) return 1 ;; esac
		test "$status" = 0 && break
	done &&
	test $n -gt 4 && test $n -lt 60
'

test_expect_success 'nothing is written through a link' '
	mkdir outside links &&
	make_project links &&
	printf "id: x\nstate: done\n" >outside/resutil-exp.yaml &&
	cp outside/resutil-exp.yaml before &&
	(
		cd links &&
		mkdir -p results/aapfup_20240704T191556_in &&
		ln -s ../../outside results/aapfup_20240704T191555_out &&
		ln -s ../../outside results/_debug &&
		ln -s ../../../outside/resutil-exp.yaml \
			results/aapfup_20240704T191556_in/ &&
		test_expect_code 10 resutil update-exp --set=info.x=1 out &&
		test_expect_code 13 resutil update-exp --set=info.x=1 _debug &&
		test_expect_code 13 resutil update-exp --set=info.x=1 in \
			2>err &&
		test_grep "is a link" err &&
		test_expect_code 13 resutil read-exp in >out &&
		test_must_be_empty out &&
		test_expect_code 10 resutil read-exp _debug >out &&
		test_must_be_empty out &&
		test -h results/aapfup_20240704T191556_in/resutil-exp.yaml
	) &&
	test_cmp before outside/resutil-exp.yaml &&
	ls outside >actual &&
	echo resutil-exp.yaml >expect &&
	test_cmp expect actual
'

test_expect_success 'a bad value is shown short, and cut between characters' '
	mkdir -p big/p && make_project big/p && (
		cd big/p &&
		name=aapfup_20240704T191555 && mkdir -p results/$name &&
		resutil write-exp --dir=results/$name &&
		long=$(printf %0100d 0 | sed "s/0/é/g") &&
		test_expect_code 13 resutil update-exp --set="state=$long" \
			$name 2>err &&
		test_line_count = 1 err && test $(wc -c <err) -lt 200 &&
		test_grep "\.\.\..$" err &&
		iconv -f UTF-8 -t UTF-8 err >/dev/null
	)
'

test_expect_success 'a record of more than 32 MiB is not written' '
	(
		cd big/p && name=aapfup_20240704T191555 &&
		cp results/$name/resutil-exp.yaml before &&
		{ printf "info: {a: \"" && head -c 33554410 /dev/zero |
			tr "\0" x && printf "\"}\n"; } >map &&
		test_expect_code 13 resutil update-exp --from=map $name 2>err &&
		test_grep "larger than 32 MiB" err &&
		{ cat map && head -c 2000000 map; } >map2 &&
		test_expect_code 13 resutil update-exp --from=- $name \
			<map2 2>err &&
		test_grep "32 MiB" err &&
		test_expect_code 13 resutil update-exp --from=map2 $name 2>err &&
		test_grep "larger than" err &&
		cmp before results/$name/resutil-exp.yaml &&
		ls -A results/$name >actual && echo resutil-exp.yaml >expect &&
		test_cmp expect actual
	)
'

test_done
