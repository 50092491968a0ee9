#!/bin/sh

test_description='diff: two runs compared, what acts first'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

A=aapfup_20240704T191555_base
B=aapfuq_20240704T191600_new

# what could be a SHA-256
test_hash () {
	printf "%064d\n" "$1"
}

test_expect_success 'setup' '
	make_conf && mkdir store && test_set_now 1720088755 &&
	make_exp $A "id: $(test_id 1)" "revision: 3" "state: done" \
		"exit_code: 0" \
		"cmd: python3 train.py --lr 0.1 --out results/$A/x" \
		"argv: [python3, train.py, --lr, \"0.1\", --out, results/$A/x]" \
		"cwd: /home/ann/project" "user: ann" "host: ant" \
		"params: {lr: 0.1, out: results/$A/x, depth: 3, gone: 1, same: 1}" \
		"dependency: [aakuqj_20240511T174522_data, aakuqk_20240511T174600_old]" \
		"dependency_ids: {aakuqj_20240511T174522_data: $(test_id 5)}" \
		"inputs:" "- experiment: aakuqj_20240511T174522_data" \
		"  path: in.csv" "  size: 2048" "  sha256: \"$(test_hash 1)\"" \
		"meta:" "  system: {os: Debian 12, node: ant}" \
		"  cpu: {model: Fast, logical: 8}" "  python: {version: 3.11.2}" \
		"  packages: [numpy==1.24.2, \"Py_YAML==6.0\", gone==1]" \
		"  env: {MY_VAR: one, OMP_NUM_THREADS: \"4\", HOME: /home/ann}" \
		"  gpu: {devices: [{name: A100, uuid: one}]}" \
		"info: {acc: 0.9, note: fine, same: 1}" \
		"at:" "  created: \"2024-07-04T19:15:55.000000+09:00\"" \
		"usage: {wall: 10.0, max_rss: 104857600}" &&
	make_exp $B "id: $(test_id 2)" "revision: 4" "state: fail" \
		"exit_code: 3" \
		"cmd: python3 other.py --lr 0.2 --out results/$B/x" \
		"argv: [python3, other.py, --lr, \"0.2\", --out, results/$B/x]" \
		"cwd: /home/bob/project" "user: bob" "host: bee" \
		"params: {lr: 0.2, out: results/$B/x, depth: 3.0, \"new one\": [1, 2], same: 1}" \
		"dependency: [aalzzz_20240529T174522_data]" \
		"dependency_ids: {aalzzz_20240529T174522_data: $(test_id 6)}" \
		"inputs:" "- experiment: aalzzz_20240529T174522_data" \
		"  path: in.csv" "  size: 2048" "  sha256: \"$(test_hash 2)\"" \
		"meta:" "  system: {os: Debian 13, node: bee}" \
		"  cpu: {model: Fast, logical: 16}" "  python: {version: 3.12.1}" \
		"  packages: [numpy==1.26.0, py-yaml==6.0, new==2]" \
		"  env: {MY_VAR: two, OMP_NUM_THREADS: \"8\", HOME: /home/bob}" \
		"  gpu: {devices: [{name: A100, uuid: two}]}" \
		"info: {acc: 0.81, note: bad, same: 1}" \
		"at:" "  created: \"2024-07-04T19:16:00.000000+09:00\"" \
		"usage: {wall: 20.0, max_rss: 209715200}" &&
	printf "a\nb\nc\n" >results/$A/log.txt &&
	printf "a\nB\nc\nd\n" >results/$B/log.txt &&
	printf "x\0y" >results/$A/raw && printf "x\0z" >results/$B/raw &&
	echo gone >results/$A/gone && mkdir results/$B/deep &&
	printf "%03000d" 0 >results/$B/deep/new &&
	echo same >results/$A/same && echo same >results/$B/same &&
	printf "at,loss\n1,0.5\n2,0.25\n" >results/$A/metrics-0000.csv &&
	printf "at,loss\n1,0.5\n2,0.125\n" >results/$B/metrics-0000.csv
'

test_expect_success 'the page: results, what acts, what may, what cannot' '
	resutil diff --stat base new >actual 2>err && test_must_be_empty err &&
	cat >expect <<-\END &&
	A  aapfup_20240704T191555_base  done
	   python3 train.py --lr 0.1 --out results/aapfup_20240704T1915...
	B  aapfuq_20240704T191600_new  fail
	   python3 other.py --lr 0.2 --out results/aapfuq_20240704T1916...

	results
	  state              done -> fail
	  exit_code          0 -> 3  +3
	  info.note          fine -> bad
	  metrics.loss.last  0.25 -> 0.125  -0.125 (-50 %)
	  info.acc           0.9 -> 0.81  -0.09 (-10 %)
	  duration           10.0 -> 20.0  +10 (+100 %)
	  usage.max_rss      100.0 MiB -> 200.0 MiB  (+100 %)

	differs and acts, likeliest first
	   1  cmd                        python3 train.py -> python3 other.py
	   2  params."new one"           (none) -> [1, 2]
	   3  params.gone                1 -> (none)
	   4  params.lr                  0.1 -> 0.2
	   5  dependency:data            aakuqj_20240511T174522_data -> aalzzz_20240529T174522_data  (another experiment of that name)
	   6  dependency:old             aakuqk_20240511T174600_old -> (none)
	   7  input:data/in.csv          aakuqj_20240511T174522_data/in.csv sha256:000000000000 -> aalzzz_20240529T174522_data/in.csv sha256:000000000000  2.0 KiB  (its content differs)
	   8  meta.python.version        3.11.2 -> 3.12.1
	   9  meta.env.OMP_NUM_THREADS   4 -> 8  (libraries read it)

	differs and may act
	  10  package:gone      1 -> (none)
	  11  package:new       (none) -> 2
	  12  package:numpy     1.24.2 -> 1.26.0
	  13  meta.env.MY_VAR   one -> two
	  14  host              ant -> bee
	  15  meta.cpu.logical  8 -> 16
	  16  meta.system.os    Debian 12 -> Debian 13
	  17  cwd               /home/ann/project -> /home/bob/project

	differs, but cannot act
	  at.created, comment, date, id, meta.env.HOME, name, revision, user
	END
	sed "/^files/,\$d" actual | sed "\$d" >got &&
	sed "s/   */  /g" expect >want.1 && sed "s/   */  /g" got >got.1 &&
	test_cmp want.1 got.1
'

test_expect_success 'files: what was added, removed, changed' '
	sed "1,/^files/d" actual >got &&
	cat >want <<-\END &&
	  A  deep/new          2.9 KiB  +1 -0
	  D  gone              5 B  +0 -1
	  M  log.txt           6 B -> 8 B  +2 -1
	  M  metrics-0000.csv  21 B -> 22 B
	  M  raw               3 B
	END
	test_cmp want got
'

test_expect_success 'text is compared line by line, measurements and others are not' '
	resutil diff --patch base new >actual &&
	cat >expect <<-\END &&
	--- /dev/null
	+++ b/deep/new
	@@ -0,0 +1 @@
	END
	head -n 3 actual >head && test_cmp expect head &&
	sed "1,/^ . No newline/d;/^.. No newline/d" actual |
		sed "1,3d" >rest &&
	sed -n "/^--- a.log.txt/,\$p" actual >log && cat >expect <<-\END &&
	--- a/log.txt
	+++ b/log.txt
	@@ -1,3 +1,4 @@
	 a
	-b
	+B
	 c
	+d
	END
	test_cmp expect log &&
	! grep metrics actual && ! grep raw actual &&
	resutil diff --patch --context=0 base new -- log.txt >actual &&
	cat >expect <<-\END &&
	--- a/log.txt
	+++ b/log.txt
	@@ -2 +2 @@
	-b
	+B
	@@ -3,0 +4 @@
	+d
	END
	test_cmp expect actual &&
	mkdir apply && cp results/$A/log.txt apply/ &&
	git apply --unidiff-zero --directory=apply actual &&
	test_cmp results/$B/log.txt apply/log.txt
'

test_expect_success '--max-lines says what it leaves out' '
	resutil diff --patch --context=0 --max-lines=2 base new -- log.txt \
		>actual &&
	test_grep "^-b$" actual && ! grep "^+d$" actual &&
	test_grep "^... 1 more lines: --max-lines=0$" actual
'

test_expect_success '--name-only and --name-status, likeliest first' '
	resutil diff --name-only base new >actual && head -n 4 actual >top &&
	printf "%s\n" cmd "\"params.\\\"new one\\\"\"" params.gone params.lr \
		>expect &&
	test_cmp expect top &&
	resutil diff --name-status --only=files base new >actual &&
	cat >expect <<-\END &&
	A	file:deep/new
	D	file:gone
	M	file:log.txt
	M	file:metrics-0000.csv
	M	file:raw
	END
	test_cmp expect actual &&
	resutil diff --name-status -z --only=params base new >actual &&
	printf "A\0params.\"new one\"\0D\0params.gone\0M\0params.lr\0" >expect &&
	sed "s/M.params.out.//" actual >got && test_cmp_bin expect got &&
	resutil diff --name-only --only=files base new -- deep "l*" >actual &&
	printf "file:%s\n" deep/new log.txt >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON '--json has a line for each, with numbers as numbers' '
	resutil diff --json base new >actual &&
	python3 - >out <<-\END &&
	import json
	rows = [json.loads(line) for line in open("actual")]
	by_name = {row["name"]: row for row in rows}
	assert len(by_name) == len(rows)
	ranks = [row["rank"] for row in rows if row["rank"]]
	assert ranks == list(range(1, len(ranks) + 1)), ranks
	for name in "params.lr", "info.acc", "package:numpy", "file:log.txt":
	    row = by_name[name]
	    print(name, row["section"], row["status"], row["class"], row["a"],
	          row["b"], row["change"] and round(row["change"], 6),
	          row["relative"] and round(row["relative"], 6), row["added"],
	          row["removed"], row["size_a"], row["size_b"])
	END
	cat >expect <<-\END &&
	params.lr params M acts 0.1 0.2 None None None None None None
	info.acc results M None 0.9 0.81 -0.09 -0.1 None None None None
	package:numpy packages M may act 1.24.2 1.26.0 None None None None None None
	file:log.txt files M None None None None None 2 1 6 8
	END
	test_cmp expect out
'

test_expect_success '--format has the same fields' '
	resutil diff --format="%(section) %(name) %(a) %(b)." --only=params \
		base new >actual &&
	cat >expect <<-\END &&
	params params."new one"  [1, 2].
	params params.gone 1 .
	params params.lr 0.1 0.2.
	END
	test_cmp expect actual &&
	resutil diff --format=csv --only=files base new >csv &&
	tr -d "\r" <csv >actual &&
	test_grep "^section,status,name,a,b,why$" actual &&
	test_grep "^files,M,file:raw," actual &&
	test_expect_code 129 resutil diff --format="%(none)" base new 2>err &&
	test_grep "there is no field .none." err
'

test_expect_success 'one is compared with the latest, none is the last two' '
	resutil diff --name-only base new >expect &&
	resutil diff --name-only base >actual && test_cmp expect actual &&
	resutil diff --name-only >actual && test_cmp expect actual &&
	resutil diff --name-only results/$A @ >actual && test_cmp expect actual
'

test_expect_success 'a run does not differ from itself' '
	resutil diff --exit-code base base >actual &&
	test_line_count = 4 actual &&
	resutil diff --name-only base base >actual && test_must_be_empty actual
'

test_expect_success '--exit-code is 1 for what may act, in what is shown' '
	test_expect_code 1 resutil diff --exit-code --name-only base new >out &&
	test_expect_code 1 resutil diff --exit-code --stat --only=files base new \
		>out &&
	resutil diff --exit-code --stat --only=record base new >out &&
	test_grep "^  at.created, comment" out
'

test_expect_success 'wrong usage is told' '
	test_expect_code 129 resutil diff base new base 2>err &&
	test_grep "behind .--." err &&
	test_expect_code 129 resutil diff --stat --json base new 2>err &&
	test_grep "exclude each other" err &&
	test_expect_code 129 resutil diff -z base new 2>err &&
	test_expect_code 129 resutil diff --only=colour base new 2>err &&
	test_grep "there is no section .colour." err &&
	test_expect_code 10 resutil diff base none 2>err &&
	test_grep "none" err &&
	test_expect_code 129 resutil diff aapfu base 2>err && test_grep $B err
'

test_expect_success 'what a record does not have is not compared' '
	C=aapfur_20240704T191700_old && mkdir -p results/$C &&
	printf "args: python3 train.py --lr 0.1\nresult_dir: results/$C\n" \
		>results/$C/resutil-exp.yaml &&
	resutil diff --stat base old >actual && sed -n "/^not compared/,/^$/p" \
		actual >got && sed "s/results.*x/X/" got >got.1 &&
	cat >expect <<-END &&
	not compared
	  meta: the record of $C has none
	  packages: the record of $C has none
	  params: the record of $C has none

	END
	test_cmp expect got.1 && ! grep "meta\.python" actual &&
	! grep "params\.lr" actual && rm -r results/$C
'

# reads NAME EXP HASH HASH: a run that read two files of an experiment
reads () {
	make_exp $1 "state: done" "argv: [python3, t.py]" "params: {lr: 1}" \
		"dependency: [$2]" "inputs:" "- experiment: $2" \
		"  path: test" "  size: 7" "  sha256: \"$(test_hash $3)\"" \
		"- experiment: $2" "  path: train" "  size: 7" \
		"  sha256: \"$(test_hash $4)\""
}

test_expect_success 'the same files of data that were made again may act, others do' '
	one=aakuqj_20240511T174522_data two=aakuqk_20240511T174600_data &&
	reads aapfur_20240704T191700_in1 $one 1 2 &&
	reads aapfur_20240704T191701_in2 $two 1 2 &&
	reads aapfur_20240704T191702_in3 $two 2 1 &&
	test_when_finished "rm -r results/aapfur_*" &&
	resutil diff --format="%(name)|%(class)|%(why)" --only=inputs in1 in2 >actual &&
	cat >expect <<-\END &&
	dependency:data|may act|another experiment, but the files that were read are the same
	END
	test_cmp expect actual &&
	resutil diff --format="%(name)|%(class)|%(why)" --only=inputs in1 in3 >actual &&
	cat >expect <<-\END &&
	dependency:data|acts|another experiment of that name
	input:data/test|acts|its content differs
	input:data/train|acts|its content differs
	END
	test_cmp expect actual
'

test_expect_success 'odd bytes and names' '
	bad=$(printf "b\377d\033[2J\n") &&
	for run in $A $B
	do
		mkdir results/$run/odd && echo $run >"results/$run/odd/$bad" &&
		echo $run >"results/$run/odd/new
line" || return 1
	done &&
	printf "caf\351 one\n" >results/$A/odd/latin &&
	printf "caf\351 two\n" >results/$B/odd/latin &&
	test_when_finished "rm -r results/*/odd" &&
	resutil diff --patch base new -- odd/latin >actual &&
	printf -- "-caf\351 one\n+caf\351 two\n" >expect &&
	sed 1,3d actual >got && test_cmp_bin expect got &&
	resutil diff --name-only --only=files base new -- odd >actual &&
	cat >expect <<-\END &&
	"file:odd/b\377d\033[2J"
	file:odd/latin
	"file:odd/new\nline"
	END
	test_cmp expect actual &&
	resutil diff --stat --only=files base new -- odd >actual &&
	! grep "$(printf "\033")" actual &&
	resutil diff --json --only=files base new -- odd >actual &&
	test_line_count = 3 actual && test_grep base64 actual
'

test_expect_success 'links are compared, not followed' '
	mkdir results/$A/l results/$B/l && echo one >results/$A/l/t &&
	echo one >results/$B/l/t && echo same >results/$A/l/f &&
	ln -s t results/$B/l/f && ln -s /etc/passwd results/$A/l/g &&
	ln -s /etc/shadow results/$B/l/g && ln -s t results/$A/l/h &&
	ln -s t results/$B/l/h && test_when_finished "rm -r results/*/l" &&
	resutil diff --only=files base new -- l >actual &&
	sed "1,/^files/d" actual >got && cat >expect <<-\END &&
	  M  l/f  5 B -> 1 B  (a link in one of them)
	  M  l/g  11 B
	END
	test_cmp expect got && chmod +x results/$B/l/t &&
	resutil diff --only=files base new -- l/t >actual &&
	test_grep "M  l/t  4 B.*(is executable)" actual
'

test_expect_success AS_USER 'what cannot be read is told' '
	chmod 0 results/$B/same && test_when_finished "chmod 644 results/$B/same" &&
	powerless resutil diff --stat base new >actual &&
	test_grep "same. cannot be read" actual
'

test_expect_success 'a long and a binary file have no patch' '
	mkdir results/$A/big results/$B/big &&
	test_when_finished "rm -r results/*/big" &&
	{ yes one | head -n 300000; } >results/$A/big/long &&
	{ yes two | head -n 300000; } >results/$B/big/long &&
	resutil diff base new -- big >actual &&
	test_grep "M  big/long  1.1 MiB$" actual && ! grep "^-one" actual
'

test_expect_success PTY 'a terminal gets colour and no control characters' '
	printf "\033[2Jone\n" >results/$A/esc && echo two >results/$B/esc &&
	test_when_finished "rm results/*/esc" &&
	RESUTIL_PAGER=cat TERM=xterm pty-run --screen=screen --raw \
		resutil diff base new -- esc &&
	test_grep "$(printf "\033\\[31m")-.x1b.2Jone" screen &&
	test_grep "$(printf "\033\\[32m")+two" screen
'

test_done
