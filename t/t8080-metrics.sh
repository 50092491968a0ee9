#!/bin/sh

test_description='Python: metrics, beside those of other programs'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

python_units test_metrics.py

test_expect_success 'setup' '
	make_project && test_set_now 1720091755
'

test_expect_success PYTHON 'Python and a shell write into one run, each its files' '
	cat >both.py <<-\EOF &&
	import os, subprocess
	from resutil import metrics
	writer = metrics.writer_for(os.environ["RESUTIL_EX_DIR"])
	writer.meter(a=1)
	subprocess.run(["resutil", "meter", "a=2"], check=True)
	subprocess.run(["resutil", "meter", "a=3"], check=True)
	writer.meter(a=4)
	writer.close()
	subprocess.run(["resutil", "meter", "a=5"], check=True)
	subprocess.run(["resutil", "meter", "t=x,\"y\"\n", "f=1e-7"], check=True)
	writer.meter(f=2.0, t="\"z\"")
	writer.meter("s", format="jsonl", a=[1])
	writer.close()
	subprocess.run(["resutil", "meter", "-s", "s", "--format=jsonl", "b=x"],
	               check=True)
	EOF
	resutil run -m both -- "$PYTHON" both.py && dir=$(echo results/*_both) &&
	(cd $dir && ls metrics-*) >out && cat >want <<-\EOF &&
	metrics-0000.csv
	metrics-0001.csv
	metrics-0002.csv
	metrics-0003-s.jsonl
	EOF
	test_cmp want out && cut -d, -f2 $dir/metrics-0000.csv >out &&
	printf "%s\n" a 1 4 5 >want && test_cmp want out &&
	cut -d, -f2 $dir/metrics-0001.csv >out && printf "%s\n" a 2 3 >want &&
	test_cmp want out && test_line_count = 2 $dir/metrics-0003-s.jsonl &&
	cat >read.py <<-\EOF &&
	import json, sys
	from resutil import metrics
	rows = metrics.load_metrics(sys.argv[1])
	rows = rows.to_dict("records") if hasattr(rows, "columns") else rows
	print(sorted(int(row["a"]) for row in rows if type(row.get("a")) in (int, float) and row["a"] == row["a"]))
	print(json.dumps(sorted(row["t"] for row in rows if isinstance(row.get("t"), str))))
	print([row["a"] for row in rows if isinstance(row.get("a"), list)])
	print(*[row["b"] for row in rows if isinstance(row.get("b"), str)])
	EOF
	cat >want <<-\EOF &&
	[1, 2, 3, 4, 5]
	["\"z\"", "x,\"y\"\n"]
	[[1]]
	x
	EOF
	"$PYTHON" read.py $dir >out && test_cmp want out &&
	"$PLAIN_PYTHON" read.py $dir >out && test_cmp want out
'

test_expect_success PYTHON 'both write a row in the same way' '
	cat >same.py <<-\EOF &&
	import json, os, subprocess
	from resutil import metrics
	row = {"i": -3, "f": 0.1, "n": None, "t": True, "s": "a", "q": "a\"b",
	       "c": "a,b", "b": " x", "l": "l1\nl2\t\x01", "e": "", "u": "é\u2603",
	       "list": [1, 2.5, "x", None, {"k": "v"}], "j": "\"x", "tab": "a\tb"}
	for form in "csv", "jsonl":
	    metrics.writer_for(os.environ["RESUTIL_EX_DIR"]).meter(
	        "python", format=form, **row)
	    subprocess.run(["resutil", "meter", "-s", "shell", "--json",
	                    "--format=" + form]
	                   + [f"{k}={json.dumps(v)}" for k, v in row.items()],
	                   check=True)
	EOF
	resutil run -m same -- "$PYTHON" -X utf8 same.py && dir=$(echo results/*_same) &&
	test_cmp $dir/metrics-0000-python.csv $dir/metrics-0001-shell.csv &&
	test_cmp $dir/metrics-0002-python.jsonl $dir/metrics-0003-shell.jsonl
'

test_expect_success PYTHON 'twenty processes of one run, and shells between them' '
	cat >many.py <<-\EOF &&
	import os, subprocess, sys
	from resutil import metrics
	children = []
	for number in range(20):
	    child = os.fork()
	    if not child:
	        writer = metrics.writer_for(os.environ["RESUTIL_EX_DIR"])
	        for i in range(200):
	            writer.meter(n=number, i=i)
	        os._exit(0)
	    children.append(child)
	shells = [subprocess.Popen(["resutil", "meter", f"n={n}", "i=200"])
	          for n in range(20)]
	assert all(os.waitpid(child, 0)[1] == 0 for child in children)
	assert all(shell.wait() == 0 for shell in shells)
	EOF
	resutil run -m many -- "$PYTHON" many.py && dir=$(echo results/*_many) &&
	cat $dir/metrics-*.csv | grep -v ^at | cut -d, -f2- | sort >out &&
	awk "BEGIN { for (n = 0; n < 20; n++) for (i = 0; i <= 200; i++)
		print n \",\" i }" | sort >want && test_cmp want out
'

test_expect_success PYTHON 'a million rows' '
	cat >million.py <<-\EOF &&
	import os
	from resutil import metrics
	writer = metrics.writer_for(".")
	for i in range(1000000):
	    writer.meter(i=i, x=0.5)
	os.kill(os.getpid(), 9)
	EOF
	mkdir million && cd million && test_might_fail "$PYTHON" ../million.py 2>err
	test_line_count = 1000001 metrics-0000.csv &&
	"$PYTHON" -c "
from resutil import metrics
rows = metrics.load_metrics(\".\")
assert len(rows) == 1000000" && rm metrics-0000.csv
'

test_expect_success PYTHON 'an experiment is found by what names it here' '
	resutil run -m named -- resutil meter a=1 && mkdir -p deeper && (
		cd deeper && "$PYTHON" -c "
from resutil import metrics
name = \"$(resutil rev-exp named)\"
for word in name, \"named\", \"../results/\" + name:
    assert len(metrics.load_metrics(word)) == 1, word
" ) && "$PYTHON" -c "
from resutil import load_metrics
assert len(load_metrics(\"nothing\")) == 0" 2>err && test_grep nothing err
'

test_done
