#!/bin/sh

test_description='resutil-ab: call a function many times, and record it'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

python_units test_ab.py

test_lazy_prereq GEVENT '"$PYTHON" -c "import gevent"'

ab () {
	"$PYTHON" -m resutil.ab "$@"
}

# without_numbers FILE: times are not the same twice
without_numbers () {
	sed -E 's/[0-9]+\.[0-9][0-9] ms/X ms/; s/[0-9-]{8}\/[0-9:]{8}/TIME/' \
		"$1"
}

cat >my_module.py <<'END'
import sys
import time


class HttpGet:
    def __init__(self, url):
        self.url = url
        print("made", file=sys.stderr)

    def __call__(self):
        time.sleep(0.02)
        return len(self.url)

    def __close__(self):
        print("closed", file=sys.stderr)


def bad(number=7):
    time.sleep(0.002)
    raise KeyError(number)
END

test_expect_success PYTHON 'the output is the one of votakvot-ab' '
	ab -n120 -c4 -w5 my_module.HttpGet url=http://example.com >out 2>err &&
	printf "made\nclosed\n" >want && test_cmp want err &&
	without_numbers out >got &&
	sed "s/@/	/" >want <<-\END &&
	votakvot
	run '\''my_module.HttpGet(url='\''http://example.com'\'')'\''
	use 4 parallel workers
	make 120 runs
	skip 5 first runs
	running...
	done

	was made  @ 120 runs
	average @ X ms
	std_dev @ X ms
	minimum @ X ms
	maximum @ X ms
	percentiles:
	  pct 05   @ X ms
	  pct 10   @ X ms
	  pct 25   @ X ms
	  pct 50   @ X ms
	  pct 75   @ X ms
	  pct 90   @ X ms
	  pct 95   @ X ms
	results:
	  120 times @ 18
	no errors
	more info at
	  ./my_module.HttpGet/TIME
	absolutely!
	END
	test_cmp want got
'

test_expect_success PYTHON 'failed calls have no duration' '
	ab -q -n3 -t bad/1 my_module.bad "number=[1, 2]" >out &&
	sed "s/@/	/" >want <<-\END &&
	votakvot
	run '\''my_module.bad(number=[1, 2])'\''
	use 1 parallel workers
	make 3 runs
	running...
	done

	was made  @ 3 runs
	results:
	  3 times @ None
	errors:
	  3 times @ KeyError([1, 2])
	more info at
	  ./bad/1
	absolutely!
	END
	test_cmp want out &&
	sed "1d; s/^[0-9.]*//" bad/1/metrics-0000.csv >got &&
	for i in 1 2 3; do echo ",,,\"KeyError([1, 2])\""; done >want &&
	test_cmp want got
'

test_expect_success PYTHON 'a strict one fails with exit status 2' '
	test_expect_code 2 ab -s -n3 -p deep/er -t strict my_module.bad >out &&
	test_grep "^absolutely fail!$" out &&
	test_grep "^KeyError: 7$" out &&
	resutil read-exp --key state deep/er/strict/ >out &&
	echo fail >want && test_cmp want out
'

test_expect_success PYTHON 'it is in the reports' '
	cat >report.py <<-\END &&
	import resutil
	for row in sorted(resutil.load_trials(".").values(), key=lambda t: t.tid):
	    print(row.tid.split("/")[0], row.state)
	END
	"$PYTHON" report.py >out &&
	printf "%s\n" "bad done" "my_module.HttpGet done" "strict fail" >want &&
	sort out >got && test_cmp want got
'

test_expect_success PYTHON 'Ctrl-C ends it, and the trial says so' '
	cat >forever.py <<-\END &&
	import os, signal, time
	def f():
	    time.sleep(0.3)
	    os.kill(os.getpid(), signal.SIGINT)
	    time.sleep(60)
	END
	{ ab -t stop forever.f >out 2>err || code=$?; } &&
	test "$code" = 130 &&
	resutil read-exp --key state stop/ >out &&
	echo interrupted >want && test_cmp want out
'

test_expect_success PYTHON,GEVENT 'greenlets' '
	ab -gn200 -c100 my_module.HttpGet url=x >out &&
	test_grep "was made  . 200 runs" out
'

test_done
