#!/bin/sh

test_description='remotes: what the conf says of stores, and who changes it'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

conf () {
	make_conf && cat >>resutil-conf.yaml
}

test_expect_success 'origin is there without being named' '
	make_conf &&
	resutil remote >actual &&
	echo origin >expect &&
	test_cmp expect actual
'

test_expect_success 'others follow in the order of the conf' '
	conf <<-\EOF &&
	remotes:
	  zeta: {type: gs, config: {backet_name: 123}}
	  alpha:
	    type: ssh
	    config: {host: box, path: /srv, port: 22}
	EOF
	resutil remote list -v --format tsv >actual &&
	printf "%s\t%s\t%s\n" name type url \
		origin dir "dir:$TRASH_DIRECTORY/store" \
		zeta gcs gs://123 alpha ssh ssh://box:22/srv >expect &&
	test_cmp expect actual
'

test_expect_success 'a conf that the Python tool wrote' '
	cat >resutil-conf.yaml <<-\EOF &&
	project_name: MyProj
	results_dir: results/
	storage_config:
	  backet_name: resutil
	  key_file_path: key.json
	storage_type: gcs
	EOF
	resutil remote list --format "%(name) %(type) %(url)" >actual &&
	echo "origin gcs gs://resutil" >expect &&
	test_cmp expect actual
'

test_expect_success 'a name that is none, and a second origin' '
	conf <<-\EOF &&
	remotes:
	  ../up: {type: dir, config: {path: x}}
	EOF
	test_expect_code 13 resutil remote >out 2>err &&
	test_must_be_empty out &&
	test_grep "resutil-conf.yaml.*: .../up. cannot be the name" err &&
	conf <<-\EOF &&
	remotes:
	  origin: {type: dir, config: {path: x}}
	EOF
	test_expect_code 13 resutil remote 2>err &&
	test_grep "give the one in .remotes. another name" err
'

test_expect_success 'a bad type or config is found by every command' '
	conf <<-\EOF &&
	remotes:
	  lab: {type: dir, config: {pth: x}}
	EOF
	test_expect_code 13 resutil remote 2>err &&
	test_grep "remote .lab.: .*needs .path." err &&
	conf <<-\EOF &&
	remotes:
	  lab: {type: box, config: {path: x}}
	EOF
	test_expect_code 13 resutil list-exps 2>err &&
	test_grep "remote .lab.: .*box.* not supported" err
'

test_expect_success 'a password in a conf is not shown' '
	conf <<-\EOF &&
	remotes:
	  lab: {type: ssh, config: {host: "me:hunter2@box", path: /s}}
	EOF
	resutil remote list --json >actual &&
	test_grep "ssh://me@box/s" actual &&
	test_grep ! hunter2 actual
'

test_expect_success 'what a terminal would obey is not shown' '
	conf <<-\EOF &&
	remotes:
	  lab: {type: dir, config: {path: "a\e[31mb"}}
	EOF
	resutil remote -v >actual &&
	test_grep "a.x1[bB].31mb" actual
'

test_expect_success 'add and rm keep the rest of the conf' '
	rm -rf store &&
	cat >resutil-conf.yaml <<-\EOF &&
	# our project
	project_name: P   # do not rename
	results_dir: results

	storage_type: dir
	storage_config: {path: store}   # on the disk
	lab: {room: 7}
	remotes:
	  # the one of the group
	  group:
	    type: dir
	    config:
	      path: /group
	EOF
	cp resutil-conf.yaml before &&
	chmod 640 resutil-conf.yaml &&
	resutil remote add lab s3://lab-results/x &&
	{
		cat before &&
		cat <<-\EOF
		  lab:
		    type: s3
		    config:
		      bucket_name: lab-results
		      prefix: x
		EOF
	} >expect &&
	test_cmp expect resutil-conf.yaml &&
	echo 640 >expect &&
	stat -c %a resutil-conf.yaml >actual &&
	test_cmp expect actual &&
	resutil remote rm lab &&
	test_cmp before resutil-conf.yaml
'

test_expect_success 'several that add at once lose nothing' '
	make_conf &&
	pids= &&
	for i in 1 2 3 4 5 6
	do
		resutil -q remote add r$i gs://bucket-$i &
		pids="$pids $!"
	done &&
	for pid in $pids
	do
		wait $pid || return 1
	done &&
	resutil remote list >out &&
	sort out >actual &&
	printf "%s\n" origin r1 r2 r3 r4 r5 r6 >expect &&
	test_cmp expect actual
'

test_done
