#!/bin/sh

test_description='Python: functions that go on where they were stopped'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

python_units test_resumable.py

# in_tree PROGRAM-TEXT: runs it here
in_tree () {
	cat >program.py && "$PYTHON" program.py
}

test_expect_success PYTHON 'the program of votakvot'\''s README' '
	in_tree >out <<-\END &&
	import random
	import resutil as votakvot

	class my_function(votakvot.resumable_fn):

	    snapshot_period = 5

	    def init(self, one, two):
	        self.one = one
	        self.two = two

	    def loop(self):
	        if self.index == 3:
	            return "result"
	        else:
	            return None

	trial = votakvot.run("resumable_pi/n=1/seed=2", my_function, one=1, two=2)
	print(trial.state, trial.result, trial.params)
	END
	test_grep "^done result {.one.: 1, .two.: 2}" out &&
	test_path_is_file resumable_pi/n=1/seed=2/resutil-exp.yaml &&
	head -n 1 resumable_pi/n=1/seed=2/resutil-snapshot >out &&
	echo "resutil-snapshot 1" >want && test_cmp want out
'

cat >fit.py <<'END'
import sys
import resutil

class Fit(resutil.resumable_fn):
    snapshot_each = 1

    def init(self, n):
        self.n, self.seen = n, []

    def loop(self):
        self.seen.append(self.index)
        resutil.meter(step=self.index)
        if self.index == 3 and len(sys.argv) > 1:
            raise ValueError("stopped")
        return self.seen if self.index == self.n else None

if __name__ == "__main__":
    trial = resutil.run("fit", Fit, n=5)
    print(trial.result)
END

test_expect_success PYTHON 'a step that failed is done again, the others not' '
	test_must_fail "$PYTHON" fit.py stop &&
	resutil read-exp --key state fit/ >out &&
	echo fail >want && test_cmp want out &&
	"$PYTHON" fit.py >out &&
	echo "[1, 2, 3, 4, 5]" >want && test_cmp want out &&
	resutil read-exp --key state fit/ >out &&
	echo done >want && test_cmp want out &&
	resutil read-exp --key resumes fit/ >out &&
	echo 1 >want && test_cmp want out &&
	resutil read-exp --key at.resumed fit/ >out && test -s out
'

test_expect_success PYTHON 'rows that were recorded stay recorded' '
	cat fit/metrics-*.csv >rows &&
	sed "/^at,/d; s/.*,//" rows >out &&
	printf "%s\n" 1 2 3 3 4 5 >want && test_cmp want out
'

test_expect_success PYTHON 'a damaged snapshot is told, the previous one used' '
	rm -rf fit &&
	test_must_fail "$PYTHON" fit.py stop &&
	echo garbage >>fit/resutil-snapshot &&
	"$PYTHON" fit.py >out 2>err &&
	test_grep "resutil-snapshot.* is not used: it is not as long" err &&
	echo "[1, 2, 3, 4, 5]" >want && test_cmp want out &&
	test_path_is_file fit/resutil-snapshot.bad-1
'

test_expect_success PYTHON 'a snapshot from elsewhere is not loaded' '
	rm -rf fit &&
	test_must_fail "$PYTHON" fit.py stop &&
	mkdir other && cp fit.py other/ && cp -R fit other/ &&
	(
		cd other &&
		"$PYTHON" fit.py >out 2>err &&
		test_grep "not written here by this user" err &&
		echo "[1, 2, 3, 4, 5]" >want && test_cmp want out
	) &&
	RESUTIL_TRUST_SNAPSHOTS=1 "$PYTHON" fit.py >out 2>err &&
	test_must_be_empty err
'

test_expect_success PYTHON 'the name of the key tells for whom it is' '
	ls -l .resutil-snapshot-key.* >out &&
	test_grep "^-rw-------" out && test_line_count = 1 out
'

test_expect_success PYTHON 'nothing else gets the name of a snapshot' '
	in_tree <<-\END &&
	import resutil

	@resutil.track("f", "", rand_slug=False)
	def f():
	    for name in ("resutil-snapshot", "resutil-snapshot.previous"):
	        try:
	            resutil.attach(name)
	        except ValueError:
	            continue
	        raise SystemExit("%s was opened" % name)
	f()
	END
	make_project proj &&
	(
		cd proj &&
		resutil run -m c --collect "resutil-*" -- \
			sh -c ">resutil-snapshot" 2>err &&
		test_grep "not collected: .*resutil-snapshot" err
	)
'

test_done
