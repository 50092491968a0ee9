#!/bin/sh

test_description='status: what runs, and what the next run would capture'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test_expect_success 'a project without repository or experiment' '
	mkdir plain && cd plain && make_conf &&
	resutil status >actual &&
	cat >expect <<-\END &&
	Project project: 0 experiments in '\''results'\'', store of type dir

	No git repository: the next run records no state of the code.
	END
	test_cmp expect actual &&
	resutil status --porcelain >actual &&
	tr "|" "\t" >expect <<-END &&
	project|project
	root|$(pwd -P)
	results_dir|results
	storage_type|dir
	experiments|0
	latest|
	not_pushed|0
	grown|0
	END
	test_cmp expect actual &&
	test_path_is_missing results &&
	test_path_is_missing .resutil
'

# What the tests write beside the code shall not be part of it.
make_quiet_repo () {
	make_repo "$1" && cd "$1" && make_conf && test_commit . conf &&
	printf "/%s\n" actual "expect*" runs files out err live \
		>.git/info/exclude
}

test_expect_success 'setup: a repository' '
	make_quiet_repo repo &&
	git rev-parse HEAD >../head
'

test_expect_success 'a clean work tree' '
	cd repo &&
	resutil status >actual &&
	cat >expect <<-END &&
	Project project: 0 experiments in '\''results'\'', store of type dir

	The next run records commit $(cut -c 1-12 ../head) on main; no file has changed.
	END
	test_cmp expect actual
'

test_expect_success 'changes, the largest first; what is left out, and why' '
	cd repo &&
	echo "# more" >>train.py &&
	printf "%02000d" 0 >new.txt &&
	printf "" >"new	tab" &&
	git rm -q --cached data.csv && rm data.csv &&
	echo "KEY=1" >.env &&
	make_exp aapfup_20240704T191555_x "state: done" &&
	resutil -c code.max-file=1000 status >actual &&
	cat >expect <<-END &&
	Project project: 1 experiment in '\''results'\'', store of type dir
	Latest: aapfup_20240704T191555_x
	1 not pushed ('\''resutil push -A'\'' sends them)

	The next run records commit $(cut -c 1-12 ../head) on main, and 3 changed files, 22 B:
	        22 B  train.py
	              data.csv (deleted)
	         0 B  new\\x09tab (untracked)
	It leaves out:
	     2.0 KiB  new.txt (too large)
	         6 B  .env (secret)
	END
	test_cmp expect actual
'

test_expect_success '--porcelain says the same in a form that stays' '
	cd repo &&
	resutil -c code.max-file=1000 status --porcelain >actual &&
	cat >expect <<-END &&
	project	project
	root	$(pwd -P)
	results_dir	results
	storage_type	dir
	experiments	1
	latest	aapfup_20240704T191555_x
	not_pushed	1
	grown	0
	commit	$(cat ../head)
	branch	main
	captured	22	modified	train.py
	captured	0	deleted	data.csv
	captured	0	untracked	"new\\ttab"
	left_out	2000	too large	new.txt
	left_out	6	secret	.env
	END
	test_cmp expect actual &&
	resutil -c code.max-file=1000 status -z | tr "\0" "\n" >actual &&
	sed "s/\"new.ttab\"/new	tab/" expect >expect.z &&
	test_cmp expect.z actual &&
	test_expect_code 129 resutil status --json --porcelain 2>err &&
	test_expect_code 129 resutil status now 2>err
'

test_expect_success 'it is what the next run captures' '
	cd repo &&
	resutil -q -c code.max-file=1000 run -m try --no-push -- true &&
	resutil show --format="%(git.uncommited_files)" @ >actual &&
	printf "%s\n" "[\"new\\ttab\", \"train.py\"]" >expect &&
	test_cmp expect actual &&
	resutil show --format="%(git.left_out.0.path) %(git.left_out.1.path)" \
		@ >actual &&
	echo ".env new.txt" >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON '--json is one object' '
	cd repo &&
	resutil status --json >actual &&
	test_line_count = 1 actual &&
	python3 - >out <<-\END &&
	import json
	status = json.load(open("actual"))
	print(status["project"], status["experiments"], status["runs"])
	print([c["path"] for c in status["git"]["captured"]])
	print(status["git"]["captured_bytes"], status["git"]["branch"])
	END
	cat >expect <<-\END &&
	project 2 []
	['\''new.txt'\'', '\''train.py'\'', '\''data.csv'\'', '\''new\ttab'\'']
	2022 main
	END
	test_cmp expect out
'

test_expect_success 'git records nothing of being asked' '
	cd repo &&
	find .git -type f | sort | xargs cksum >../before &&
	resutil status >/dev/null &&
	find .git -type f | sort | xargs cksum >../after &&
	test_cmp ../before ../after
'

test_expect_success 'runs that have not ended are told apart' '
	cd repo &&
	test_when_finished "rm -r results/aapfuq*" &&
	make_exp aapfuq_20240704T191601_gone "state: running" \
		"id: $(test_id 1)" "host: $(uname -n)" &&
	make_exp aapfuq_20240704T191602_far "state: running" \
		"id: $(test_id 2)" "host: far.example.org" &&
	resutil status >actual &&
	sed -n "/^Not ended/,/^\$/p; /^Lost/,/^\$/p" actual >runs &&
	cat >expect <<-\END &&
	Not ended, on other machines:
	  aapfuq_20240704T191602_far  running on far.example.org

	Lost (recorder and program died without a word):
	  aapfuq_20240704T191601_gone

	END
	test_cmp expect runs &&
	resutil status --porcelain >actual &&
	grep "^run" actual >runs &&
	cat >expect <<-END &&
	run	lost	aapfuq_20240704T191601_gone	$(uname -n)
	run	elsewhere	aapfuq_20240704T191602_far	far.example.org
	END
	test_cmp expect runs
'

# The program ends when somebody reads from the fifo; the recorder goes before.
test_expect_success 'a live run, then unattended, then lost' '
	cd repo && mkfifo ../gate &&
	{
		resutil -q run -m live --no-push -- \
			sh -c "echo \$\$ >../program; echo x >../gate" \
			2>/dev/null &
	} &&
	recorder=$! &&
	test_wait_for 20 test -s ../program &&
	resutil list --state=running --format="%(state)" >actual &&
	echo running >expect &&
	test_cmp expect actual &&
	resutil status --porcelain >actual &&
	test_grep "^run	running	.*_live	" actual &&
	kill -9 $recorder &&
	{ wait $recorder || :; } &&
	resutil status --porcelain >actual &&
	test_grep "^run	unattended	.*_live	" actual &&
	resutil list --state=unattended --format="%(state)" >actual &&
	echo "running, unattended" >expect &&
	test_cmp expect actual &&
	timeout 20 cat ../gate >out &&
	ended () {
		resutil list --state=lost --format="%(comment)" >actual &&
		test_cmp live actual
	} &&
	echo live >live &&
	test_wait_for 20 ended &&
	resutil status >actual &&
	test_grep "^Lost" actual &&
	rm live
'

test_expect_success 'many changes are cut, unless -a asks for all' '
	make_quiet_repo many &&
	for i in 1 2 3 4 5
	do
		for j in 1 2 3 4 5
		do
			echo $i$j >file$i$j || return 1
		done
	done &&
	resutil status >actual &&
	test_grep "and 5 more" actual &&
	grep "file[0-9]" actual >files &&
	test_line_count = 20 files &&
	resutil status -a >actual &&
	grep "file[0-9]" actual >files &&
	test_line_count = 25 files &&
	resutil status --porcelain >actual &&
	grep "^captured" actual >files &&
	test_line_count = 25 files
'

test_expect_success 'a repository without a commit' '
	mkdir new && cd new && git init -q -b trunk && make_conf &&
	resutil status >actual &&
	test_grep "there is no commit yet on trunk, and 2 changed files" actual &&
	resutil status --porcelain >actual &&
	test_grep "^commit	\$" actual &&
	test_grep "^branch	trunk\$" actual
'

test_expect_success 'an unreadable record is told, the rest is shown' '
	cd new &&
	make_exp aapfup_20240704T191555_bad "state: [" &&
	test_expect_code 3 resutil status >actual 2>err &&
	test_grep "1 experiment" actual &&
	test_grep "aapfup_20240704T191555_bad/resutil-exp.yaml" err
'

test_done
