#!/bin/sh

test_description='write-exp'
. ./test-lib.sh

NAME=aapfup_20240704T191555
SQ="'"
ID=11111111-2222-4333-8444-555555555555

test_expect_success 'setup' '
	make_project && mkdir -p results &&
	test_set_now 1720088155.25 &&
	RESUTIL_TEST_ID=$ID && export RESUTIL_TEST_ID &&
	LOGNAME=ann && export LOGNAME &&
	host=$(resutil collect-meta host | sed -n "s/^  hostname: //p")
'

test_expect_success 'a record of an experiment that nobody ran' '
	mkdir -p results/$NAME &&
	resutil write-exp --dir results/$NAME >out &&
	echo $ID >want && test_cmp want out &&
	cat >want <<-EOF &&
	resutil: 1
	id: "$ID"
	revision: 1
	name: $NAME
	cwd: $(pwd -P)
	dependency: []
	result_dir: results/$NAME
	at:
	  created: "2024-07-04T10:15:55.250000+00:00"
	state: added
	host: $host
	user: ann
	EOF
	test_cmp want results/$NAME/resutil-exp.yaml
'

test_expect_success 'a record of a command, with all that is known of it' '
	mkdir x && printf "commit_hash: null\nuncommited_files: []\n" >git &&
	printf "{\"host\": {\"hostname\": \"h\"}}\n" >meta &&
	cat >from <<-\EOF &&
	info: {note: first, gone: 1}
	mine: kept
	tags: [b]
	EOF
	resutil write-exp --dir x --name $NAME --state running --cwd /tmp \
		--created 2024-07-04T19:15:55.5+09:00 --executor local \
		-d $NAME -d aakuqj_20240511T174522 --git git --meta=meta \
		--from from --set info.note=second --set user=null \
		--set info.lr=0.1 -- python3 "a b.py" --lr 0.1 x >out &&
	cat >want <<-EOF &&
	resutil: 1
	id: "$ID"
	revision: 1
	name: $NAME
	cmd: python3 ${SQ}a b.py${SQ} --lr 0.1 x
	args: python3 a b.py --lr 0.1 x
	argv:
	- python3
	- a b.py
	- --lr
	- "0.1"
	- x
	cwd: /tmp
	params:
	  lr: 0.1
	dependency:
	- $NAME
	- aakuqj_20240511T174522
	dependency_ids:
	  $NAME: "$ID"
	result_dir: results/$NAME
	git:
	  commit_hash: null
	  uncommited_files: []
	meta:
	  host:
	    hostname: h
	at:
	  created: "2024-07-04T19:15:55.500000+09:00"
	  started: "2024-07-04T19:15:55.500000+09:00"
	state: running
	info:
	  note: second
	  gone: 1
	  lr: 0.1
	tags:
	- b
	mine: kept
	host: $host
	executor: local
	EOF
	test_cmp want x/resutil-exp.yaml
'

test_expect_success 'an EXP may be given in any way, another by its name' '
	mkdir deps &&
	resutil write-exp --dir deps --name $NAME -d @ -d aapfup >out &&
	resutil read-exp --key dependency ./deps/ >out &&
	echo $NAME >want && test_cmp want out &&
	mkdir deps2 &&
	test_expect_code 10 resutil write-exp --dir deps2 --name $NAME \
		-d nowhere 2>err &&
	test_line_count = 1 err && test_dir_is_empty deps2
'

test_expect_success 'maps come from the standard input, once' '
	mkdir in &&
	echo "{\"commit_hash\":\"abc\"}" |
	resutil write-exp --json --dir in --name $NAME --git - >out &&
	resutil read-exp --key git.commit_hash in/ >out &&
	echo abc >want && test_cmp want out &&
	test_expect_code 129 resutil write-exp --force --dir in --name $NAME \
		--git - --meta - </dev/null 2>err
'

test_expect_success 'bytes that are not UTF-8 are kept' '
	mkdir bytes && word=$(printf "a\377b") &&
	resutil write-exp --dir bytes --name $NAME -- prog "$word" >out &&
	resutil read-exp -z --key argv.1 bytes/ >out &&
	printf "a\377b\0" >want && test_cmp_bin want out &&
	resutil read-exp --key argv.1 bytes/ >out &&
	printf "%s\n" "\"a\\377b\"" >want && test_cmp want out
'

test_expect_success 'a record is not replaced, unless told to' '
	cp x/resutil-exp.yaml want &&
	test_expect_code 14 resutil write-exp --dir x --name $NAME \
		>out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_cmp want x/resutil-exp.yaml &&
	resutil write-exp --force --dir x --name $NAME >out &&
	test_grep "^state: added" x/resutil-exp.yaml
'

test_expect_success 'what is wrong is refused, and nothing is written' '
	mkdir bad && echo "state: asleep" >state.yaml && echo "a: [" >open &&
	test_expect_code 129 resutil write-exp --dir bad 2>err &&
	test_grep "bad.*--name" err &&
	test_expect_code 129 resutil write-exp --dir bad --name a/b 2>err &&
	test_expect_code 129 resutil write-exp --dir bad --name $NAME \
		--created soon 2>err &&
	test_expect_code 129 resutil write-exp --dir bad --name $NAME \
		--set =x 2>err &&
	test_expect_code 129 resutil write-exp --dir bad --name $NAME \
		--set a..b=x 2>err &&
	test_expect_code 13 resutil write-exp --dir bad --name $NAME \
		--set exit_code=many 2>err &&
	test_expect_code 13 resutil write-exp --dir bad --name $NAME \
		--state asleep 2>err &&
	test_expect_code 13 resutil write-exp --dir bad --name $NAME \
		--from state.yaml 2>err &&
	test_expect_code 13 resutil write-exp --dir bad --name $NAME \
		--from open 2>err &&
	test_line_count = 1 err &&
	test_expect_code 13 resutil write-exp --json --dir bad --name $NAME \
		--from state.yaml 2>err &&
	test_expect_code 10 resutil write-exp --dir bad --name $NAME \
		--from gone 2>err &&
	test_expect_code 10 resutil write-exp --dir gone --name $NAME 2>err &&
	test_dir_is_empty bad
'

test_expect_success 'outside of a project there is no result_dir' '
	mkdir "$TEST_TOP_DIRECTORY/lone" &&
	(
		cd "$TEST_TOP_DIRECTORY/lone" &&
		resutil write-exp --name $NAME -d aakuqj_20240511T174522 >out &&
		test_grep ! "^result_dir" resutil-exp.yaml &&
		test_grep "^- aakuqj_20240511T174522" resutil-exp.yaml &&
		rm resutil-exp.yaml &&
		test_expect_code 129 resutil write-exp --name $NAME -d @ 2>err
	)
'

test_expect_success 'a full disk leaves nothing' '
	mkdir full && head -c 20000 /dev/zero | tr "\0" x >pad &&
	(
		trap "" XFSZ && ulimit -f 8 &&
		test_expect_code 128 resutil write-exp --dir full \
			--name $NAME --set info.pad=$(cat pad) >/dev/null 2>&1
	) &&
	test_dir_is_empty full
'

test_expect_success 'the documented pipeline makes what add makes' '
	make_project two && cd two && mkdir -p results input &&
	echo 0.9 >input/score &&
	name=$(resutil add nice --from input) &&
	mv "results/$name" ../porcelain &&
	mkdir "results/.$name.tmp" && cp input/score "results/.$name.tmp/" &&
	resutil write-exp --dir "results/.$name.tmp" --name "$name" \
		--cwd . >out &&
	mv -T "results/.$name.tmp" "results/$name" &&
	test_cmp ../porcelain/resutil-exp.yaml \
		"results/$name/resutil-exp.yaml" &&
	rm -f ../porcelain/resutil-exp.yaml "results/$name/resutil-exp.yaml" &&
	diff -r ../porcelain "results/$name"
'

test_done
