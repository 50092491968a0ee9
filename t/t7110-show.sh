#!/bin/sh

test_description='show: one experiment, or a file of it'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

A=aapfup_20240704T191555_full
B=aapfuq_20240704T191600_small

test_expect_success 'setup' '
	make_conf && mkdir store && test_set_now 1720088755 &&
	make_exp $A \
		"id: $(test_id 7)" "revision: 3" "state: fail" "exit_code: 3" \
		"cmd: python3 train.py --lr 0.1" "cwd: /home/ann/project" \
		"params: {lr: 0.1, name: x}" \
		"dependency: [aakuqj_20240511T174522_data]" \
		"inputs:" "- experiment: aakuqj_20240511T174522_data" \
		"  path: in.csv" "  size: 2048" \
		"git:" "  commit_hash: 23e445a48d4c51ca8d5052476a410736c6855b49" \
		"  branch: main" "  uncommited_files: [train.py, lib/a.py]" \
		"  left_out:" "  - path: big.bin" "    size: 12582912" \
		"    reason: too large" \
		"at:" "  created: \"2024-07-04T19:15:55.000000+09:00\"" \
		"  started: \"2024-07-04T19:15:55.012000+09:00\"" \
		"  finished: \"2024-07-04T19:17:02.500000+09:00\"" \
		"usage: {wall: 66.488, user: 60.5, sys: 1.25, max_rss: 104857600}" \
		"error: \"ValueError: bad\\nsecond line\"" "tags: [best, paper]" \
		"user: ann" "host: ant" &&
	make_exp $B "state: done" "at:" \
		"  created: \"2024-07-04T19:16:00.000000+09:00\"" &&
	mkdir -p results/$A/deep/er "results/$A/ odd" &&
	printf "hello\nworld\n" >results/$A/out.txt &&
	printf "%05000d" 0 >results/$A/deep/er/model &&
	printf "a\0b\033[31m" >results/$A/raw &&
	: >"results/$A/tab	name"
'

test_expect_success 'the page says all that is known' '
	resutil show full >actual &&
	cat >expect <<-\END &&
	experiment aapfup_20240704T191555_full
	state:       fail, exit status 3
	error:       ValueError: bad
	             second line
	id:          11111111-2222-4333-8444-000000000007
	command:     python3 train.py --lr 0.1
	in:          /home/ann/project
	date:        2024-07-04 19:15, 10 minutes ago
	started:     2024-07-04T19:15:55.012000+09:00
	finished:    2024-07-04T19:17:02.500000+09:00
	duration:    1 m 06 s (user 60.50 s, system 1.25 s)
	memory:      100.0 MiB
	recorded by: ann on ant
	code:        23e445a48d4c51ca8d5052476a410736c6855b49 on main
	             2 changed files: train.py, lib/a.py
	             left out: big.bin (too large, 12.0 MiB)
	parameters:  lr = 0.1
	             name = x
	depends on:  aakuqj_20240511T174522_data
	inputs:      aakuqj_20240511T174522_data/in.csv (2.0 KiB)
	tags:        best
	             paper
	END
	sed "/^files:/,\$d" actual >top &&
	test_cmp expect top &&
	test_grep "^files:       5, " actual &&
	test_grep "4\.9 KiB  deep/  1 file$" actual &&
	test_grep "0 B  tab.x09name$" actual &&
	test_grep "12 B  out.txt$" actual
'

test_expect_success 'several are shown, one unknown among them is told' '
	test_expect_code 3 resutil show @ none full >actual 2>err &&
	grep "^experiment" actual >heads &&
	printf "experiment %s\n" $B $A >expect &&
	test_cmp expect heads &&
	test_grep "none" err &&
	test_expect_code 10 resutil show none >actual 2>err &&
	test_must_be_empty actual &&
	test_expect_code 129 resutil show 2>err &&
	test_grep "^usage: resutil show" err
'

test_expect_success 'an ambiguous EXP lists what it may mean' '
	test_expect_code 129 resutil show aapfu >actual 2>err &&
	test_must_be_empty actual &&
	test_grep $A err && test_grep $B err
'

test_expect_success 'a malformed record is named with its line' '
	test_when_finished "rm -r results/aapfur_20240704T191700" &&
	make_exp aapfur_20240704T191700 "state: done" "git: [" &&
	test_expect_code 13 resutil show aapfur >actual 2>err &&
	test_grep "aapfur_20240704T191700/resutil-exp.yaml.* line " err
'

test_expect_success PYTHON '--json is the whole record with the state of now' '
	test_when_finished "rm -r results/aapfur_20240704T191700" &&
	make_exp aapfur_20240704T191700 "state: running" "id: $(test_id 8)" \
		"host: $(uname -n)" "own_key: {a: [1, 2]}" &&
	resutil show --json full aapfur >actual &&
	test_line_count = 2 actual &&
	python3 - >out <<-\END &&
	import json
	one, two = [json.loads(line) for line in open("actual")]
	print(one["state"], one["git"]["left_out"][0]["size"], one["revision"])
	print(two["state"], two["own_key"]["a"], two["name"])
	END
	cat >expect <<-\END &&
	fail 12582912 3
	lost [1, 2] aapfur_20240704T191700
	END
	test_cmp expect out
'

test_expect_success '--format reaches into the record' '
	resutil show --format="%(exit_code) %(params.lr) %(git.branch) %(inputs.0.path)%x21" \
		full >actual &&
	echo "3 0.1 main in.csv!" >expect &&
	test_cmp expect actual &&
	test_expect_code 129 resutil show --format="%(nothing)" full 2>err &&
	test_grep "there is no field .nothing." err
'

test_expect_success 'a real shell reads the command as it was' '
	mkdir shell && cd shell && make_conf &&
	set -- "a b" "it'\''s" "\$HOME" "\`id\`" "*" "~" "" "two
	lines" "\\n" "\"" "A=1" "#x" "!" "{a,b}" "--x=[1]" "日本" "%s" "-" "; :" &&
	resutil -q run -m odd --no-push -- printf "%s|" "$@" >expect &&
	resutil show --format="%(cmd)" odd >script &&
	sh ./script >actual &&
	test_cmp expect actual &&
	test -s actual
'

test_expect_success 'EXP:PATH gives the bytes of a file' '
	resutil show full:out.txt >actual &&
	test_cmp_bin results/$A/out.txt actual &&
	resutil show full:./raw >actual &&
	test_cmp_bin results/$A/raw actual &&
	resutil show full:deep/er/model >actual &&
	test_cmp_bin results/$A/deep/er/model actual &&
	resutil show results/$A:deep//er/model >actual &&
	test_cmp_bin results/$A/deep/er/model actual
'

test_expect_success 'a directory is listed, an entry a line' '
	resutil show full: >actual &&
	cat >expect <<-\END &&
	 odd/
	deep/
	out.txt
	raw
	resutil-exp.yaml
	"tab\tname"
	END
	test_cmp expect actual &&
	resutil show full:. >actual &&
	test_cmp expect actual &&
	resutil show full:deep >actual &&
	echo er/ >expect &&
	test_cmp expect actual &&
	resutil show -z full: | tr "\0" "\n" >actual &&
	test_grep "^tab	name$" actual
'

test_expect_success 'no path leads out of the experiment' '
	echo secret >outside &&
	ln -s ../../outside results/$A/up &&
	ln -s "$PWD/outside" results/$A/abs &&
	ln -s ../../.. results/$A/dir &&
	ln -s loop results/$A/loop &&
	ln -s deep/../out.txt results/$A/inside &&
	test_when_finished "cd \"$PWD/results/$A\" && rm up abs dir loop inside" &&
	for path in ../$B/resutil-exp.yaml deep/../../../outside "$PWD/outside" ..
	do
		test_expect_code 129 resutil show "full:$path" >out 2>err &&
		test_must_be_empty out &&
		test_grep "not a path inside" err || return 1
	done &&
	for path in up abs dir/outside loop
	do
		test_expect_code 128 resutil show "full:$path" >out 2>err &&
		test_must_be_empty out &&
		test_grep "leads out of the experiment" err || return 1
	done &&
	resutil show full:inside >out &&
	test_cmp_bin results/$A/out.txt out
'

test_expect_success 'nothing is read through a link in place of an experiment' '
	mkdir elsewhere &&
	printf "state: done\n" >elsewhere/resutil-exp.yaml &&
	echo far >elsewhere/file &&
	ln -s ../elsewhere results/aapfus_20240704T191800 &&
	test_when_finished "rm results/aapfus_20240704T191800" &&
	for arg in aapfus:file aapfus aapfus_20240704T191800:file
	do
		test_expect_code 10 resutil show $arg >out 2>err &&
		test_must_be_empty out || return 1
	done
'

test_expect_success 'a record that is no file of its own is malformed' '
	dir=results/aapfus_20240704T191800 &&
	test_when_finished "rm -rf $dir" &&
	mkdir $dir $dir/resutil-exp.yaml &&
	test_expect_code 13 resutil show aapfus >out 2>err &&
	rmdir $dir/resutil-exp.yaml && mkfifo $dir/resutil-exp.yaml &&
	test_expect_code 13 resutil show aapfus >out 2>err &&
	rm $dir/resutil-exp.yaml &&
	ln -s ../../elsewhere/resutil-exp.yaml $dir/ &&
	test_expect_code 13 resutil show aapfus >out 2>err &&
	test_grep "is a link" err
'

test_expect_success 'what is no file is refused, what is not there is not found' '
	mkfifo results/$A/fifo &&
	test_when_finished "rm results/$A/fifo" &&
	test_expect_code 128 resutil show full:fifo 2>err &&
	test_grep "neither a file nor a directory" err &&
	test_expect_code 10 resutil show full:none 2>err &&
	test_expect_code 10 resutil show full:out.txt/x 2>err &&
	test_expect_code 10 resutil show none:out.txt 2>err &&
	test_expect_code 129 resutil show --json full:raw 2>err &&
	test_expect_code 129 resutil show full:raw @ 2>err
'

test_expect_success 'the page cannot speak to the terminal' '
	test_when_finished "rm -r results/aapfus*" &&
	make_exp aapfus_20240704T191800 "state: done" \
		"cmd: \"\\e]0;title\\a\"" "params: {\"\\e[2J\": \"\\x9b1m\"}" \
		"host: \"\\e[31m\"" "tags: [\"\\e[31m\"]" &&
	resutil show aapfus >actual &&
	! grep "$(printf "\033")" actual &&
	test_grep "x1b]0;title" actual
'

test_expect_success PTY 'nor can a file; to a pipe it goes as it is' '
	RESUTIL_PAGER= pty-run --screen=screen --raw resutil show full:raw &&
	! grep "$(printf "\033")" screen &&
	test_grep "a.x00b.x1b\[31m" screen &&
	RESUTIL_PAGER= pty-run --screen=screen --raw \
		resutil show --format="%(error)" full &&
	test_grep "second line" screen
'

test_expect_success PTY 'lines of a file may end with CR and LF' '
	test_when_finished "rm results/$A/table.csv" &&
	printf "a,b\\r\\n1\\r,2\\r\\n" >results/$A/table.csv &&
	RESUTIL_PAGER= pty-run --screen=screen --raw \
		resutil show full:table.csv &&
	printf "a,b\\r\\n1\\\\x0d,2\\r\\n" | cmp - screen
'

test_expect_success 'a hundred files are counted, twenty shown' '
	test_when_finished "rm -r results/aapfus*" &&
	make_exp aapfus_20240704T191800 "state: done" &&
	for i in 0 1 2 3 4 5 6 7 8 9
	do
		for j in 0 1 2 3 4 5 6 7 8 9
		do
			: >results/aapfus_20240704T191800/f$i$j || return 1
		done
	done &&
	resutil show aapfus >actual &&
	test_grep "^files:       101, " actual &&
	test_grep "and 81 more" actual &&
	sed "1,/^files/d" actual >files &&
	test_line_count = 21 files
'

# make_trial DIR [LINE...]: a record of a trial
make_trial () {
	mkdir -p "$1" && make_trial_dir=$1 && shift &&
	printf "%s\n" "$@" >"$make_trial_dir/resutil-exp.yaml"
}

test_expect_success 'the page of a trial' '
	make_trial "t/m.f/15:01:02/a" "tid: m.f/a" "state: fail" \
		"function: m.f" "params: {x: 1}" "info: {step: 7}" \
		"error: \"ValueError: \\e[31mbad\"" "at:" \
		"  created: \"2024-07-04T19:16:00.000000+09:00\"" &&
	echo hello >t/m.f/15:01:02/a/out.txt &&
	resutil show t/m.f/15:01:02/a >actual && cat >expect <<-\END &&
	trial m.f/a
	state:       fail
	error:       ValueError: \e[31mbad
	function:    m.f
	parameters:  x = 1
	info:        step = 7
	END
	sed -e "/^date:/d" -e "/^files:/,\$d" actual >top && sed \
		"s/.e\[31m/ESC/" expect >want && sed "s/ .x1b\[31m/ ESC/" top >got &&
	test_cmp want got && test_grep "6 B  out.txt$" actual &&
	resutil show "$(pwd)/t/m.f/15:01:02/a/" >again &&
	test_cmp actual again && (cd t/m.f/15:01:02/a && resutil show .) >again &&
	test_cmp actual again &&
	resutil show --format="%(name) %(state) %(params.x)" \
		t/m.f/15:01:02/a >actual && echo "m.f/a fail 1" >expect &&
	test_cmp expect actual &&
	resutil show --json t/m.f/15:01:02/a >actual &&
	test_grep "\"tid\":\"m.f/a\"" actual && ! grep "\"name\"" actual
'

test_expect_success 'files of a trial' '
	resutil show t/m.f/15:01:02/a:out.txt >actual && echo hello >expect &&
	test_cmp expect actual &&
	resutil show t/m.f/15:01:02/a: >actual &&
	printf "%s\n" out.txt resutil-exp.yaml >expect &&
	test_cmp expect actual &&
	(cd t/m.f/15:01:02/a && resutil show .:out.txt) >actual &&
	echo hello >expect && test_cmp expect actual &&
	test_expect_code 10 resutil show t/m.f/15:01:02/a:none 2>err &&
	test_expect_code 129 resutil show t/m.f/15:01:02/a:../x 2>err
'

test_expect_success 'trials and experiments, of votakvot, lost ones' '
	mkdir -p t/old && printf "tid: old\nstate: done\n" >t/old/votakvot.yaml &&
	make_trial t/gone "tid: gone" "state: running" "host: $(uname -n)" &&
	resutil show t/old small t/gone >actual &&
	test_grep "^trial old$" actual && test_grep "^experiment $B$" actual &&
	test_grep "^state:  *lost$" actual &&
	resutil show t/old >actual && ! grep "^date:" actual
'

test_expect_success 'what is no trial is sought among experiments' '
	test_expect_code 10 resutil show t/none 2>err &&
	test_expect_code 10 resutil show t/m.f 2>err &&
	mkdir -p copies && cp -R results/$B copies/ &&
	test_expect_code 10 resutil show copies/$B 2>err &&
	resutil show results/$B >actual && test_grep "^experiment $B$" actual &&
	mkdir t/broken && echo "{" >t/broken/resutil-exp.yaml &&
	test_expect_code 13 resutil show t/broken 2>err &&
	test_grep "t/broken" err
'

test_done
