#!/bin/sh

test_description='fetch-exp NAME -- PATHSPEC'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh

# what is in the experiment, by path, and what of them is a file
listed () {
	(cd results/$exp && find . -mindepth 1 ! -type d | sed "s|^\./||" | LC_ALL=C sort)
}

# has PATH...: these files and the record, and no others
has () {
	printf "%s\n" resutil-exp.yaml "$@" | LC_ALL=C sort >want && listed >got &&
	test_cmp want got
}

# fetch_some STATUS PATHSPEC...
fetch_some () {
	said=$1 && shift &&
	resutil fetch-exp $exp -- "$@" >out && test "$(cut -f 1 out)" = $said
}

is_partial () {
	test_path_is_file .resutil/partial/$exp
}

start_again () {
	rm -rf results/$exp .resutil/partial
}

test_expect_success 'setup' '
	mkdir "$store" one && make_conf && make_conf one &&
	export RESUTIL_TEST_NOW=1720091755 &&
	(
		cd one && exp=$(resutil add nice) && cd results/$exp &&
		mkdir -p logs/deep ckpt empty "we[ir]d" && echo l1 >logs/1.log &&
		echo l2 >logs/2.txt && echo d >logs/deep/3.log && echo top >top.log &&
		echo w >"we[ir]d/w" && echo w2 >"we[ir]d/i" && chmod 750 ckpt &&
		head -c 3000000 /dev/urandom >ckpt/last && ln -s last ckpt/link &&
		cd ../.. && resutil send-pack nice >/dev/null &&
		hash_of $exp >../whole
	) &&
	exp=$(resutil list-remote)
'

test_expect_success 'a path: that file and the record, marked as a part' '
	fetch_some new top.log && has top.log && is_partial &&
	cmp one/results/$exp/top.log results/$exp/top.log
'

test_expect_success 'only its ranges are read' '
	start_again && RESUTIL_TRACE=$PWD/trace fetch_some new logs/1.log &&
	sed -n "s/.*store: get.* -> \([0-9]*\) bytes/\1/p" trace >sizes &&
	sum=$(awk "{ sum += \$1 } END { print sum }" sizes) &&
	test $sum -gt 0 && test $sum -lt 200000 &&
	test $(wc -c <"$objects"/$exp.zip) -gt 2900000 && test $(cut -f 3 out) -lt 2000
'

test_expect_success 'a directory: all that is in it' '
	start_again && fetch_some new logs/ && has logs/1.log logs/2.txt logs/deep/3.log
'

test_expect_success 'patterns: * stops at a slash, ** does not' '
	start_again && fetch_some new "*.log" && has top.log &&
	start_again && fetch_some new "**/*.log" &&
	has logs/1.log logs/deep/3.log top.log &&
	start_again && fetch_some new "l*" && has logs/1.log logs/2.txt logs/deep/3.log
'

test_expect_success 'what is spelt like a pattern can be a path' '
	start_again && fetch_some new "we[ir]d/w" && has "we[ir]d/w" &&
	start_again && fetch_some new "./ckpt//link" "we[ir]d" &&
	has ckpt/link "we[ir]d/i" "we[ir]d/w" && test $(stat -c %a results/$exp/ckpt) = 750
'

test_expect_success 'a directory that is empty' '
	start_again && fetch_some new empty && has && test_path_is_dir results/$exp/empty
'

test_expect_success 'one that means nothing: nothing is done' '
	start_again && test_expect_code 10 resutil fetch-exp $exp -- top.log nothing 2>err &&
	test_grep "nothing in .origin:$exp. is .nothing." err &&
	test_path_is_missing results/$exp && test_path_is_missing .resutil/partial/$exp &&
	test_expect_code 10 resutil fetch-exp $exp -- ../$exp/top.log
'

test_expect_success 'more files into one that is here in part' '
	fetch_some new top.log && fetch_some grown logs/deep ckpt/link &&
	has ckpt/link logs/deep/3.log top.log && is_partial &&
	fetch_some same logs/deep && fetch_some grown logs && fetch_some grown empty &&
	has ckpt/link logs/1.log logs/2.txt logs/deep/3.log top.log &&
	ls -A results | grep "^\." >hidden
	test_must_be_empty hidden
'

test_expect_success 'with -n only told' '
	resutil fetch-exp -n $exp -- "we[ir]d" >out && test "$(cut -f 1 out)" = grown &&
	test_path_is_missing "results/$exp/we[ir]d" &&
	start_again && resutil fetch-exp -n $exp -- logs >out && test "$(cut -f 1 out)" = new &&
	test_path_is_missing results/$exp && test_path_is_missing .resutil/partial/$exp
'

test_expect_success 'also from within it' '
	fetch_some new top.log &&
	(cd results/$exp && resutil fetch-exp $exp -- logs/1.log >/dev/null && test_path_is_file logs/1.log)
'

test_expect_success 'a file that is another one here is not overwritten' '
	echo mine >results/$exp/top.log &&
	test_expect_code 14 resutil fetch-exp $exp -- top.log logs 2>err &&
	test_grep "top.log. is here, and is not" err && has logs/1.log top.log &&
	echo mine >want && test_cmp want results/$exp/top.log &&
	fetch_some grown logs
'

test_expect_success 'nor is anything reached through a link' '
	start_again && fetch_some new top.log && mkdir outside &&
	ln -s "$PWD"/outside results/$exp/logs &&
	test_expect_code 14 resutil fetch-exp $exp -- logs/1.log &&
	test_dir_is_empty outside
'

test_expect_success 'all of it does not overwrite either' '
	start_again && fetch_some new top.log && echo mine >results/$exp/top.log &&
	test_expect_code 14 resutil fetch-exp $exp && has top.log && is_partial &&
	echo top >results/$exp/top.log && echo x >results/$exp/mine &&
	test_expect_code 14 resutil fetch-exp $exp 2>err && test_grep "mine" err &&
	rm results/$exp/mine
'

test_expect_success 'all of it makes it whole' '
	resutil fetch-exp -n $exp >out && grep ^grown out && is_partial && has top.log &&
	resutil fetch-exp $exp >out && grep ^grown out &&
	test_path_is_missing .resutil/partial/$exp &&
	hash_of $exp >got && test_cmp whole got &&
	resutil fetch-exp $exp >out && grep ^same out
'

test_expect_success 'of a whole one nothing is fetched' '
	resutil fetch-exp $exp -- top.log >out 2>err && grep ^same out &&
	test_grep "with all its files" err && test_path_is_missing .resutil/partial/$exp
'

test_expect_success 'paths that are all of it are all of it' '
	start_again && fetch_some new . && test_path_is_missing .resutil/partial/$exp &&
	hash_of $exp >got && test_cmp whole got &&
	start_again && fetch_some new logs && fetch_some grown "**" &&
	test_path_is_missing .resutil/partial/$exp
'

test_expect_success 'a mark that was left over means nothing' '
	rm -rf results/$exp && mkdir -p .resutil/partial && >.resutil/partial/$exp &&
	resutil fetch-exp $exp >out && grep ^new out &&
	test_path_is_missing .resutil/partial/$exp
'

test_expect_success 'what is here in part is not sent' '
	start_again && fetch_some new logs && test_expect_code 14 resutil send-pack $exp
'

test_expect_success 'a pack without hashes' '
	start_again && old=aapfun_20240704T192300_old && mkdir py &&
	echo "args: train" >py/resutil-exp.yaml && echo w >py/weights && echo x >py/x &&
	(cd py && python3 -m zipfile -c "$objects"/$old.zip resutil-exp.yaml weights x) &&
	exp=$old && fetch_some new weights && has weights && is_partial &&
	resutil fetch-exp $exp && has weights x && test_path_is_missing .resutil/partial/$exp
'

test_done
