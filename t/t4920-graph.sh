#!/bin/sh

test_description='graph: what was made from what'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

data=aakuqj_20240511T174522_data
train=aapfup_20240704T191555_train
second=aapfuq_20240704T191655_second
eval=aapfur_20240704T191755_eval

test_expect_success 'setup: data, two trainings, a result, a circle, one alone' '
	make_conf &&
	make_exp $data "id: $(test_id 1)" "state: done" \
		"at: {created: \"2024-05-11T17:45:22Z\"}" &&
	make_exp $train "id: $(test_id 2)" "state: done" \
		"at: {created: \"2024-07-04T19:15:55Z\"}" \
		"dependency: [aakuqj_20240511T174522_old name, aaaaaa_20240101T000000_gone]" &&
	make_exp $second "state: fail" \
		"at: {created: \"2024-07-04T19:16:55Z\"}" \
		"dependency: [$data, aakuqj_20240511T174522_twice]" \
		"rerun_of: $train" "sweep: {name: grid, number: 4}" &&
	make_exp $eval "state: done" \
		"at: {created: \"2024-07-04T19:17:55Z\"}" \
		"dependency: [$train, $second]" \
		"renamed_from: [aapfur_20240704T191755_before]" &&
	make_exp aapfus_20240704T191855_c1 \
		"dependency: [aapfut_20240704T191955_c2]" &&
	make_exp aapfut_20240704T191955_c2 \
		"dependency: [aapfus_20240704T191855_c1, aapfut_20240704T191955_c2]" &&
	make_exp aapfuu_20240704T192055_alone "state: done"
'

test_expect_success 'all that is tied, from what nothing leads to' '
	cat >expect <<-END &&
	$data (done)
	├── $train (done)
	│   ├── $eval (done)
	│   └── rerun: $second (fail)
	│       └── $eval (done)
	└── $second (fail) (see above)
	aaaaaa_20240101T000000_gone (missing)
	└── $train (done) (see above)
	sweep grid
	└── $second (fail) (see above)
	aapfur_20240704T191755_before
	└── now: $eval (done)
	aapfus_20240704T191855_c1
	└── aapfut_20240704T191955_c2
	    ├── aapfus_20240704T191855_c1 (see above)
	    └── aapfut_20240704T191955_c2 (see above)
	END
	resutil graph >actual 2>err && test_cmp expect actual &&
	grep "Not shown: 1 " err &&
	resutil -q graph >actual 2>err && test_must_be_empty err &&
	resutil graph --all >actual 2>err && test_must_be_empty err &&
	grep "alone (done)" actual
'

test_expect_success '--up and --down from one' '
	cat >expect <<-END &&
	$eval (done)
	├── $train (done)
	│   ├── aaaaaa_20240101T000000_gone (missing)
	│   └── $data (done)
	└── $second (fail)
	    ├── $data (done)
	    └── rerun of: $train (done) (see above)
	END
	resutil graph --up --kind needs --kind rerun eval >actual &&
	test_cmp expect actual &&
	cat >expect <<-END &&
	$data (done)
	├── $train (done)
	│   └── $eval (done)
	└── $second (fail)
	    └── $eval (done)
	END
	resutil graph --down --kind needs data >actual &&
	test_cmp expect actual
'

test_expect_success 'both directions; several; by any name' '
	cat >expect <<-END &&
	$second (fail)
	├── <- $data (done)
	├── <- rerun of: $train (done)
	│   ├── <- aaaaaa_20240101T000000_gone (missing)
	│   └── <- $data (done)
	├── <- sweep grid
	└── -> $eval (done)
	END
	resutil graph second >actual && test_cmp expect actual &&
	resutil graph --up --down "results/$second" >actual &&
	test_cmp expect actual &&
	cat >expect <<-END &&
	aaaaaa_20240101T000000_gone (missing)
	└── $train (done)
	    ├── $eval (done)
	    └── rerun: $second (fail)
	        └── $eval (done)
	grid
	END
	resutil graph --down aaaaaa_20240101T000000_gone >actual &&
	sed "\$d" expect >expect.1 && test_cmp expect.1 actual &&
	resutil graph --down grid >actual &&
	printf "%s\n" "sweep grid" "└── $second (fail)" \
		"    └── $eval (done)" >expect && test_cmp expect actual &&
	resutil graph --up data train >actual &&
	head -n 1 actual >first && echo "$data (done)" >expect &&
	test_cmp expect first &&
	test_expect_code 10 resutil graph nosuch 2>err && grep nosuch err &&
	test_expect_code 129 resutil graph aapfu 2>err &&
	test_expect_code 129 resutil graph --kind x &&
	test_expect_code 129 resutil graph --format x &&
	test_expect_code 129 resutil graph --json --format dot
'

test_expect_success 'a level is the last; a chain may be longer' '
	cat >expect <<-END &&
	$data (done)
	├── $train (done) ...
	└── $second (fail) ...
	END
	resutil graph --down --kind needs --depth 1 data >actual &&
	test_cmp expect actual &&
	mkdir chain && (
		cd chain && make_conf && mkdir results &&
		python3 - <<-\END &&
		import os
		last = None
		for i in range(1000):
		    name = "aapf%s_20240704T%02d%02d%02d" % (
		        chr(97 + i // 676) + chr(97 + i % 26), i // 3600,
		        i // 60 % 60, i % 60)
		    os.mkdir("results/" + name)
		    with open("results/%s/resutil-exp.yaml" % name, "w") as f:
		        f.write("state: done\n")
		        if last:
		            f.write("dependency: [%s]\n" % last)
		    last = name
		END
		resutil graph --up --depth 100000 @ >../deep &&
		resutil graph --up @ >../cut
	) &&
	test_line_count = 1000 deep && test_line_count = 51 cut &&
	tail -n 1 cut >last && grep " (done) \.\.\.\$" last
'

test_expect_success 'json: nodes, then ties' '
	cat >expect <<-END &&
	{"node":0,"name":"$data","type":"run","id":"$(test_id 1)","state":"done","date":"2024-05-11T17:45:22.000000+00:00"}
	{"node":1,"name":"$train","type":"run","id":"$(test_id 2)","state":"done","date":"2024-07-04T19:15:55.000000+00:00"}
	{"node":7,"name":"aaaaaa_20240101T000000_gone","type":"missing","id":null,"state":null,"date":null}
	{"kind":"needs","from":"aaaaaa_20240101T000000_gone","to":"$train","from_node":7,"to_node":1}
	{"kind":"needs","from":"$data","to":"$train","from_node":0,"to_node":1}
	END
	resutil graph --json --up train >actual && test_cmp expect actual &&
	resutil graph --format json --up train >actual && test_cmp expect actual
'

test_expect_success 'dot and mermaid, byte for byte' '
	cat >expect <<-END &&
	digraph runs {
		rankdir=LR;
		node [shape=box, fontname="monospace"];
		n0 [label="$data\ndone", color="#1a7f37"];
		n1 [label="$train\ndone", color="#1a7f37"];
		n2 [label="$second\nfail", color="#cf222e"];
		n7 [label="aaaaaa_20240101T000000_gone\nmissing", style=dashed, color="#9a6700"];
		n8 [label="sweep grid", shape=folder];
		n7 -> n1;
		n0 -> n1;
		n0 -> n2;
		n1 -> n2 [label="rerun", style=dashed];
		n8 -> n2;
	}
	END
	sed "s/^	//" expect >expect.1 &&
	resutil graph --format dot --up second | sed "s/^	//" >actual &&
	test_cmp expect.1 actual &&
	cat >expect <<-END &&
	n0["$data<br>done"]:::done
	n1["$train<br>done"]:::done
	n2["$second<br>fail"]:::fail
	n7["aaaaaa_20240101T000000_gone<br>missing"]:::missing
	n8["sweep grid"]:::sweep
	n7 --> n1
	n0 --> n1
	n0 --> n2
	n1 -.->|rerun| n2
	n8 --> n2
	END
	resutil graph --format mermaid --up second >page &&
	head -n 1 page >first && echo "flowchart LR" >expect.1 &&
	test_cmp expect.1 first &&
	sed -n "/classDef/d; 1d; s/^	//p" page >actual &&
	test_cmp expect actual
'

test_expect_success 'ids decide where names are the same' '
	mkdir ids && (
		cd ids && make_conf &&
		make_exp $data "id: $(test_id 1)" &&
		make_exp aapfua_20240704T190055_renamed "id: $(test_id 3)" &&
		make_exp $train "dependency: [$data, aapfub_20240704T190155_was]" \
			"dependency_ids: {$data: $(test_id 2), aapfub_20240704T190155_was: $(test_id 3)}" &&
		resutil graph --up train >../actual
	) &&
	cat >expect <<-END &&
	$train
	├── $data (missing)
	└── aapfua_20240704T190055_renamed
	END
	sed "s/ (-)//" actual >actual.1 && test_cmp expect actual.1
'

test_expect_success 'in a store, by names that are there' '
	mkdir -p store/project &&
	resutil send-pack $train $eval >/dev/null &&
	cat >expect <<-END &&
	$eval (done)
	├── $second (missing)
	└── $train (done)
	    ├── aaaaaa_20240101T000000_gone (missing)
	    └── aakuqj_20240511T174522_old name (missing)
	END
	for exp in @ eval aapfur $eval @~0
	do
		resutil graph --remote origin --up --kind needs $exp >actual &&
		test_cmp expect actual || return 1
	done &&
	resutil graph --remote origin --up --kind needs @~1 >actual &&
	head -n 1 actual >first && echo "$train (done)" >expect &&
	test_cmp expect first &&
	test_expect_code 10 resutil graph --remote origin @~2 2>err &&
	test_expect_code 10 resutil graph --remote origin alone 2>err &&
	test_expect_code 10 resutil graph --remote nosuch
'

test_expect_success 'a record that cannot be read is said' '
	mkdir results/aapfuz_20240704T192555_bad &&
	echo "a: [" >results/aapfuz_20240704T192555_bad/resutil-exp.yaml &&
	test_expect_code 3 resutil graph --up train >actual 2>err &&
	grep aapfuz err && grep "^$train" actual &&
	rm -r results/aapfuz_20240704T192555_bad
'

test_done
