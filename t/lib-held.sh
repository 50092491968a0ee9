# Hold a command of the pack engine at a certain moment, change something, and
# let it go on. It reads a FIFO at a POINT of an entry's PATH: "open" (before
# the entry is opened) or "check" (when it was read, before it is looked at
# again), and goes on when the FIFO is closed. Needs the prereq FAULTS.
#
# A command that never comes to the point, or never ends, is killed after half
# a minute: the test fails, and does not hang.

held_nr=0

# held POINT:PATH COMMAND...: starts the command, in the background, which will
# wait at that point; `hold` waits until it does
held () {
	held_at=$1 held_nr=$((held_nr + 1)) &&
	shift &&
	exec 9>&- &&
	gate=gate.$held_nr && held_over=over.$held_nr &&
	mkfifo $gate &&
	{
		held_command "$@" >out 2>err 5>&- 6<&- &
	} &&
	pid=$!
}

# Has whoever waits for a command that has ended go on.
held_command () {
	RESUTIL_TEST_PACK_PAUSE="$held_at:$(pwd)/$gate" \
	PATH="$FAULTY_DIRECTORY:$PATH" timeout -s KILL 30 "$@"
	held_status=$?
	: >$held_over
	if test -p $gate
	then
		timeout 30 cat $gate
	fi
	exit $held_status
}

# hold: until it is there
hold () {
	exec 9>$gate &&
	if test -e $held_over
	then
		echo "it did not come to $held_at, or not in time"
		return 1
	fi
}

# once: it goes on, and does not stop there again
once () {
	rm $gate && exec 9>&-
}

# again: it goes on, and stops there once more
again () {
	mv $gate $gate.old && mkfifo $gate.new && mv $gate.new $gate &&
	exec 9>&- && rm $gate.old && hold
}

# ends STATUS: how it ended
ends () {
	held_status=0
	wait $pid || held_status=$?
	rm -f $held_over
	test $held_status = $1 || {
		echo "status $held_status, not $1"
		cat err
		return 1
	}
}
