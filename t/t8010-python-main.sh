#!/bin/sh

test_description='the Python package: main() records a function'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

SQ=\'

# in_project NAME: a project of its own to be in.
in_project () {
	make_project "$1" >/dev/null &&
	cp -- *.py "$1" &&
	cd "$1"
}

the_record () {
	resutil read-exp "$@" @
}

cat >sample.py <<\EOP
# Import resutil
import resutil

# Add decorator before the main function
@resutil.main()
def main_func(params):
    # A directory is automatically created, and its path is stored in params.ex_dir
    ex_dir = params.ex_dir

    # Execute the program HERE
    # Resutil will handle the rest
    with open(ex_dir + "/data.txt", "w") as f:
        f.write("data\n")

if __name__ == "__main__":
    main_func()
EOP

# What the function does is given as code.
cat >run.py <<\EOP
import os
import sys

import resutil


@resutil.main()
def main_func(params, what, *args, lr=0.5, **kwargs):
    return eval(what)


def stop(error):
    raise error


if __name__ == "__main__":
    print(main_func(sys.argv[1]))
EOP

test_expect_success PYTHON 'the program of the Python tool runs unchanged' '
	in_project sample &&
	"$PYTHON" sample.py --lr 0.1 >out 2>err &&
	test_must_be_empty out &&
	test_must_be_empty err &&
	resutil list-exps >names &&
	test_line_count = 1 names &&
	echo data >expect &&
	resutil show @:data.txt >actual &&
	test_cmp expect actual &&
	the_record --key state >actual &&
	echo done >expect &&
	test_cmp expect actual &&
	the_record --key params.lr >actual &&
	echo 0.1 >expect &&
	test_cmp expect actual &&
	the_record --key function >actual &&
	echo __main__.main_func >expect &&
	test_cmp expect actual &&
	the_record --key argv >argv &&
	test_grep sample.py argv &&
	the_record --key at.finished &&
	the_record --key usage.wall
'

test_expect_success PYTHON 'it runs without packages, too' '
	in_project plain &&
	"$PLAIN_PYTHON" sample.py >out 2>err &&
	test_must_be_empty err &&
	test_path_is_file results/*/data.txt
'

test_expect_success PYTHON 'what the function returns is given back, and recorded' '
	in_project value &&
	"$PYTHON" run.py "{1: (2, 3)}" >out &&
	echo "{1: (2, 3)}" >expect &&
	test_cmp expect out &&
	the_record --json >record.json &&
	"$PYTHON" -c "
import json
assert json.load(open(\"record.json\"))[\"result\"] == {\"1\": [2, 3]}
	"
'

test_expect_success PYTHON 'arguments of the call are passed on, and recorded with defaults' '
	in_project args &&
	cat >call.py <<-\END &&
	import run
	got = run.main_func("(args, lr, kwargs)", 1, 2, depth=[3])
	assert got == ((1, 2), 0.5, {"depth": [3]}), got
	END
	"$PYTHON" call.py --lr 9 --epochs 7 &&
	the_record --json >record.json &&
	"$PYTHON" -c "
import json
params = json.load(open(\"record.json\"))[\"params\"]
assert params == {\"what\": \"(args, lr, kwargs)\", \"args\": [1, 2],
                  \"lr\": 0.5, \"depth\": [3], \"epochs\": 7}, params
	"
'

test_expect_success PYTHON 'data that it is called with is no reason not to run' '
	in_project data &&
	cat >call.py <<-\END &&
	import run
	assert run.main_func("len(args[0])", "x" * (70 << 20)) == 70 << 20
	END
	"$PYTHON" call.py &&
	resutil read-exp --key state @ >actual &&
	echo done >expect &&
	test_cmp expect actual &&
	resutil read-exp --key params.what @
'

test_expect_success PYTHON 'a call with wrong arguments makes no experiment' '
	in_project wrong &&
	test_expect_code 1 "$PYTHON" -c "import run; run.main_func()" 2>err &&
	test_grep TypeError err &&
	resutil list-exps >names &&
	test_must_be_empty names
'

test_expect_success PYTHON 'an exception is recorded and raised again' '
	in_project raise &&
	test_expect_code 1 "$PYTHON" run.py "stop(ValueError(\"no\nluck\"))" \
		>out 2>err &&
	test_must_be_empty out &&
	test_grep "^Traceback" err &&
	test_grep "^ValueError: no" err &&
	the_record --key state >actual &&
	echo fail >expect &&
	test_cmp expect actual &&
	the_record --json >record.json &&
	"$PYTHON" -c "
import json
record = json.load(open(\"record.json\"))
assert record[\"error\"] == repr(ValueError(\"no\nluck\")), record[\"error\"]
text = open(\"results/%s/traceback.txt\" % record[\"name\"]).read()
assert record[\"traceback\"] == text
assert text.startswith(\"Traceback (most recent call last):\n\"), text
assert text.endswith(\"ValueError: no\nluck\n\"), text
assert \"resutil/_main.py\" not in text, text
assert \"in stop\" in text, text
	"
'

test_expect_success PYTHON 'a caller may catch it' '
	in_project catch &&
	"$PYTHON" -c "
import run
try:
    run.main_func(\"1/0\")
except ZeroDivisionError:
    print(\"caught\")
print(run.main_func(\"7\"))
	" >out &&
	printf "caught\n7\n" >expect &&
	test_cmp expect out &&
	resutil list-exps >names &&
	test_line_count = 2 names
'

test_expect_success PYTHON 'sys.exit() ends the run and the program with its status' '
	in_project exit &&
	test_expect_code 3 "$PYTHON" run.py "sys.exit(3)" >out 2>err &&
	test_must_be_empty err &&
	the_record --key state >actual &&
	the_record --key exit_code >>actual &&
	"$PYTHON" run.py "sys.exit()" &&
	the_record --key state >>actual &&
	the_record --key exit_code >>actual &&
	test_expect_code 1 "$PYTHON" run.py "sys.exit(\"no data\")" 2>err &&
	echo "no data" >expect &&
	test_cmp expect err &&
	the_record --key state >>actual &&
	the_record --key exit_code >>actual &&
	the_record --key error >>actual &&
	printf "%s\n" fail 3 done 0 fail 1 "no data" >expect &&
	test_cmp expect actual &&
	test_path_is_missing "results/$(resutil rev-exp @)/traceback.txt"
'

test_expect_success PYTHON 'Ctrl-C' '
	in_project ctrl-c &&
	cat >wait.py <<-\END &&
	import resutil, time

	@resutil.main()
	def main_func(params):
	    open(params.ex_dir + "/here", "w").close()
	    time.sleep(100)

	main_func()
	END
	test_expect_code 130 pty-run --screen=screen --expect=Comment \
		--send="stopped\r" --expect=Experiment --send="\x03" \
		--expect="[y/N]" --send="\r" "$PYTHON" wait.py &&
	resutil list-exps >names &&
	test_grep "_stopped$" names &&
	the_record --key state >actual &&
	echo interrupted >expect &&
	test_cmp expect actual &&
	test_grep KeyboardInterrupt "results/$(cat names)/traceback.txt"
'

test_expect_success PYTHON 'words for resutil are taken out of sys.argv' '
	in_project flags &&
	cat >flags.py <<-\END &&
	import argparse
	import resutil

	parser = argparse.ArgumentParser()
	parser.add_argument("--lr", type=float)
	args = parser.parse_args()

	@resutil.main()
	def main_func(params):
	    return args.lr

	print(main_func())
	END
	"$PYTHON" flags.py --resutil_comment "with one" --lr 0.1 >out &&
	"$PYTHON" flags.py --lr 0.2 --reusitl_comment=another \
		--resutil_no_interactive --resutil_no_remote >>out &&
	printf "0.1\n0.2\n" >expect &&
	test_cmp expect out &&
	resutil list-exps >names &&
	test_grep "_with one$" names &&
	test_grep "_another$" names &&
	the_record --key params >params &&
	test_grep ! resutil params &&
	the_record --key argv >argv &&
	test_grep ! resutil_ argv
'

test_expect_success PYTHON 'comments that cannot be are refused' '
	in_project bad-comment &&
	test_expect_code 1 "$PYTHON" sample.py --resutil_comment a/b 2>err &&
	test_grep "comment.*/" err &&
	test_expect_code 1 env RESUTIL_COMMENT=a:b "$PYTHON" sample.py 2>err &&
	test_grep "comment" err &&
	resutil list-exps >names &&
	test_must_be_empty names
'

test_expect_success PYTHON 'environment variables' '
	in_project variables &&
	RESUTIL_COMMENT=variable "$PYTHON" sample.py &&
	RESUTIL_COMMENT=not "$PYTHON" sample.py --resutil_comment=flag &&
	RESUTIL_DEBUG=0 RESUTIL_COMMENT= "$PYTHON" sample.py &&
	resutil list-exps >names &&
	test_line_count = 3 names &&
	test_grep "_variable$" names &&
	test_grep "_flag$" names &&
	test_path_is_missing results/_debug &&
	RESUTIL_DEBUG=1 "$PYTHON" sample.py &&
	RESUTIL_DEBUG=1 "$PYTHON" sample.py &&
	"$PYTHON" sample.py --resutil_debug &&
	test_path_is_file results/_debug/data.txt &&
	resutil list-exps >names &&
	test_line_count = 3 names
'

test_expect_success PYTHON 'the working directory stays what it is' '
	in_project cwd &&
	mkdir -p deep/er &&
	cd deep/er &&
	"$PYTHON" ../../run.py "(os.getcwd(), params.ex_dir)" >out &&
	echo "($SQ$PWD$SQ, $SQ$TRASH_DIRECTORY/cwd/results/$(
		resutil rev-exp @)$SQ)" >expect &&
	test_cmp expect out &&
	the_record --key cwd >actual &&
	pwd >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON 'what the function gets' '
	in_project gets &&
	"$PYTHON" run.py "(params.name, params.id)" >actual &&
	the_record --json >record.json &&
	"$PYTHON" -c "
import json
record = json.load(open(\"record.json\"))
print((record[\"name\"], record[\"id\"]))
	" >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON 'without a project it says how to make one' '
	mkdir none &&
	cp sample.py none &&
	cd none &&
	test_expect_code 1 "$PYTHON" sample.py >out 2>err &&
	test_must_be_empty out &&
	test_grep "resutil init" err
'

test_expect_success PYTHON 'under resutil run there is one experiment' '
	in_project one &&
	resutil run -m outer -- "$PYTHON" run.py \
		"open(params.ex_dir + \"/x\", \"w\").close()" >out &&
	echo None >expect &&
	test_cmp expect out &&
	resutil list-exps >names &&
	test_line_count = 1 names &&
	test_path_is_file results/*_outer/x &&
	test_path_is_file results/*_outer/stdout.log &&
	test_expect_code 1 resutil run -m fails -- "$PYTHON" run.py "1/0" &&
	resutil list-exps >names &&
	test_line_count = 2 names &&
	the_record --key state >actual &&
	the_record --key error >>actual &&
	the_record --key exit_code >>actual &&
	echo "fail
ZeroDivisionError(${SQ}division by zero$SQ)
1" >expect &&
	test_cmp expect actual &&
	test_path_is_file results/*_fails/traceback.txt
'

test_expect_success PYTHON 'a program that a recorded function starts is another' '
	in_project nested &&
	"$PYTHON" run.py "os.system(\"$PYTHON sample.py\")" >out &&
	resutil list-exps >names &&
	test_line_count = 2 names &&
	"$PYTHON" run.py \
		"os.system(\"resutil run -m in -- $PYTHON sample.py\")" >out &&
	resutil list-exps >names &&
	test_line_count = 4 names &&
	test_path_is_file results/*_in/data.txt
'

test_expect_success PYTHON 'children of the function find the run' '
	in_project children &&
	"$PYTHON" run.py "print(params.ex_dir, params.name, params.id,
sep=\"\\n\", flush=True) or os.system(\"printenv RESUTIL_EX_DIR \"
\"RESUTIL_EX_NAME RESUTIL_ID\")" >out &&
	head -n 3 out >expect &&
	sed -n 4,6p out >actual &&
	test_cmp expect actual &&
	"$PYTHON" -c "
import os, run
run.main_func(\"1\")
assert \"RESUTIL_EX_DIR\" not in os.environ
	"
'

test_expect_success PYTHON 'an asynchronous function' '
	in_project async &&
	cat >async.py <<-\END &&
	import asyncio
	import resutil

	@resutil.main()
	async def main_func(params, x):
	    await asyncio.sleep(0)
	    return params.ex_dir and x

	@resutil.main
	async def fails(params):
	    await asyncio.sleep(0)
	    raise ValueError("late")

	print(asyncio.run(main_func(5)))
	asyncio.run(fails())
	END
	test_expect_code 1 "$PYTHON" async.py >out 2>err &&
	echo 5 >expect &&
	test_cmp expect out &&
	the_record --key state >actual &&
	resutil read-exp --key state @~1 >>actual &&
	printf "fail\ndone\n" >expect &&
	test_cmp expect actual
'

test_done
