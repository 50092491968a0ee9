#!/bin/sh

test_description='bench: what ends it early, and what cannot be written'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

tab=$(printf "\t")

field () {
	resutil read-exp --key "$2" "$1"
}

# start COMMENT [OPTION...]: a bench in the background, whose fourth call
# hangs. $bench is its pid, $call that of the call. A script's background jobs
# ignore SIGINT, which env turns on again.
start () {
	rm -f calls call status out
	start_comment=$1 &&
	shift &&
	(
		env --default-signal=INT resutil bench -n 100 --overhead=0 \
			-m "$start_comment" "$@" -- ./fourth >out 2>err
		echo $? >status.tmp && mv status.tmp status
	) &
	test_wait_for 30 test -e call &&
	read bench call <call
}

# ended STATUS: waits for the end, and that is it
ended () {
	test_wait_for 30 test -e status &&
	echo "$1" >want && test_cmp want status
}

# Nobody may have waited for what lost its parent.
is_gone () {
	! test -e "/proc/$1" || grep -q "^State:.*Z" "/proc/$1/status"
}

# has_rows NR DIR
has_rows () {
	test -e "$2"/metrics-0000.csv &&
	test "$(sed 1d "$2"/metrics-0000.csv | wc -l)" -eq "$1"
}

test_expect_success 'setup' '
	make_conf && mkdir store &&
	cat >fourth <<-\END &&
	#!/bin/sh
	echo . >>calls
	test $(($(wc -l <calls))) -lt 4 && exit 0
	echo $PPID $$ >call.tmp && mv call.tmp call
	exec sleep 1000
	END
	chmod +x fourth
'

for signal in "INT 130" "TERM 143" "HUP 129"
do
	test_expect_success "$signal: what there is is computed and recorded" '
		name=${signal% *} &&
		start "$name" && kill -s "$name" "$bench" &&
		ended "${signal#* }" &&
		test_grep "was made  ${tab} 3 runs" out &&
		test_grep "^average " out && test_grep "^no errors" out &&
		field "$name" state >got &&
		field "$name" signal >>got &&
		field "$name" result.total_count >>got &&
		printf "%s\n" interrupted "SIG$name" 3 >want &&
		test_cmp want got &&
		has_rows 3 results/*_"$name" &&
		test_wait_for 30 is_gone "$call"
	'
done

test_expect_success 'several go on, and all are ended' '
	start many -c 3 && kill -s TERM "$bench" && ended 143 &&
	test_wait_for 30 is_gone "$call" &&
	field many state >got && echo interrupted >want && test_cmp want got
'

test_expect_success 'a signal that is ignored (nohup) ends nothing' '
	(
		trap "" HUP &&
		resutil bench -n 3 --overhead=0 -m nohup -- \
			sh -c "kill -s HUP \$PPID"
	) >out 2>err &&
	field nohup state >got && echo done >want && test_cmp want got
'

test_expect_success 'kill -9: the run is lost, what was done is there' '
	start killed && test_wait_for 30 has_rows 3 results/*_killed &&
	kill -s KILL "$bench" && ended 137 && kill "$call" &&
	resutil list --format="%(name) %(state)" >out &&
	test_grep "_killed lost" out &&
	has_rows 3 results/*_killed
'

test_expect_success 'rows that cannot be written are told, and in the status' '
	(
		ulimit -f 64 &&
		test_expect_code 128 resutil bench -n 1000 --overhead=0 \
			-m full -- true
	) >out 2>err &&
	test_grep "rows of metrics are lost" err &&
	test_grep "was made  ${tab} 1000 runs" out &&
	field full state >got && field full result.total_count >>got &&
	printf "done\n1000\n" >want && test_cmp want got
'

test_expect_success 'too many at once for the files that may be open' '
	ls results >before &&
	(
		ulimit -n 200 &&
		test_expect_code 129 resutil bench -n 1 -c 300 -- true
	) >out 2>err &&
	test_grep "ulimit -n" err &&
	ls results >after && test_cmp before after
'

test_done
