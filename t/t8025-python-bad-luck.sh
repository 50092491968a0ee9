#!/bin/sh

test_description='the Python package: programs and machines that misbehave'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh
. "$TEST_DIRECTORY"/lib-mount.sh

in_project () {
	make_project "$1" >/dev/null &&
	cat >"$1/prog.py" &&
	cd "$1"
}

state_is () {
	resutil read-exp --key state @ >actual &&
	echo "$1" >expect &&
	test_cmp expect actual
}

one_experiment () {
	resutil list-exps >names &&
	test_line_count = 1 names
}

# What hangs must not hang the tests.
limited () {
	timeout -k 5 60 "$@"
}

is_lost () {
	test "$(resutil read-exp --key state @)" = lost
}

test_expect_success PYTHON 'without standard streams' '
	in_project closed <<-\END &&
	import resutil

	@resutil.main()
	def main_func(params):
	    open(params.ex_dir + "/ran", "w").close()

	main_func()
	END
	limited "$PYTHON" prog.py <&- >&- 2>&- &&
	one_experiment &&
	state_is done &&
	test_path_is_file results/*/ran
'

test_expect_success PYTHON 'a program that closes all descriptors and opens its own' '
	in_project closes <<-\END &&
	import os
	import resutil

	@resutil.main()
	def main_func(params):
	    os.closerange(3, 1000)
	    files = [open(params.ex_dir + f"/f{n}", "w") for n in range(100)]
	    for f in files:
	        f.write("mine")
	        f.flush()
	    globals()["files"] = files

	main_func()
	END
	limited "$PYTHON" prog.py &&
	one_experiment &&
	state_is done &&
	cat results/*/f* >all &&
	"$PYTHON" -c "
assert open(\"all\").read() == 100 * \"mine\"
	"
'

test_expect_success PYTHON 'os._exit() in the function: the run is lost, not running' '
	in_project vanishes <<-\END &&
	import os
	import resutil

	@resutil.main()
	def main_func(params):
	    os._exit(5)

	main_func()
	END
	test_expect_code 5 limited "$PYTHON" prog.py &&
	one_experiment &&
	test_wait_for 20 is_lost &&
	resutil read-exp --key at.finished @
'

test_expect_success PYTHON 'killed: the run is lost' '
	in_project killed <<-\END &&
	import os
	import signal
	import resutil

	@resutil.main()
	def main_func(params):
	    resutil._state.current().update(info={"last": "words"})
	    os.kill(os.getpid(), signal.SIGKILL)

	main_func()
	END
	test_expect_code 137 limited "$PYTHON" prog.py &&
	test_wait_for 20 is_lost &&
	resutil read-exp --key info.last @
'

test_expect_success PYTHON 'a forked child that comes back ends nothing' '
	in_project forks <<-\END &&
	import os
	import resutil

	@resutil.main()
	def main_func(params):
	    if not os.fork():
	        return "child"
	    os.wait()
	    return "parent"

	print(main_func(), flush=True)
	END
	limited "$PYTHON" prog.py >out &&
	printf "child\nparent\n" >expect &&
	test_cmp expect out &&
	one_experiment &&
	state_is done &&
	resutil read-exp --key result @ >actual &&
	echo parent >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON 'a forked child that fails, or exits, ends nothing' '
	in_project forks-fails <<-\END &&
	import os
	import sys
	import resutil

	@resutil.main()
	def main_func(params):
	    for how in (lambda: 1/0, sys.exit):
	        if not os.fork():
	            how()
	        os.wait()
	    return "parent"

	print(main_func(), flush=True)
	END
	limited "$PYTHON" prog.py >out 2>err &&
	echo parent >expect &&
	test_cmp expect out &&
	test_grep ZeroDivisionError err &&
	one_experiment &&
	state_is done &&
	test_path_is_missing results/*/traceback.txt
'

test_expect_success PYTHON 'a child that lives on keeps nobody waiting' '
	in_project daemon <<-\END &&
	import os
	import time
	import resutil

	@resutil.main()
	def main_func(params):
	    if not os.fork():
	        os.setsid()
	        while os.path.exists("alive"):
	            time.sleep(0.05)
	        os._exit(0)

	main_func()
	END
	touch alive &&
	test_when_finished "rm -f alive" &&
	limited "$PYTHON" prog.py >out 2>err </dev/null &&
	one_experiment &&
	state_is done
'

test_expect_success PYTHON 'a pool of processes adds to the one run' '
	in_project pool <<-\END &&
	import multiprocessing
	import resutil

	def work(number):
	    resutil._state.current().update(info={f"part{number}": number})
	    return number

	@resutil.main()
	def main_func(params):
	    with multiprocessing.get_context("fork").Pool(4) as pool:
	        return sum(pool.map(work, range(20)))

	print(main_func())
	END
	limited "$PYTHON" prog.py >out &&
	echo 190 >expect &&
	test_cmp expect out &&
	one_experiment &&
	state_is done &&
	resutil read-exp --key info @ | tr , "\n" >info &&
	test_line_count = 20 info
'

test_expect_success PYTHON 'a program that waits for all its children' '
	in_project waits <<-\END &&
	import os
	import resutil

	@resutil.main()
	def main_func(params):
	    if not os.fork():
	        os._exit(0)
	    while True:
	        try:
	            os.wait()
	        except ChildProcessError:
	            break

	main_func()
	END
	limited "$PYTHON" prog.py &&
	state_is done
'

test_expect_success PYTHON 'a recorder that is killed is replaced' '
	in_project recorder <<-\END &&
	import os
	import signal
	import resutil
	from resutil._recorder import recorder

	@resutil.main()
	def main_func(params):
	    params.inform(before=1)
	    os.kill(recorder().process_id, signal.SIGKILL)
	    params.inform(after=2)
	    os.kill(recorder().process_id, signal.SIGKILL)
	    return 3

	print(main_func())
	END
	limited "$PYTHON" prog.py >out 2>err &&
	echo 3 >expect &&
	test_cmp expect out &&
	test_grep "the recorder .*has ended: it was killed" err &&
	test_line_count = 2 err &&
	one_experiment &&
	state_is done &&
	resutil read-exp --key info @ >actual &&
	echo "{\"before\": 1, \"after\": 2}" >expect &&
	test_cmp expect actual &&
	resutil read-exp --key at.finished @
'

test_expect_success PYTHON 'the directory of the experiment is removed by the function' '
	in_project removes <<-\END &&
	import shutil
	import resutil

	@resutil.main()
	def main_func(params):
	    shutil.rmtree(params.ex_dir)
	    return 5

	print(main_func())
	END
	limited "$PYTHON" prog.py >out 2>err &&
	echo 5 >expect &&
	test_cmp expect out &&
	test_grep "warning: .* was removed; its record is put back" err &&
	state_is done
'

test_expect_success PYTHON 'the function goes elsewhere, and its place is removed' '
	in_project leaves <<-\END &&
	import os
	import tempfile
	import resutil

	@resutil.main()
	def main_func(params):
	    where = tempfile.mkdtemp()
	    os.chdir(where)
	    os.rmdir(where)
	    params.inform(gone=True)

	main_func()
	END
	limited "$PYTHON" prog.py 2>err &&
	test_must_be_empty err &&
	state_is done
'

test_expect_success PYTHON 'values that are too much for a record' '
	in_project large <<-\END &&
	import resutil

	class Odd:
	    def __repr__(self):
	        raise RuntimeError

	@resutil.main()
	def main_func(params, size):
	    return ["x" * size, Odd(), {1: float("nan")}]

	print(len(main_func(100)), len(main_func(80 << 20)))
	END
	limited "$PYTHON" prog.py >out 2>err &&
	echo "3 3" >expect &&
	test_cmp expect out &&
	resutil read-exp --key state @ >actual &&
	resutil read-exp --key state @~1 >>actual &&
	printf "done\ndone\n" >expect &&
	test_cmp expect actual &&
	test_grep "not recorded whole: .*too much for a record" err &&
	resutil read-exp --key result @ >actual &&
	test_grep "xxx[.][.][.]xxx" actual &&
	test_grep "nan" actual
'

test_expect_success PYTHON 'SIGTERM ends the program as ever, and the run is lost' '
	in_project term <<-\END &&
	import os
	import signal
	import resutil

	@resutil.main()
	def main_func(params):
	    os.kill(os.getpid(), signal.SIGTERM)

	main_func()
	END
	test_expect_code 143 limited "$PYTHON" prog.py &&
	test_wait_for 20 is_lost
'

test_expect_success PYTHON 'a handler of the program that raises' '
	in_project handler <<-\END &&
	import os
	import signal
	import resutil

	def stop(number, frame):
	    raise TimeoutError("too long")

	signal.signal(signal.SIGALRM, stop)

	@resutil.main()
	def main_func(params):
	    signal.setitimer(signal.ITIMER_REAL, 0.05)
	    while True:
	        params.inform(again=True)

	try:
	    main_func()
	except TimeoutError:
	    print("stopped")
	END
	limited "$PYTHON" prog.py >out &&
	echo stopped >expect &&
	test_cmp expect out &&
	state_is fail
'

# Fills what is left of the disk of the experiment.
test_expect_success PYTHON,MOUNT 'a full disk: the function goes on, its end is recorded' '
	disk 2m full &&
	(
	in_project full/p <<-\END &&
	import errno
	import os
	import resutil

	@resutil.main()
	def main_func(params, result):
	    with open(params.ex_dir + "/fill", "wb", buffering=0) as f:
	        for size in (65536, 4096, 1):
	            try:
	                while True:
	                    f.write(bytes(size))
	            except OSError as e:
	                assert e.errno == errno.ENOSPC, e
	    try:
	        params.inform(more="than fits" * 10000)
	    except resutil.ResutilError as e:
	        print("told:", e)
	    return result

	print(main_func("small"))
	END
	limited "$PYTHON" prog.py >../../out 2>../../err &&
	test_grep "^told: .*No space left" ../../out &&
	test_grep "^small$" ../../out &&
	test "$(resutil read-exp --key state @)" = done &&
	resutil read-exp --key result @ >../../actual &&
	echo small >../../expect &&
	test_cmp ../../expect ../../actual
	)
'

test_expect_success PYTHON,MOUNT 'a full disk: what does not fit is told and left out' '
	disk 2m full &&
	(
	in_project full/p <<-\END &&
	import os
	import resutil

	@resutil.main()
	def main_func(params):
	    with open(params.ex_dir + "/fill", "wb", buffering=0) as f:
	        for size in (65536, 4096, 1):
	            try:
	                while True:
	                    f.write(bytes(size))
	            except OSError:
	                pass
	    return "large" * 100000

	print(len(main_func()))
	END
	limited "$PYTHON" prog.py >../../out 2>../../err &&
	echo 500000 >../../expect &&
	test_cmp ../../expect ../../out &&
	test_grep "warning: the end of .* is not recorded whole" ../../err &&
	test "$(resutil read-exp --key state @)" = done
	)
'

test_done
