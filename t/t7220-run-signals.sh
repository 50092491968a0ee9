#!/bin/sh

test_description='run: signals, and the death of recorder or program'
. ./test-lib.sh

field () {
	resutil read-exp --key "$2" "$1"
}

# start COMMENT SCRIPT: a run in the background; $recorder is its pid, and the
# script has written its own to the file "program".
start () {
	rm -f program
	resutil run -m "$1" -- sh -c "echo \$\$ >program.tmp
		mv program.tmp program
		$2" >run.out 2>run.err &
	recorder=$!
	test_wait_for 20 test -s program
}

listed_state () {
	resutil list --format="%(state)" >.all &&
	resutil list --format="%(name) %(state)" | sed -n "s/^[^ ]*_$1 //p"
}

wait_for_end () {
	wait "$recorder"
	echo $? >status
}

test_expect_success 'setup' '
	make_project proj
'

# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj

for sig in TERM HUP INT QUIT
do
	test_expect_success "SIG$sig reaches the program, the run is interrupted" '
		# a background job of a script ignores SIGINT and SIGQUIT, so
		# these are turned on again by a program that can
		rm -f program &&
		python3 -c "
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])" \
		resutil run -m sig-$sig -- sh -c "
			trap \"echo got-it; exit 5\" $sig
			echo \$\$ >program.tmp; mv program.tmp program
			i=0
			while test \$i -lt 300; do sleep 0.1; i=\$((i+1)); done" \
			>run.out 2>run.err &
		recorder=$! &&
		test_wait_for 20 test -s program &&
		kill -$sig $recorder &&
		wait_for_end &&
		echo 5 >want && test_cmp want status &&
		test_grep got-it run.out &&
		field sig-$sig state >out &&
		echo interrupted >want && test_cmp want out &&
		field sig-$sig exit_code >out && echo 5 >want && test_cmp want out
	'
done

test_expect_success 'a program that SIGTERM kills is recorded with the signal' '
	start term "exec sleep 60" &&
	kill -TERM $recorder && wait_for_end &&
	echo 143 >want && test_cmp want status &&
	field term state >out && echo interrupted >want && test_cmp want out &&
	field term signal >out && echo SIGTERM >want && test_cmp want out
'

test_expect_success 'while it runs, list says running' '
	start live "exec sleep 60" &&
	listed_state live >out && echo running >want && test_cmp want out &&
	kill -TERM $recorder && wait_for_end &&
	listed_state live >out && echo interrupted >want && test_cmp want out
'

test_expect_success 'kill -9 of the program is recorded' '
	start prog9 "exec sleep 60" &&
	kill -9 $(cat program) && wait_for_end &&
	echo 137 >want && test_cmp want status &&
	field prog9 signal >out && echo SIGKILL >want && test_cmp want out &&
	listed_state prog9 >out && echo fail >want && test_cmp want out
'

test_expect_success 'kill -9 of the recorder: unattended, then lost' '
	start rec9 "exec sleep 60" &&
	kill -9 $recorder && wait_for_end &&
	listed_state rec9 >out &&
	echo "running, unattended" >want && test_cmp want out &&
	kill -9 $(cat program) &&
	test_wait_for 20 sh -c "resutil list --format=\"%(name) %(state)\" |
		grep \"_rec9 lost\$\"" &&
	field rec9 state >out && echo running >want && test_cmp want out
'

test_expect_success 'kill -9 of both: lost, and the next run is not hindered' '
	start both9 "exec sleep 60" &&
	kill -9 $recorder $(cat program) && wait_for_end &&
	test_wait_for 20 sh -c "resutil list --format=\"%(name) %(state)\" |
		grep \"_both9 lost\$\"" &&
	resutil run -m both9 -- true
'

test_expect_success 'a signal before the claim leaves nothing' '
	ls -A results >before &&
	mkfifo fifo &&
	mkdir slow && (
		cd slow && git init -q . && cp ../resutil-conf.yaml . &&
		write_script ../git-slow <<-\EOF
		exec sleep 60
		EOF
	) &&
	mkdir bin && mv git-slow bin/git && chmod +x bin/git &&
	(
		cd slow && PATH=$(cd ../bin && pwd):$PATH &&
		resutil run -m early -- true >../run.out 2>../run.err &
		recorder=$! &&
		test_wait_for 20 sh -c "ls -A results | grep \"^\\.aa\\|^\\.[a-z]\"" ;
		kill -TERM $recorder; wait $recorder; echo $? >../status
	) &&
	echo 143 >want && test_cmp want status &&
	ls -A slow/results | sed "/^\.gitignore$/d" >out &&
	test_must_be_empty out
'

test_done
