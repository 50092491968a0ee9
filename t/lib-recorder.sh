# A recorder that is spoken to, for tests. Descriptors 8 and 9 are its ends.

# start_recorder [COMMAND...]: resutil record-runs, its process is $recorder. It
# is told that this shell is the program.
start_recorder () {
	rm -f recorder.in recorder.out &&
	mkfifo recorder.in recorder.out &&
	{
		"${@:-resutil}" record-runs --pid=$$ \
			<recorder.in >recorder.out 2>recorder.err 8>&- 9<&- &
	} &&
	recorder=$! &&
	exec 8>recorder.in 9<recorder.out
}

# ask REQUEST...: prints the answers; the last one is in $answer.
ask () {
	for request
	do
		printf "%s\n" "$request" >&8 &&
		IFS= read -r answer <&9 || return 1
		printf "%s\n" "$answer"
	done
}

# stop_recorder: the end of its input; gives back its status.
stop_recorder () {
	exec 8>&- 9<&-
	wait $recorder
}

# trial TID [MEMBER...]: a request to begin a trial in t
trial () {
	begin='{"op":"begin","kind":"trial","root":"t","providers":[]'
	begin="$begin,\"tid\":\"$1\""
	shift
	for more
	do
		begin="$begin,$more"
	done
	printf "%s}\n" "$begin"
}

# done_run N [MEMBER...]: a request to finish run N
done_run () {
	finish="{\"op\":\"finish\",\"run\":$1,\"state\":\"done\""
	shift
	for more
	do
		finish="$finish,$more"
	done
	printf "%s}\n" "$finish"
}

# key KEY DIR VALUE: what the record says, as JSON
key () {
	resutil read-exp --json --key "$1" "$2" >key.out &&
	printf "%s\n" "$3" >key.want &&
	test_cmp key.want key.out
}
