#!/bin/sh

test_description='Python: track, run, inform, attach, as votakvot has them'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh
. "$TEST_DIRECTORY"/lib-mount.sh

python_units test_values.py test_binding.py test_ending.py test_attach.py \
	test_track.py test_track_inside.py test_track_many.py test_meta.py

test_expect_success PYTHON,MOUNT 'a full disk ends no function, and is told' '
	disk 1m disk &&
	cat >full.py <<-\END &&
	import os
	import resutil

	resutil.init("disk")

	@resutil.track("full", rand_slug=False, tid_pattern="x")
	def fit():
	    resutil.inform(before=1)
	    with open("disk/filler", "wb", 0) as f:
	        try:
	            while f.write(b"\0" * 4096):
	                pass
	        except OSError:
	            pass
	    resutil.inform(during="x" * 10000)
	    for row in range(10000):
	        resutil.meter(row=row)
	    try:
	        with resutil.attach("weights", "wb") as f:
	            f.write(b"\0" * 100000)
	    except OSError:
	        print("not attached")
	    return "y" * 20000

	print(len(fit()))
	END
	"$PYTHON" full.py >out 2>err &&
	printf "%s\n" "not attached" 20000 >expect &&
	test_cmp expect out &&
	test_grep "inform: during could not be recorded" err &&
	test_grep "a row of metrics is lost" err &&
	test_path_is_missing disk/full/x/weights &&
	rm disk/filler &&
	resutil read-exp --key info disk/full/x/ >info &&
	test_grep "before" info &&
	find disk -name ".*.tmp" >left &&
	test_must_be_empty left
'

test_expect_success PYTHON 'what a killed program attached is whole or hidden' '
	cat >killed.py <<-\END &&
	import os
	import resutil

	resutil.init("trees")

	@resutil.track("killed", rand_slug=False, tid_pattern="x")
	def fit():
	    with resutil.attach("whole") as f:
	        f.write("all of it")
	    f = resutil.attach("whole")
	    f.write("half")
	    f.flush()
	    os.kill(os.getpid(), 9)

	fit()
	END
	test_expect_code 137 sh -c "\"\$PYTHON\" killed.py; exit \$?" &&
	echo "all of it" >expect &&
	{ cat trees/killed/x/whole && echo; } >actual &&
	test_cmp expect actual &&
	"$PYTHON" -c "import resutil
[trial] = resutil.load_trials(\"trees\").values()
print(*trial.attached)" >out &&
	echo whole >expect &&
	test_cmp expect out
'

test_expect_success PYTHON 'an experiment has what was said and attached in it' '
	make_repo project &&
	(
		cd project &&
		resutil --no-interactive init --project-name p >/dev/null 2>&1 &&
		cat >main.py <<-\END &&
		import resutil

		@resutil.main()
		def main_func(params):
		    resutil.inform(loss=0.5)
		    resutil.meter(step=1)
		    global left
		    left = resutil.attach("open.txt")
		    left.write("not closed")
		    print(resutil.tid() in params.ex_dir)

		@resutil.track("inner", rand_slug=False, tid_pattern="x")
		def inner():
		    resutil.inform(inner=1)

		if __name__ == "__main__":
		    main_func()
		    inner()
		END
		RESUTIL_COMMENT=c "$PYTHON" main.py >out &&
		echo True >expect &&
		test_cmp expect out &&
		resutil read-exp --key info @ >info &&
		test_grep "loss" info &&
		test_grep ! "inner" info &&
		echo "not closed" >expect &&
		cat results/*_c/open.txt >actual && echo >>actual &&
		test_cmp expect actual &&
		test_path_is_file results/*_c/metrics-0000.csv &&
		resutil read-exp --key info inner/x/ >info &&
		test_grep "inner" info
	)
'

test_done
