#!/bin/sh

test_description='inform, meter, attach and tid in the trials of Python'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

# trial NAME SCRIPT: a trial in which the shell runs that; $dir is its directory
trial () {
	cat >trial.py <<-\EOF &&
	import os, subprocess, sys
	import resutil
	resutil.init("trials")
	def work():
	    env = dict(os.environ, RESUTIL_EX_DIR=resutil.current_tracker().path)
	    env.pop("RESUTIL_ID", None)
	    return subprocess.run(["sh", "-c", sys.argv[2]], env=env).returncode
	resutil.run(sys.argv[1], work)
	EOF
	"$PYTHON" trial.py "$1" "$2" && dir=trials/$1
}

test_expect_success PYTHON 'tid, in a trial and of one' '
	trial a/one "resutil tid >out" && echo a/one >want && test_cmp want out &&
	resutil tid --exp $dir >out && test_cmp want out &&
	(cd $dir && resutil tid --exp .) >out && test_cmp want out
'

test_expect_success PYTHON 'inform, while it runs and afterwards' '
	trial b "cd / && resutil inform x.y=1" && cp $dir/resutil-exp.yaml record &&
	test_grep "^  x:" record && test_grep "^    \"y\": 1" record &&
	resutil inform --exp $dir x.z=2 && test_grep "^    z: 2" $dir/resutil-exp.yaml &&
	test_grep "^    \"y\": 1" $dir/resutil-exp.yaml &&
	test_grep "^state: done" $dir/resutil-exp.yaml &&
	ls -A $dir >files && test_grep ! live files && test_grep ! tmp files
'

test_expect_success PYTHON 'meter and attach, while it runs and afterwards' '
	echo text >file &&
	trial c "resutil meter a=1; echo a=2 | resutil meter --stdin
		resutil attach file --as sub/file" &&
	cut -d, -f2 $dir/metrics-0000.csv >out && printf "%s\n" a 1 2 >want &&
	test_cmp want out && test_cmp file $dir/sub/file &&
	grep "^revision" $dir/resutil-exp.yaml >before &&
	resutil meter --exp $dir a=3 && resutil attach --exp $dir file &&
	test_line_count = 4 $dir/metrics-0000.csv && test_cmp file $dir/file &&
	grep "^revision" $dir/resutil-exp.yaml >after && test_must_fail cmp before after &&
	ls -A trials >files && test_grep ! tmp files
'

test_expect_success PYTHON 'an hundred at once' '
	trial many "
		i=0
		while test \$i -lt 50
		do
			i=\$((i + 1))
			{ resutil inform k\$i=\$i || echo \$i >>failed; } &
			{ resutil meter i=\$i || echo \$i >>failed; } &
		done
		wait" && test_path_is_missing failed &&
	test_line_count = 51 $dir/metrics-0000.csv &&
	grep -c "^  k[0-9]*: " $dir/resutil-exp.yaml >out && echo 50 >want &&
	test_cmp want out
'

test_expect_success PYTHON 'a trial within an experiment is itself' '
	make_project p && cd p && cat >nested.py <<-\EOF &&
	import os, subprocess
	import resutil
	resutil.init(os.path.join(os.environ["RESUTIL_EX_DIR"], "trials"))
	def work():
	    env = dict(os.environ, RESUTIL_EX_DIR=resutil.current_tracker().path)
	    subprocess.run(["resutil", "inform", "who=trial"], env=env, check=True)
	    subprocess.run(["resutil", "meter", "a=1"], env=env, check=True)
	    subprocess.run(["resutil", "inform", "who=experiment"], check=True)
	resutil.run("inner", work)
	EOF
	resutil run -m outer -- "$PYTHON" nested.py && dir=$(echo results/*_outer) &&
	test_grep "who: trial" $dir/trials/inner/resutil-exp.yaml &&
	test_grep "who: experiment" $dir/resutil-exp.yaml &&
	test_path_is_file $dir/trials/inner/metrics-0000.csv &&
	test_path_is_missing $dir/metrics-0000.csv &&
	resutil inform --exp $dir/trials/inner later=1 &&
	test_grep "later: 1" $dir/trials/inner/resutil-exp.yaml &&
	resutil inform --exp $dir/trials later=2 && test_grep "later: 2" $dir/resutil-exp.yaml
'

test_expect_success PYTHON 'what no store has is not sent by checkpoint' '
	test_expect_code 129 resutil checkpoint --exp trials/b 2>err &&
	test_line_count = 1 err
'

test_done
