#!/bin/sh

test_description='bench: how long commands take, recorded as an experiment

No test here knows how long anything takes.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

tab=$(printf "\t")
q="'"

test_expect_success 'setup' '
	make_conf && mkdir store &&
	cat >flaky <<-\END &&
	#!/bin/sh
	# the Nth call, by what the calls before left
	echo . >>"$1" && n=$(($(wc -l <"$1")))
	case $n in
	3|6) echo "first line" >&2; echo "call $n: $2" >&2; exit 3 ;;
	5) kill -s KILL $$ ;;
	esac
	echo "out $n"
	END
	chmod +x flaky
'

# without_times FILE: numbers of milliseconds, bars, and how many percentiles
without_times () {
	sed -E "/^  pct/d; /^ +[0-9.e-]+ ms \.\. /d
		s/-?[0-9]+\.[0-9]+( ms|\)| times| runs\/s| \.\.)/X\1/g
		s/\(\? ms\)/(X ms)/; s/[0-9.]+ [KM]iB/X MiB/
		s/\(median of [0-9]+\)/(median of N)/
		s/[a-z]{6}_[0-9T]{15}/NAME/" "$1"
}

test_expect_success 'what a person is told' '
	resutil bench -n 5 -m page -- true >out 2>err &&
	without_times out >got &&
	cat >want <<-END &&
	run ${q}true${q}
	was made  ${tab} 5 runs
	average ${tab} X ms${tab}(X .. X ms)
	std_dev ${tab} X ms
	minimum ${tab} X ms
	maximum ${tab} X ms
	percentiles:
	histogram:
	throughput ${tab} X runs/s
	user    ${tab} X ms
	system  ${tab} X ms
	memory  ${tab} X MiB at most
	results:
	  5 times ${tab} 0
	no errors
	starting ${tab} X ms of each run, until the program was there (median)
	${q}true${q}  ${tab} X ms for a program that does nothing (median of N)
	nothing was subtracted
	more info at
	  results/NAME_page
	END
	test_cmp want got &&
	test_grep "5 calls are few" err
'

test_expect_success 'what is recorded: command, parameters, rows, result' '
	resutil bench -n 7 -w 2 -c 3 -m record -- \
		sh -c "test -n \"\$RESUTIL_EX_DIR\" && echo x >>\"\$RESUTIL_EX_DIR\"/calls" --lr=0.5 >out 2>err &&
	resutil read-exp --key state record >out && echo done >want &&
	test_cmp want out &&
	resutil read-exp --json --key params record >out &&
	echo "{\"lr\":0.5,\"bench\":{\"concurrency\":3,\"number\":7,\"warmup\":2}}" >want &&
	test_cmp want out &&
	resutil read-exp --json --key argv record >out &&
	test_grep "^\[\"resutil\",\"bench\",\"-n\",\"7\",\"-w\",\"2\"" out &&
	dir=$(echo results/*_record) &&
	test_line_count = 9 "$dir"/calls &&
	head -n 1 "$dir"/metrics-0000.csv >got &&
	echo at,duration,result,error,spawn,user,sys,max_rss >want &&
	test_cmp want got &&
	sed 1d "$dir"/metrics-0000.csv >rows && test_line_count = 7 rows &&
	test_must_fail grep -v -E "^[0-9]+\.[0-9]+,[0-9.e-]+,0,,[0-9.e-]+,[0-9.e-]+,[0-9.e-]+,[0-9]+$" rows &&
	resutil read-exp --key result.total_count record >out &&
	resutil read-exp --key result.duration.count record >>out &&
	resutil read-exp --key result.errors_count record >>out &&
	resutil read-exp --json --key result.results record >>out &&
	printf "7\n7\n0\n[{\"result\":0,\"count\":7}]\n" >want &&
	test_cmp want out
'

test_expect_success PYTHON 'the result is what the rows say' '
	resutil bench -n 60 -c 2 --overhead=5 --json -m sums -- true >out 2>err &&
	cat >check.py <<-\END &&
	import csv, glob, json, math
	rows = list(csv.DictReader(open(glob.glob("results/*_sums/metrics-0000.csv")[0])))
	got = json.load(open("out"))
	result = got["result"]
	times = sorted(float(row["duration"]) for row in rows)
	def near(a, b):
	    assert math.isclose(a, b, rel_tol=1e-6, abs_tol=2e-9), (a, b)
	assert len(times) == 60 == result["total_count"]
	duration = result["duration"]
	near(math.fsum(times), result["total_time"])
	near(math.fsum(times) / 60, duration["average"])
	near(times[0], duration["minimum"])
	near(times[-1], duration["maximum"])
	near((times[29] + times[30]) / 2, duration["median"])
	near(times[math.ceil(60 * .9) - 1], duration["percentiles"]["90"])
	assert sorted(duration["percentiles"], key=float) == [
	    "10", "25", "50", "75", "90"]
	assert sum(duration["histogram"]["counts"]) == 60
	low, high = duration["average_interval"]
	assert low <= duration["average"] <= high
	near(60 / result["elapsed"], result["real_rps"])
	assert 0 < result["spawn"]["median"] <= duration["maximum"]
	near(math.fsum(float(row["user"]) for row in rows) / 60, result["user"])
	assert max(int(row["max_rss"]) for row in rows) == result["max_rss"] > 0
	assert result["empty_program"]["count"] <= 5
	assert got["state"] == "done" and got["name"].endswith("_sums")
	assert got["command"] == "true"
	END
	python3 check.py
'

test_expect_success 'failures: by their kind, with what they wrote' '
	test_expect_code 3 resutil bench -n 8 -m flaky --json --overhead=0 \
		-- ./flaky n1 ghp_0123456789abcdefghijklmnopqrstuvwxyz >out 2>err &&
	resutil read-exp --key state flaky >got && echo done >want &&
	test_cmp want got &&
	resutil read-exp --json --key result.errors flaky >got &&
	cat >want <<-\END &&
	[{"error":"exit status 3","count":2,"samples":["first line\ncall 3: <redacted:1>","first line\ncall 6: <redacted:1>"]},{"error":"SIGKILL","count":1,"samples":[]}]
	END
	test_cmp want got &&
	resutil read-exp --key result.duration.count flaky >got &&
	resutil read-exp --json --key result.results flaky >>got &&
	cat >want <<-\END &&
	5
	[{"result":0,"count":5},{"result":3,"count":2},{"result":null,"count":1}]
	END
	test_cmp want got &&
	sed 1d results/*_flaky/metrics-0000.csv | cut -d , -f 3-4 >got &&
	printf "%s\n" 0, 0, "3,exit status 3" 0, ",SIGKILL" "3,exit status 3" \
		0, 0, >want && test_cmp want got &&
	test_must_fail grep -r ghp_0123 out err results/*_flaky
'

test_expect_success 'samples are few, and their end' '
	cat >loud <<-\END &&
	#!/bin/sh
	awk "BEGIN { for (i = 0; i < 20000; i++) print \"line\", i, \"of $$\" }" >&2
	exit 1
	END
	chmod +x loud &&
	test_expect_code 1 resutil bench -n 5 -m loud --overhead=0 -- ./loud \
		>out 2>err &&
	test "$(grep -c "line 19999 of" out)" = 3 &&
	test "$(grep -c "line" out)" = 9 &&
	cat results/*_loud/resutil-exp.yaml >record &&
	test "$(wc -c <record)" -lt 30000 &&
	resutil read-exp --key state loud >got && echo fail >want &&
	test_cmp want got &&
	resutil read-exp --key exit_code loud >got && echo 1 >want &&
	test_cmp want got
'

test_expect_success 'a command that cannot be started leaves nothing' '
	ls results >before &&
	test_expect_code 127 resutil bench -n 1 -- no-such-program 2>err &&
	test_grep "no-such-program" err &&
	: >no-x && test_expect_code 126 resutil bench -n 1 -- ./no-x 2>err &&
	test_expect_code 127 resutil bench -n 1 --compare no-such-one -- true &&
	test_expect_code 10 resutil bench -n 1 --stdin=gone -- cat &&
	ls results >after && test_cmp before after
'

test_expect_success 'words that mean nothing' '
	for words in "" "-n 0x" "-n 0 true" "-c 0 true" "-n 1 -d 1 true" \
		"-d 0 true" "-d 5q true" \
		"-d -1 true" "--rate=0 true" "--rate=x true" "--level=2 true" \
		"--rate=1 --compare=true true" "--output=maybe true" \
		"--compare= true" "-n 99999999 true" "-c 99999 true" \
		"--format=%(nope) true"
	do
		test_expect_code 129 resutil bench $words >out 2>err &&
		test_must_be_empty out || return 1
	done &&
	ls results >after && test_cmp before after
'

# Nobody may have waited for what lost its parent.
is_gone () {
	! test -e "/proc/$1" || grep -q "^State:.*Z" "/proc/$1/status"
}

test_expect_success 'what hangs is ended with all that it started' '
	cat >hang <<-\END &&
	#!/bin/sh
	trap "" TERM
	echo "will hang" >&2
	sh -c "trap \"\" TERM; echo \$\$ >>pids; exec sleep 1000" &
	echo $$ >>pids
	wait; sleep 1000
	END
	chmod +x hang &&
	: >pids &&
	test_expect_code 1 resutil bench -n 1 --timeout=2s --overhead=0 \
		-m hang -- ./hang >out 2>err &&
	resutil read-exp --key result.errors.0.error hang >got &&
	echo timeout >want && test_cmp want got &&
	test_grep "  1 times ${tab} timeout" out &&
	resutil read-exp --json --key result.duration hang >got &&
	echo null >want && test_cmp want got &&
	cat pids &&
	while read pid
	do
		test_wait_for 30 is_gone "$pid" || return 1
	done <pids
'

test_expect_success 'strict: the first failure is the last call' '
	test_expect_code 3 resutil bench -n 100 --strict --overhead=0 \
		-m strict -- ./flaky n2 word >out 2>err &&
	test_grep "was made  ${tab} 3 runs" out
'

test_expect_success 'compared in turns, and the other one begins each time' '
	resutil bench -n 20 -w 1 --overhead=0 -m turns --compare="sh -c \"echo b >>order\"" \
		-- sh -c "echo a >>order" >out 2>err &&
	tr -d "\n" <order >got &&
	echo "abbaabbaabbaabbaabbaabbaabbaabbaabbaabbaab" | tr -d "\n" >want &&
	test_cmp want got &&
	test_grep "takes [0-9.]* times as long as .sh -c .*${tab}([0-9.]* \.\. [0-9.]*)" out &&
	test_must_fail grep throughput out &&
	sed 1d results/*_turns/metrics-0000.csv | cut -d , -f 9 |
		tr -d "\n" >got &&
	echo "2112211221122112211221122112211221122112" | tr -d "\n" >want &&
	test_cmp want got
'

test_expect_success PYTHON 'the ratio is that of the pairs' '
	cat >check.py <<-\END &&
	import csv, glob, json, math, subprocess
	rows = list(csv.DictReader(open(glob.glob("results/*_turns/metrics-0000.csv")[0])))
	logs = []
	for i in range(0, 40, 2):
	    pair = {row["program"]: float(row["duration"]) for row in rows[i:i + 2]}
	    logs.append(math.log(pair["2"] / pair["1"]))
	mean = math.fsum(logs) / 20
	sd = math.sqrt(math.fsum((x - mean) ** 2 for x in logs) / 19)
	half = 2.093024054408263 * sd / math.sqrt(20)	# t(0.975, 19)
	got = json.loads(subprocess.run(
	    ["resutil", "read-exp", "--json", "--key", "result.compared", "turns"],
	    stdout=subprocess.PIPE).stdout)[0]
	for a, b in ((got["ratio"], mean), (got["ratio_interval"][0], mean - half),
	             (got["ratio_interval"][1], mean + half)):
	    assert math.isclose(a, math.exp(b), rel_tol=1e-6), (a, math.exp(b))
	assert got["command"] == "sh -c \x27echo b >>order\x27"
	END
	python3 check.py
'

test_expect_success 'tables: a row a command' '
	resutil bench -n 3 --overhead=0 --format=csv --compare=false -- true \
		>out 2>err || test $? = 3 &&
	cut -d , -f 1-3 out >got &&
	printf "%s\n" command,count,failed true,3,0 false,3,3 >want &&
	test_cmp want got &&
	resutil bench -n 3 --overhead=0 --format="%(command) %(count) %(failed) %(ratio)" \
		-- true >got 2>err &&
	echo "true 3 0 " >want && test_cmp want got &&
	resutil bench -n 3 --overhead=0 --format=table -- true >got 2>err &&
	test_grep "^command .*count .*failed" got
'

test_expect_success 'what calls read and write' '
	printf "one\ntwo\n" >in &&
	resutil bench -n 3 --overhead=0 --output=keep --stdin=in -m io -- \
		sh -c "cat; echo err >&2" >out 2>err &&
	printf "one\ntwo\none\ntwo\none\ntwo\n" >want &&
	test_cmp want "$(echo results/*_io/stdout.log)" &&
	printf "err\nerr\nerr\n" >want &&
	test_cmp want "$(echo results/*_io/stderr.log)" &&
	echo secret | resutil bench -n 1 --overhead=0 -m none -- \
		sh -c "test -z \"\$(cat)\" && ! (exec </dev/tty) 2>/dev/null" >out 2>err &&
	test_path_is_missing results/*_none/stdout.log
'

test_expect_success 'by the clock' '
	resutil bench -n 10 --rate=100 -c 4 --overhead=0 -m rate -- true \
		>out 2>err &&
	test_grep "from the time when each was due to its end:" out &&
	head -n 1 results/*_rate/metrics-0000.csv >got &&
	echo at,duration,result,error,spawn,user,sys,max_rss,late >want &&
	test_cmp want got &&
	# the tenth is due 90 ms after the first, whenever they begin
	awk -F , "NR > 1 { due = \$1 - \$9 }
		NR == 2 || due < first { first = due }
		NR == 2 || due > last { last = due }
		NR > 1 && \$9 < 0 { early = 1 }
		END { exit !(NR == 11 && !early && last - first > 0.0899 &&
			     last - first < 0.0901) }" \
		results/*_rate/metrics-0000.csv &&
	resutil read-exp --key result.response.count rate >got &&
	echo 10 >want && test_cmp want got
'

# Ten calls of 20 ms that are due every 10 ms, one after the other: the last one
# begins 90 ms late, or later.
test_expect_success PYTHON 'a call that begins late has a response that is longer' '
	resutil bench -n 10 --rate=100 -c 1 --overhead=0 --json -m late -- sleep 0.02 >out 2>err &&
	python3 - <<-\END &&
	import csv, glob, json, math
	rows = list(csv.DictReader(open(glob.glob("results/*_late/metrics-0000.csv")[0])))
	rows.sort(key=lambda row: float(row["at"]))
	result = json.load(open("out"))["result"]
	assert float(rows[-1]["late"]) > 0.089, rows[-1]
	times = [float(row["duration"]) + float(row["late"]) for row in rows]
	for got, want in ((result["response"]["average"], math.fsum(times) / 10),
	                  (result["response"]["maximum"], max(times)),
	                  (result["duration"]["minimum"], min(float(r["duration"]) for r in rows))):
	    assert math.isclose(got, want, rel_tol=1e-6, abs_tol=4e-9), (got, want)
	END
	test_grep "of 10 calls began more than 1 ms after their time" err
'

test_expect_success 'for a time, and neither -n nor -d' '
	resutil bench -d 50ms --overhead=0 -m time -- true >out 2>err &&
	resutil read-exp --json --key params.bench time >got &&
	echo "{\"concurrency\":1,\"duration\":0.05}" >want &&
	test_cmp want got &&
	resutil bench -d 1ms --overhead=0 -- sleep 0.01 >out 2>err &&
	test_grep "was made  ${tab} 1 runs" out
'

test_expect_success 'what would be called' '
	ls results >before &&
	resutil bench --dry-run -n 3 -c 2 -m dry --compare "env b=1" -- \
		sh -c "echo a >ran" >out &&
	cat >want <<-END &&
	program${tab}$(command -v sh)
	command${tab}sh -c ${q}echo a >ran${q}
	program${tab}$(command -v env)
	command${tab}env b=1
	concurrency${tab}2
	number${tab}3
	comment${tab}dry
	END
	test_cmp want out && test_path_is_missing ran &&
	ls results >after && test_cmp before after
'

test_expect_success 'secrets among the words are in no place' '
	resutil bench -n 1 --overhead=0 -m secret --compare="true --token=hunter2hunter2" \
		-- sh -c "echo \"\$0 \$*\" >&2; exit 0" --password hunter3hunter3 >out 2>err &&
	test_must_fail grep -r -e hunter2 -e hunter3 out err results/*_secret
'

test_done
