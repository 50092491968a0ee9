#!/bin/sh

test_description='run: signals, and the death of recorder or program'
. ./test-lib.sh

field () {
	resutil read-exp --key "$2" "$1"
}

# start COMMENT SCRIPT: a run in the background. $recorder is the pid of
# resutil, $program that of the shell that runs SCRIPT. A script's background
# jobs ignore SIGINT and SIGQUIT, which env turns on again.
start () {
	rm -f recorder program status
	(
		env --default-signal=INT,QUIT resutil run -m "$1" -- sh -c "
			echo \$PPID >recorder
			echo \$\$ >program.tmp && mv program.tmp program
			$2" >run.out 2>run.err
		echo $? >status.tmp && mv status.tmp status
	) &
	test_wait_for 20 test -e program &&
	recorder=$(cat recorder) && program=$(cat program)
}

# ended STATUS: waits for the run's end, and that is it
ended () {
	test_wait_for 20 test -e status &&
	echo "$1" >want && test_cmp want status
}

listed_state () {
	resutil list --format="%(name) %(state)" | sed -n "s/^[^ ]*_$1 //p"
}

test_expect_success 'setup' '
	make_project proj
'

# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

for sig in TERM HUP INT QUIT
do
	test_expect_success "SIG$sig reaches the program, the run is interrupted" '
		start sig-$sig "
			trap \"echo got-it; exit 5\" $sig; touch ready
			i=0
			while test \$i -lt 200; do sleep 0.1; i=\$((i+1)); done" &&
		test_wait_for 20 test -e ready && rm ready &&
		kill -$sig $recorder && ended 5 &&
		test_grep got-it run.out &&
		field sig-$sig state >out &&
		echo interrupted >want && test_cmp want out &&
		field sig-$sig exit_code >out && echo 5 >want && test_cmp want out
	'
done

test_expect_success 'a signal that is ignored (nohup) interrupts nothing' '
	(
		trap "" HUP
		resutil run -m nohup -- sh -c "
			kill -HUP \$PPID \$\$; sleep 0.2; echo on" >out
	) &&
	echo on >want && test_cmp want out &&
	field nohup state >out && echo done >want && test_cmp want out
'

test_expect_success 'a signal to all of them at once is no plain failure' '
	start group "exec sleep 20" &&
	# two calls, so the recorder is held until both have theirs
	kill -STOP $recorder && kill -TERM $program $recorder &&
	kill -CONT $recorder && ended 143 &&
	field group state >out && echo interrupted >want && test_cmp want out
'

test_expect_success 'a program that SIGTERM kills is recorded with the signal' '
	start term "exec sleep 20" &&
	kill -TERM $recorder && ended 143 &&
	field term state >out && echo interrupted >want && test_cmp want out &&
	field term signal >out && echo SIGTERM >want && test_cmp want out
'

test_expect_success 'while it runs, list says running' '
	start live "exec sleep 20" &&
	listed_state live >out && echo running >want && test_cmp want out &&
	kill -TERM $recorder && ended 143 &&
	listed_state live >out && echo interrupted >want && test_cmp want out
'

test_expect_success 'kill -9 of the program is recorded' '
	start prog9 "exec sleep 20" &&
	kill -9 $program && ended 137 &&
	field prog9 signal >out && echo SIGKILL >want && test_cmp want out &&
	listed_state prog9 >out && echo fail >want && test_cmp want out
'

test_expect_success 'kill -9 of the recorder: unattended, then lost' '
	start rec9 "exec sleep 20" &&
	kill -9 $recorder && ended 137 &&
	listed_state rec9 >out &&
	echo "running, unattended" >want && test_cmp want out &&
	kill -9 $program &&
	test_wait_for 20 sh -c "resutil list --format=\"%(name) %(state)\" |
		grep \"_rec9 lost\$\"" &&
	field rec9 state >out && echo running >want && test_cmp want out
'

test_expect_success 'kill -9 of both: lost, and the next run is not hindered' '
	start both9 "exec sleep 20" &&
	kill -9 $recorder $program && ended 137 &&
	test_wait_for 20 sh -c "resutil list --format=\"%(name) %(state)\" |
		grep \"_both9 lost\$\"" &&
	resutil run -m both9 -- true
'

# A pipe holds 64 KiB; what is in the log beyond that waits in resutil.
test_expect_success 'a reader that does not read keeps no signal from the program' '
	rm -f status program && mkfifo fifo && exec 8<>fifo &&
	{ (
		sh -c "echo \$\$ >recorder
			exec resutil run -m stuck -- sh -c \"
				echo \\\$\\\$ >program; exec yes\"" >fifo 8>&-
		echo $? >status.tmp && mv status.tmp status
	) & } &&
	test_wait_for 20 sh -c "
		test \$(cat results/*_stuck/stdout.log | wc -c) -gt 65536" &&
	kill -TERM $(cat recorder) &&
	test_wait_for 5 test_must_fail kill -0 $(cat program) &&
	{ timeout 20 cat <fifo >passed 8>&- & } &&
	ended 143 && exec 8>&- &&
	field stuck signal >out && echo SIGTERM >want && test_cmp want out &&
	test_wait_for 20 cmp passed results/*_stuck/stdout.log
'

# What holds the writer's lock of the run, so that its end must wait.
test_expect_success 'the end may wait for a lock, and is given up only when told twice' '
	cat >hold.py <<-\EOF &&
	import fcntl, os, struct, time
	live = ".resutil/live/" + os.environ["RESUTIL_ID"]
	if os.fork() == 0:
	    fd = os.open(live, os.O_RDWR)
	    F_OFD_SETLK = 37
	    fcntl.fcntl(fd, F_OFD_SETLK,
	                struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 1, 1, 0))
	    open("held", "w").write(str(os.getpid()))
	    time.sleep(30)
	    os._exit(0)
	while not os.path.exists("held"):
	    time.sleep(0.05)
	EOF
	start wait "python3 hold.py" &&
	test_wait_for 20 test -s held &&
	test_wait_for 20 test_must_fail kill -0 $program &&
	sleep 0.3 && kill -TERM $recorder && sleep 0.3 &&
	kill -0 $recorder && kill -TERM $recorder && ended 143 &&
	kill $(cat held) && rm held
'

test_expect_success 'once is not enough: the end is recorded when the lock is free' '
	start wait2 "python3 hold.py" &&
	test_wait_for 20 test -s held &&
	test_wait_for 20 test_must_fail kill -0 $program &&
	sleep 0.3 && kill -TERM $recorder && sleep 0.3 &&
	kill $(cat held) && ended 0 &&
	field wait2 state >out && echo done >want && test_cmp want out
'

test_expect_success 'a signal before the claim leaves nothing' '
	mkdir early early/bin && make_repo early && make_project early &&
	write_script early/bin/git <<-\EOF &&
	echo $$ >>gits
	exec sleep 20
	EOF
	(
		cd early && ls -A results >before
		(
			PATH=$PWD/bin:$PATH &&
			sh -c "echo \$\$ >recorder; exec resutil run -- touch ran"
			echo $? >status.tmp && mv status.tmp status
		) &
		test_wait_for 20 eval "ls -A results | grep \"[.]tmp\$\"" &&
		kill -TERM $(cat recorder) && ended 143 &&
		kill $(cat gits) &&
		{ ls -A .resutil/live 2>/dev/null; ls -A results; } >after && test_cmp before after &&
		test_path_is_missing ran
	)
'

test_done
