#!/bin/sh

test_description='run on a terminal: the story, the program'\''s terminal, questions'
. ./test-lib.sh

if ! test_have_prereq PTY
then
	test_skip_all 'no helper for pseudo-terminals'
fi

# What the terminal showed, with plain line ends.
screen () {
	tr -d "\r" <"../screen"
}

# A file that nobody else writes: the clock stands still, so names are known.
test_expect_success 'setup' '
	make_repo proj && make_project proj && test_commit proj project &&
	cd proj &&
	test_set_now 1720091755
'

# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

test_expect_success 'the story, in the order in which things happen' '
	echo "print(2)" >train.py && echo x >new.txt &&
	head -c 11000000 /dev/zero >large.bin &&
	pty-run --screen=../screen --in=/dev/null --raw \
		resutil run -m golden -- sh -c "echo from the program" &&
	cat >want <<-\EOF &&
	Keeping 2 changed files of the code:
	  - new.txt
	  - train.py
	  left out: large.bin (too large)
	Experiment: aapfcd_20240704T111555_golden
	Running: sh -c '\''echo from the program'\''
	from the program
	EOF
	screen | sed "s/in [0-9.]* s/in N s/" >out &&
	echo "Done in N s: aapfcd_20240704T111555_golden" >>want &&
	test_cmp want out &&
	rm large.bin new.txt && git checkout -q train.py
'

test_expect_success 'nothing of it under -q, or when stderr is no terminal' '
	pty-run --screen=../screen --raw resutil -q run -m quiet -- echo hello &&
	echo hello >want && screen >out && test_cmp want out &&
	pty-run --screen=../screen --raw --err=err resutil run -m pipe -- echo hello &&
	screen >out && test_cmp want out && test_must_be_empty err
'

test_expect_success 'what is said begins a line, wherever the program stopped' '
	pty-run --screen=../screen --in=/dev/null --raw \
		resutil run -m open -- printf no-newline &&
	test_grep "^no-newline$" ../screen &&
	test_grep "^Done in " ../screen &&
	printf no-newline | cmp - results/*_open/stdout.log &&
	pty-run --screen=../screen --in=/dev/null --raw \
		resutil run -m closed -- sh -c "printf x; echo y" &&
	screen >out && test_grep ! "^$" out &&
	pty-run --screen=../screen --raw --out=out --err=err \
		resutil run -m files -- printf no-newline &&
	printf no-newline | cmp - out && test_must_be_empty err &&
	pty-run --screen=../screen --raw --out=out \
		resutil run -m file -- printf no-newline &&
	screen >err && test_grep ! "^$" err
'

test_expect_success 'a failure and a signal are told' '
	test_expect_code 3 pty-run --screen=../screen --in=/dev/null --raw \
		resutil run -m failed -- sh -c "exit 3" &&
	test_grep "^Failed with exit status 3 after" ../screen &&
	test_expect_code 137 pty-run --screen=../screen --in=/dev/null --raw \
		resutil run -m killed -- sh -c "kill -9 \$\$" &&
	test_grep "^Killed by SIGKILL after" ../screen
'

test_expect_success 'the program sees terminals where we have some' '
	cat >see <<-\EOF &&
	for fd in 0 1 2; do test -t $fd && echo $fd >>seen; done; true
	EOF
	rm -f seen && pty-run --screen=../screen resutil -q run --no-push \
		-m tty -- sh see </dev/null &&
	printf "0\n1\n2\n" >want && test_cmp want seen &&
	rm -f seen && pty-run --screen=../screen --out=out --in=/dev/null \
		resutil -q run -m tty2 -- sh see &&
	echo 2 >want && test_cmp want seen
'

test_expect_success 'the log has the bytes of the program, not of the terminal' '
	pty-run --screen=../screen --in=/dev/null --raw \
		resutil -q run -m bytes -- printf "a\nb\tc\r\n" &&
	printf "a\nb\tc\r\n" >want &&
	test_cmp_bin want "results/$(resutil rev-exp bytes)/stdout.log"
'

test_expect_success 'size of the terminal, at the start and when it changes' '
	cat >size.py <<-\EOF &&
	import os, select, signal, sys
	woken, wake = os.pipe()
	os.set_blocking(wake, False)
	signal.signal(signal.SIGWINCH, lambda *_: None)
	signal.set_wakeup_fd(wake)
	print("size", *os.get_terminal_size(1), flush=True)
	while os.get_terminal_size(1) != (120, 50):
	    if not select.select([woken], [], [], 20)[0]:
	        sys.exit("no SIGWINCH")
	    os.read(woken, 100)
	print("size", *os.get_terminal_size(1), flush=True)
	EOF
	pty-run --screen=../screen --size=40x100 --expect="size 100 40" \
		--resize=50x120 --expect="size 120 50" \
		resutil -q run -m size -- python3 size.py
'

test_expect_success 'a mode that the program sets through stdout reaches the terminal' '
	cat >mode.py <<-\EOF &&
	import sys, termios
	mode = termios.tcgetattr(1)
	mode[3] &= ~(termios.ECHO | termios.ICANON)
	termios.tcsetattr(1, termios.TCSANOW, mode)
	print("ready", flush=True)
	got = sys.stdin.read(1)
	print("got", got, flush=True)
	EOF
	pty-run --screen=../screen --expect=ready --send=k --expect="got k" \
		resutil -q run -m mode -- python3 mode.py &&
	screen >out && printf "ready\ngot k\n" >want && test_cmp want out
'

# What is expected must not stand in the command, which the story shows.
test_expect_success 'Ctrl-C reaches the program, the run is interrupted' '
	test_expect_code 130 pty-run --screen=../screen --expect=going \
		--send="\x03" --expect="Delete" --send="\r" \
		resutil run -m ctrlc -- sh -c "echo \"go\"ing; exec sleep 20" &&
	test_grep "Interrupted by SIGINT" ../screen &&
	resutil read-exp --key state ctrlc >out &&
	echo interrupted >want && test_cmp want out
'

test_expect_success 'Ctrl-C that the program handles: once, its own status' '
	test_expect_code 9 pty-run --screen=../screen --expect=going \
		--send="\x03" --expect="Delete" --send="n\r" \
		resutil run -m handled -- sh -c "
			trap \"echo caught; exit 9\" INT
			echo \"go\"ing
			i=0; while test \$i -lt 200; do sleep 0.1; i=\$((i+1)); done" &&
	printf "going\ncaught\n" >want &&
	test_cmp want "results/$(resutil rev-exp handled)/stdout.log"
'

test_expect_success 'a terminal that goes away: SIGHUP, recorded' '
	pty-run --screen=../screen --expect=going --hangup \
		resutil run -m hup -- sh -c "
			trap \"exit 4\" HUP; echo \"go\"ing
			i=0; while test \$i -lt 200; do sleep 0.1; i=\$((i+1)); done" ;
	test_wait_for 20 sh -c "resutil read-exp --key state hup |
		grep interrupted" &&
	resutil read-exp --key exit_code hup >out &&
	echo 4 >want && test_cmp want out
'

test_expect_success 'a failed run is asked about last, the default keeps it' '
	test_expect_code 1 pty-run --screen=../screen --expect="Delete" \
		--send="\r" resutil run -m keep -- false &&
	resutil rev-exp keep &&
	test_expect_code 1 pty-run --screen=../screen --expect="Delete" \
		--send="y\r" resutil run -m drop -- false &&
	test_expect_code 10 resutil rev-exp drop
'

test_expect_success 'without a person nothing is asked' '
	test_expect_code 1 pty-run --screen=../screen \
		resutil --no-interactive run -m alone -- false &&
	test_grep ! Delete ../screen && test_grep ! Comment ../screen &&
	RESUTIL_NO_INTERACTIVE=1 test_expect_code 1 pty-run --screen=../screen \
		resutil run -- false &&
	test_grep ! Comment ../screen
'

test_expect_success 'the comment is asked for, and Tab completes earlier ones' '
	pty-run --screen=../screen --expect="Comment" --send="typed one\r" \
		resutil run -- true &&
	resutil rev-exp "typed one" &&
	resutil run -m old_with_underscore -- true &&
	pty-run --screen=../screen --expect="Comment" --send="old\t" \
		--expect="old_with_underscore" --send="-2\r" \
		resutil run -- true &&
	resutil rev-exp old_with_underscore-2
'

test_expect_success 'a bad comment is told and asked for again' '
	pty-run --screen=../screen --expect="Comment" --send="a/b\r" \
		--expect="Comment" --send="better\r" resutil run -- true &&
	resutil rev-exp better &&
	test_grep "/" ../screen
'

test_expect_success 'Enter alone: no comment; run.prompt=no: no question' '
	pty-run --screen=../screen --expect="Comment" --send="\r" \
		resutil run --name-file=name -- true &&
	test_grep "^[a-z]*_[0-9T]*$" name &&
	pty-run --screen=../screen resutil -c run.prompt=no run -- true &&
	test_grep ! Comment ../screen
'

test_expect_success 'Ctrl-C at the question: nothing is made, nothing runs' '
	ls -A results >before &&
	# the signal may come before the line editor has the terminal
	{
		pty-run --screen=../screen --expect="Comment" \
			--send="\x03" resutil run -- touch ran
		case $? in 125|130) : ;; *) false ;; esac
	} &&
	ls -A results >after && test_cmp before after &&
	test_path_is_missing ran
'

test_expect_success 'no escape sequence of a file name reaches the terminal' '
	printf x >"$(printf "evil\033]0;owned\007")" &&
	pty-run --screen=../screen --in=/dev/null --raw resutil run -m esc -- true &&
	rm evil* &&
	test_grep "evil.x1b" ../screen &&
	tr -cd "\033\007" <../screen >out && test_must_be_empty out
'

test_done
