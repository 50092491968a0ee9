#!/bin/sh

test_description='record-runs: bad luck

Processes die, disks fill, lines are too long, directories vanish: a run that
was begun has its record, whole, and says how it ended or that it is lost.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-recorder.sh
. "$TEST_DIRECTORY"/lib-mount.sh

has_state () {
	resutil read-exp --key state "$1" >state.out 2>/dev/null &&
	test "$(cat state.out)" = "$2"
}

# What read-trials says of it now.
is_now () {
	resutil read-trials "$1" >now.out 2>/dev/null &&
	grep "	$2\$" now.out
}

is_missing () {
	! test -e "$1"
}

# A program that begins a trial, and then does nothing for a long time; it has
# a child that holds its end of the pipe. Its number is in program.pid.
write_script program <<\EOF
mkfifo p.in p.out
resutil record-runs --pid=$$ <p.in >p.out &
echo $! >recorder.pid
exec 8>p.in 9<p.out
sleep 1000 &
echo $! >child.pid
echo '{"op":"begin","kind":"trial","root":"t","tid":"'$1'","providers":[]}' >&8
read -r answer <&9
echo $$ >program.pid
wait
EOF

start_program () {
	rm -f p.in p.out *.pid &&
	{
		./program "$1" &
	} &&
	test_wait_for 30 test -s program.pid
}

stop_program () {
	kill -9 "$(cat child.pid)" "$(cat program.pid)" 2>/dev/null
	:
}

test_expect_success 'the program is killed: the run is lost, whoever holds the pipe' '
	start_program killed && test_when_finished stop_program &&
	has_state t/killed running &&
	kill -9 "$(cat program.pid)" &&
	test_wait_for 30 has_state t/killed lost &&
	test_wait_for 30 is_missing t/killed/.resutil-live &&
	kill -0 "$(cat child.pid)"
'

test_expect_success 'the recorder is killed: seen at once, nobody else takes over' '
	start_program widow && test_when_finished stop_program &&
	kill -9 "$(cat recorder.pid)" &&
	test_wait_for 30 is_now t/widow "running, unattended" &&
	trial widow "\"resume\":true" >in && resutil record-runs <in >out &&
	grep "\"code\":14" out && grep "still runs" out &&
	echo "{\"op\":\"adopt\",\"dir\":\"t/widow\"}" >in &&
	resutil record-runs <in >out && grep "\"code\":14" out &&
	has_state t/widow running &&
	stop_program &&
	test_wait_for 30 is_now t/widow lost &&
	trial widow "\"resume\":true" >in && resutil record-runs <in >out &&
	grep "\"resumed\":true" out
'

test_expect_success 'its program takes the run over with a new recorder' '
	start_recorder && ask "$(trial over)" >out &&
	kill -9 $recorder && test_expect_code 137 stop_recorder &&
	start_recorder &&
	ask "{\"op\":\"adopt\",\"dir\":\"t/over\"}" "$(done_run 1)" \
		"{\"op\":\"adopt\",\"dir\":\"t/over\"}" >out &&
	stop_recorder &&
	grep "\"code\":14" out && has_state t/over done &&
	test_path_is_missing t/over/.resutil-live
'

test_expect_success 'a run that is recorded is begun by nobody else' '
	start_recorder && ask "$(trial mine)" >out &&
	trial mine "\"resume\":true" >in && resutil record-runs <in >out &&
	grep "\"code\":14" out && grep "recorded already" out &&
	echo "{\"op\":\"adopt\",\"dir\":\"t/mine\"}" >in &&
	resutil record-runs <in >out && grep "\"code\":14" out &&
	ask "$(done_run 1)" >out && stop_recorder && has_state t/mine done
'

test_expect_success 'signals are for the program' '
	start_recorder && ask "$(trial signals)" >out &&
	for signal in INT TERM HUP QUIT PIPE
	do
		kill -$signal $recorder || return 1
	done &&
	ask "$(done_run 1)" >out && stop_recorder && has_state t/signals done
'

test_expect_success 'when nobody reads the answers the requests are done' '
	start_recorder && exec 9<&- &&
	trial unread >&8 && trial unread2 >&8 && done_run 1 >&8 &&
	stop_recorder &&
	has_state t/unread done && has_state t/unread2 lost
'

test_expect_success 'many who want one trial: one gets it' '
	trial race/a/b >want.it && recorders= &&
	for i in 1 2 3 4 5 6 7 8
	do
		{
			cat want.it && trial race/$i && done_run 1
		} >in.$i &&
		{
			resutil record-runs <in.$i >out.$i &
		} &&
		recorders="$recorders $!" || return 1
	done &&
	wait $recorders &&
	cat out.? >all && test_line_count = 24 all &&
	grep -c "\"tid\":\"race/a/b\"" all >got && echo 1 >want &&
	test_cmp want got &&
	grep -c "\"code\":14" all >got && echo 7 >want && test_cmp want got &&
	has_state t/race/a/b done &&
	resutil read-trials t/race >found && test_line_count = 9 found
'

test_expect_success 'many who resume one trial: each after the other, or not' '
	trial turns >in && resutil record-runs <in >out &&
	trial turns "\"resume\":true" >in && recorders= &&
	for i in 1 2 3 4 5 6 7 8
	do
		resutil record-runs <in >turn.$i &
		recorders="$recorders $!"
	done &&
	wait $recorders &&
	cat turn.? >all && test_line_count = 8 all &&
	grep -c "\"resumed\":true" all >won &&
	key resumes t/turns "$(cat won)" && has_state t/turns lost
'

test_expect_success 'a hundred updates of four writers: none is lost' '
	start_recorder && ask "$(trial shared)" >out && writers= &&
	for w in 1 2 3 4
	do
		{
			echo "{\"op\":\"join\",\"dir\":\"t/shared\"}" &&
			for i in $(seq 25)
			do
				echo "{\"op\":\"update\",\"run\":1,\"info\":{\"w$w.$i\":$i},\"sync\":\"none\"}"
			done
		} >in.w$w || return 1
	done &&
	for w in 1 2 3 4
	do
		resutil record-runs <in.w$w >out.w$w &
		writers="$writers $!"
	done &&
	wait $writers &&
	! grep "\"ok\":false" out.w? &&
	ask "$(done_run 1)" >out && stop_recorder &&
	key revision t/shared 102 &&
	resutil read-exp --json --key info t/shared >info &&
	tr "," "\n" <info >items && test_line_count = 100 items
'

test_expect_success 'the directory is removed: told, and the record put back' '
	start_recorder && ask "$(trial rm/dir "\"params\":{\"x\":1}")" \
		"{\"op\":\"update\",\"run\":1,\"info\":{\"a\":1}}" >out &&
	rm -rf t/rm &&
	ask "{\"op\":\"update\",\"run\":1,\"info\":{\"b\":1}}" >out &&
	grep "\"code\":10" out && test_path_is_missing t/rm &&
	ask "$(done_run 1 "\"info\":{\"c\":1}" "\"traceback\":\"T\"")" >out &&
	grep "\"ok\":true" out && grep "warnings.*was removed" out &&
	stop_recorder && has_state t/rm/dir done &&
	key info t/rm/dir "{\"a\":1,\"c\":1}" && key params t/rm/dir "{\"x\":1}" &&
	ls -A t/rm/dir >files &&
	printf "%s\n" resutil-exp.yaml traceback.txt >want && test_cmp want files
'

test_expect_success 'all that was in the directory is removed' '
	start_recorder && ask "$(trial rm/all)" >out &&
	rm -rf t/rm/all/* t/rm/all/.resutil-live &&
	ask "$(done_run 1)" >out && stop_recorder &&
	grep "was removed" out && has_state t/rm/all done
'

test_expect_success 'the directory is removed, and the program dies' '
	start_recorder && ask "$(trial rm/end)" "$(trial rm/other)" >out &&
	rm -rf t/rm/end && stop_recorder &&
	has_state t/rm/end lost && has_state t/rm/other lost
'

test_expect_success 'the directory is moved: it is followed' '
	start_recorder && ask "$(trial mv/from)" >out && mv t/mv/from t/mv/to &&
	ask "{\"op\":\"update\",\"run\":1,\"info\":{\"a\":1}}" >out &&
	grep "warnings.*was moved" out && mv t/mv/to t/mv/last &&
	ask "$(done_run 1)" >out && stop_recorder &&
	has_state t/mv/last done && key info t/mv/last "{\"a\":1}" &&
	ls -A t/mv t/mv/last >files &&
	printf "%s\n" t/mv: last "" t/mv/last: resutil-exp.yaml >want &&
	test_cmp want files
'

test_expect_success 'another run has taken the place: it is left alone' '
	start_recorder && ask "$(trial mv/mine)" >out && rm -rf t/mv/mine &&
	trial mv/mine >in && done_run 1 >>in && resutil record-runs <in >out &&
	ask "{\"op\":\"update\",\"run\":1,\"info\":{\"a\":1}}" >out &&
	grep "\"code\":10" out && grep "another run" out &&
	ask "$(done_run 1)" >out && grep "\"code\":10" out &&
	! grep retry out && ask "$(done_run 1)" >out && grep "no run 1" out &&
	stop_recorder && key revision t/mv/mine 2
'

test_expect_success 'the end cannot be recorded when the program dies: exit 3' '
	start_recorder && ask "$(trial mv/broken)" "$(trial mv/good)" >out &&
	echo "{" >t/mv/broken/resutil-exp.yaml &&
	test_expect_code 3 stop_recorder && grep "mv/broken" recorder.err &&
	has_state t/mv/good lost
'

test_expect_success PYTHON 'a line of 64 MiB is the longest' '
	python3 -c "
import sys
big = 64 << 20
head = b\"{\\\"op\\\":\\\"hello\\\",\\\"x\\\":\\\"\"
out = sys.stdout.buffer
out.write(head + b\"y\" * (big - len(head) - 2) + b\"\\\"}\\n\")
out.write(head + b\"y\" * (big - len(head) - 1) + b\"\\\"}\\n\")
out.write(head + b\"y\" * (2 * big) + b\"\\\"}\\n\")
out.write(b\"{\\\"op\\\":\\\"hello\\\",\\\"x\\\":[\" + b\"1,\" * 20000000 + b\"1]}\\n\")
out.write(b\"[\" * 1000000 + b\"\\n\")
out.write(b\"\\xff\\xfe\\n\")
out.write(b\"{\\\"op\\\":\\\"hello\\\"}\\n\")
" >in &&
	resutil record-runs <in >out &&
	sed "s/.*\"ok\":\([a-z]*\).*/\1/" out >got &&
	printf "%s\n" true false false false false false true >want &&
	test_cmp want got &&
	sed -n 2p out >second && grep "too large" second &&
	sed -n 4p out >fourth && grep "too many values" fourth
'

# long BYTES: a text
long () {
	head -c "$1" /dev/zero | tr "\0" a
}

test_expect_success 'a result of 10 MB is kept, one that is too large is told' '
	{
		trial large &&
		printf "{\"op\":\"finish\",\"run\":1,\"state\":\"done\",\"result\":\"" &&
		long 10000000 && printf "\"}\n" &&
		trial larger &&
		printf "{\"op\":\"finish\",\"run\":2,\"state\":\"done\",\"result\":\"" &&
		long 40000000 && printf "\"}\n" &&
		done_run 2 "\"result\":\"small\""
	} >in &&
	resutil record-runs <in >out &&
	sed "s/.*\"ok\":\([a-z]*\).*/\1/" out >got &&
	printf "%s\n" true true true false true >want && test_cmp want got &&
	sed -n 4p out >fourth && grep "\"code\":13" fourth &&
	grep "\"retry\":true" fourth &&
	has_state t/large done && key result t/larger "\"small\""
'

test_expect_success MOUNT 'a full disk: told, nothing half there, and then it works' '
	disk 192k full &&
	start_recorder &&
	ask "$(trial a | sed "s/\"t\"/\"full\"/")" >out &&
	{
		dd if=/dev/zero of=full/filler bs=4k 2>/dev/null || :
	} &&
	ask "$(trial b/c | sed "s/\"t\"/\"full\"/")" >out &&
	grep "\"ok\":false" out && grep "\"code\":128" out &&
	test_path_is_missing full/b &&
	ask "$(done_run 1 "\"result\":\"$(long 60000)\"")" >out &&
	grep "\"retry\":true" out &&
	has_state full/a running &&
	ls -A full/a >files &&
	printf "%s\n" .resutil-live resutil-exp.yaml >want &&
	test_cmp want files &&
	ask "$(done_run 1)" >out && grep "\"ok\":true" out &&
	stop_recorder && has_state full/a done
'

# A live file locks nothing when nobody holds it: one that could not be locked
# or removed may stay.
left_in () {
	test ! -e "$1" || find "$1" -type f ! -name .resutil-live
}

test_expect_success FAULTS 'each step of a begin may fail: nothing is left' '
	i=0 failed=0 &&
	while test $((i = i + 1)) -lt 25
	do
		trial "f/$i" >in &&
		with_faults RESUTIL_TEST_FAULT=any:$i:ENOSPC \
			resutil record-runs <in >out 2>err
		if grep "\"ok\":false" out
		then
			failed=$((failed + 1)) && left_in t/f >left &&
			test_must_be_empty left || return 1
		else
			resutil read-exp --key state t/f/$i >state || return 1
		fi
		rm -rf t/f
	done &&
	test $failed -gt 5
'

test_expect_success FAULTS 'each step of an end may fail: told, and done again' '
	i=0 failed=0 &&
	{
		trial "e" &&
		done_run 1 "\"traceback\":\"T\"" &&
		done_run 1 "\"traceback\":\"T\""
	} >in &&
	while test $((i = i + 1)) -lt 45
	do
		with_faults RESUTIL_TEST_FAULT=any:$i:EIO \
			resutil record-runs <in >out 2>err
		sed -n 1p out >first && sed -n 2p out >second &&
		if grep "\"ok\":true" first
		then
			has_state t/e done || return 1
			if grep "\"ok\":false" second
			then
				failed=$((failed + 1))
			fi
			left_in t/e | sort >left &&
			printf "t/e/%s\n" resutil-exp.yaml traceback.txt >want &&
			test_cmp want left || return 1
		fi
		rm -rf t/e
	done &&
	test $failed -gt 5
'

test_done
