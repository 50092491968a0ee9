#!/bin/sh

test_description='list and show: each field is what the record has'

. ./test-lib.sh

name=aapfup_20240704T191555_all

test_expect_success 'setup: a run whose record has everything' '
	make_project &&
	mkdir -p results/$name &&
	cat >results/$name/resutil-exp.yaml <<-EOF
	resutil: 1
	id: 5f0c1fd8-52ee-4a3f-9c39-0b9c55f3c4a1
	revision: 3
	name: $name
	cmd: prog --lr 0.1
	args: prog --lr 0.1
	argv: [prog, --lr, "0.1"]
	cwd: /home/ann
	params: {lr: 0.1}
	dependency: [aapfuo_20240704T191500_data]
	dependency_ids:
	  aapfuo_20240704T191500_data: 0e1ad1b0-9f5e-4c6b-8a86-2d9c0f7a7a10
	inputs: [{experiment: aapfuo_20240704T191500_data, path: x, size: 3}]
	result_dir: results/$name
	git: {commit_hash: "23e445a4", branch: main, patch: null}
	meta: {host: {hostname: lab3}}
	at:
	  created: "2024-07-04T19:15:55.000000+09:00"
	  started: "2024-07-04T19:15:56.000000+09:00"
	  finished: "2024-07-04T19:16:06.500000+09:00"
	state: fail
	exit_code: 3
	signal: SIGKILL
	usage: {wall: 10.5, user: 1.0, sys: 0.5, max_rss: 4096}
	info: {loss: 0.25}
	result: [1, 2]
	error: it broke
	tags: [best, new]
	host: lab3
	user: ann
	redacted: [{number: 1, where: [argv.2], why: option --token}]
	executor: slurm
	rerun_of: aapfun_20240704T191400
	renamed_from: [aapfup_20240704T191555_old]
	sweep: {name: s, number: 4}
	EOF
'

test_expect_success 'a field of a record is the value that is there' '
	resutil list --json >list.json &&
	resutil read-exp --json $name >record &&
	for key in id revision cmd argv cwd params dependency exit_code signal \
		host user tags dependency_ids inputs git meta at usage info \
		result error redacted executor rerun_of renamed_from sweep \
		name state
	do
		printf "%s\t" $key &&
		resutil show --format="%($key)" $name || return 1
	done >fields &&
	python3 - <<-\EOF
	import json
	record = json.loads(open("record").read())
	for line in open("fields"):
	    key, text = line.rstrip("\n").split("\t", 1)
	    value = record[key]
	    shown = json.loads(text) if text[0] in "[{" else text
	    assert shown == (value if text[0] in "[{" else str(value)), line
	row = json.loads(open("list.json").read())
	for key in set(row) & set(record):
	    assert row[key] == record[key], (key, row[key])
	assert row["commit"] == record["git"]["commit_hash"]
	assert row["branch"] == "main"
	assert row["started"] == record["at"]["started"]
	assert row["finished"] == record["at"]["finished"]
	assert row["comment"] == "all"
	assert row["duration"] == 10.5, row["duration"]
	EOF
'

test_expect_success 'and the same by a template' '
	resutil show $name --format="%(id) %(exit_code) %(signal) %(executor) %(rerun_of) %(error)" >actual &&
	echo "5f0c1fd8-52ee-4a3f-9c39-0b9c55f3c4a1 3 SIGKILL slurm aapfun_20240704T191400 it broke" >expect &&
	test_cmp expect actual &&
	resutil show $name --format="%(sweep)|%(renamed_from)|%(usage)|%(at)" >actual &&
	test_grep "number.*4" actual && test_grep "_old" actual &&
	test_grep "4096" actual && test_grep "19:15:55" actual
'

test_expect_success 'a field that the record lacks is empty, in JSON null' '
	mkdir -p results/aaaaaa_20240101T000000 &&
	echo "state: done" >results/aaaaaa_20240101T000000/resutil-exp.yaml &&
	resutil show aaaaaa --format="[%(sweep)%(error)%(meta)]" >actual &&
	echo "[]" >expect && test_cmp expect actual &&
	resutil list --state=done --json >json &&
	test_grep "\"exit_code\": *null" json
'

test_done
