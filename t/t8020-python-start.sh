#!/bin/sh

test_description='the Python package: start() records a block, or a notebook'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

in_project () {
	make_project "$1" >/dev/null &&
	cd "$1"
}

states () {
	resutil list-exps | while read -r name
	do
		resutil read-exp --key state "$name"
	done | sort
}

test_expect_success PYTHON 'a block is an experiment' '
	in_project block &&
	cat >block.py <<-\END &&
	import os
	import resutil

	with resutil.start("a block", params={"lr": 0.1}) as run:
	    with open(run.ex_dir + "/data", "w") as f:
	        f.write(os.environ["RESUTIL_EX_NAME"])
	    run.inform(score=0.5, parts={1, 2})
	    name = run.name
	assert "RESUTIL_EX_DIR" not in os.environ
	print(name)
	END
	"$PYTHON" block.py --epochs 3 >name 2>err &&
	test_must_be_empty err &&
	test_grep "_a block$" name &&
	printf %s "$(cat name)" >expect &&
	resutil show "@:data" >actual &&
	test_cmp expect actual &&
	resutil read-exp --json @ >record.json &&
	"$PYTHON" -c "
import json
record = json.load(open(\"record.json\"))
assert record[\"params\"] == {\"lr\": 0.1, \"epochs\": 3}, record[\"params\"]
assert record[\"info\"][\"score\"] == 0.5, record
assert record[\"state\"] == \"done\"
	"
'

test_expect_success PYTHON 'an exception in it is recorded and goes on' '
	in_project raises &&
	test_expect_code 1 "$PYTHON" -c "
import resutil
with resutil.start():
    {}[3]
	" 2>err &&
	test_grep "^KeyError: 3" err &&
	resutil read-exp --key error @ >actual &&
	echo "KeyError(3)" >expect &&
	test_cmp expect actual &&
	test_grep "^KeyError: 3" "results/$(resutil rev-exp @)/traceback.txt"
'

test_expect_success PYTHON 'end() says how it ended, once' '
	in_project ends &&
	"$PYTHON" -c "
import resutil
run = resutil.start()
run.end({\"f1\": 0.5})
run.end(state=\"fail\")
run = resutil.start()
run.end(state=\"fail\")
run = resutil.start()
run.end(error=KeyboardInterrupt())
	" &&
	states >actual &&
	printf "%s\n" done fail interrupted >expect &&
	test_cmp expect actual &&
	resutil read-exp --key result.f1 @~2 >actual &&
	echo 0.5 >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON 'one that nobody ends ends with the program' '
	in_project open &&
	"$PYTHON" -c "
import resutil
run = resutil.start()
	" &&
	test_expect_code 1 "$PYTHON" -c "
import resutil
run = resutil.start()
raise ValueError(5)
	" 2>err &&
	states >actual &&
	printf "%s\n" done fail >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON 'one in another' '
	in_project nested &&
	"$PYTHON" -c "
import os, resutil
with resutil.start(\"outer\") as outer:
    with resutil.start(\"inner\") as inner:
        assert os.environ[\"RESUTIL_EX_DIR\"] == inner.ex_dir
    assert os.environ[\"RESUTIL_EX_DIR\"] == outer.ex_dir
assert \"RESUTIL_EX_DIR\" not in os.environ
	" &&
	states >actual &&
	printf "%s\n" done done >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON 'several at once in threads' '
	in_project threads &&
	cat >threads.py <<-\END &&
	import threading
	import resutil

	@resutil.main()
	def work(params, number):
	    with open(params.ex_dir + "/number", "w") as f:
	        f.write(str(number))
	    return number

	got = []
	threads = [threading.Thread(target=lambda n=n: got.append(work(n)))
	           for n in range(8)]
	for thread in threads:
	    thread.start()
	for thread in threads:
	    thread.join()
	assert sorted(got) == list(range(8)), got
	END
	cat >>threads.py <<-\END &&
	import os

	first = resutil.start("first")
	second = resutil.start("second")
	first.end()
	assert os.environ["RESUTIL_ID"] == second.id
	second.end()
	assert not any(name in os.environ for name in resutil._state._VARIABLES)
	END
	"$PYTHON" threads.py 2>err &&
	test_must_be_empty err &&
	resutil list-exps >names &&
	grep -v "_first$\|_second$" names >threads &&
	test_line_count = 8 threads &&
	while read -r name
	do
		number=$(cat "results/$name/number") &&
		echo "$number" >expect &&
		resutil read-exp --key result "$name" >actual &&
		test_cmp expect actual || return 1
	done <threads
'

test_expect_success PYTHON 'dependencies that are named' '
	in_project needs &&
	resutil add first >first &&
	"$PYTHON" -c "
import resutil
with resutil.start(dependency=[\"first\"]):
    pass
	" &&
	resutil read-deps @ >actual &&
	test_cmp first actual &&
	test_expect_code 1 "$PYTHON" -c "
import resutil
resutil.start(dependency=[\"nothing\"])
	" 2>err &&
	test_grep "nothing" err &&
	resutil list-exps >names &&
	test_line_count = 2 names
'

test_expect_success PYTHON 'debug=True keeps no experiment' '
	in_project debug &&
	"$PYTHON" -c "
import resutil
for turn in range(2):
    with resutil.start(debug=True) as run:
        assert run.ex_dir.endswith(\"/results/_debug\"), run.ex_dir
	" &&
	resutil list-exps >names &&
	test_must_be_empty names
'

# What a notebook does: cells of code in one interpreter that lives on.
test_expect_success PYTHON 'cells of a notebook' '
	in_project notebook &&
	cat >kernel.py <<-\END &&
	import code
	import sys

	sys.ps1 = "In: "
	kernel = code.InteractiveInterpreter({})
	for cell in (
	    "import resutil\nrun = resutil.start(\"cells\", params={\"k\": 1})\n",
	    "run.inform(cell=2)\n",
	    "1/0\n",
	    "run.end()\n",
	    "with resutil.start(\"one cell\") as run:\n    x = run.name\n",
	    "with resutil.start(\"fails\") as run:\n    1/0\n",
	    "print(x)\n",
	):
	    kernel.runsource(cell, symbol="exec")
	END
	"$PYTHON" kernel.py -f /kernel.json --lr 3 >out 2>err &&
	test_grep "_one cell$" out &&
	states >actual &&
	printf "%s\n" done done fail >expect &&
	test_cmp expect actual &&
	resutil read-exp --key params cells >params &&
	echo "{\"k\": 1}" >expect &&
	test_cmp expect params &&
	resutil read-exp --key info.cell cells
'

test_expect_success PYTHON 'under resutil run it is the same run' '
	in_project joined &&
	cat >part.py <<-\END &&
	import resutil

	with resutil.start("not this", params={"part": 1}) as run:
	    run.inform(inner=True)
	END
	resutil run -m this -- "$PYTHON" part.py &&
	resutil list-exps >names &&
	test_line_count = 1 names &&
	test_grep "_this$" names &&
	resutil read-exp --key params.part @ &&
	resutil read-exp --key info.inner @
'

test_done
