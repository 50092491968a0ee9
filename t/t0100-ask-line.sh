#!/bin/sh

test_description='ask-line: one line from a person at a terminal'

. ./test-lib.sh

printf '%s\n' 'lr 0.1_again' 'lr 0.1_first' 'ünïcode é' >candidates

# ask STEP... -- ARG...: what ask-line prints goes to the file answer.
ask () {
	pty-run --out=answer --expect="? " "$@" >screen
}

test_expect_success PTY 'a line, with prompt and echo on the terminal' '
	ask --send="some words\r" resutil ask-line "Comment? " &&
	echo "some words" >expect &&
	test_cmp expect answer &&
	test_grep "Comment? some words" screen
'

test_expect_success PTY 'an empty line is an answer; blanks are kept' '
	ask --send="\r" resutil ask-line "Comment? " &&
	echo >expect &&
	test_cmp expect answer &&
	ask --send=" a  b \r" resutil ask-line "Comment? " &&
	echo " a  b " >expect &&
	test_cmp expect answer
'

test_expect_success PTY 'it can be edited' '
	ask --send="abd\x02c\x01>\r" resutil ask-line "Comment? " &&
	echo ">abcd" >expect &&
	test_cmp expect answer &&
	ask --send="gone\x15new\r" resutil ask-line "Comment? " &&
	echo new >expect &&
	test_cmp expect answer
'

test_expect_success PTY '--default is there to be accepted or changed' '
	ask --expect="old text" --send="\r" \
		resutil ask-line --default="old text" "Comment? " &&
	echo "old text" >expect &&
	test_cmp expect answer &&
	ask --expect="old" --send="\x7f\x7fx\r" \
		resutil ask-line --default=old "Comment? " &&
	echo ox >expect &&
	test_cmp expect answer &&
	ask --expect="ü" --send="\x7f\r" \
		resutil ask-line --default=aü "Comment? " &&
	echo a >expect &&
	test_cmp expect answer
'

test_expect_success PTY 'Tab completes the whole line, blanks and _ included' '
	ask --send="l\t" --expect="0.1_" --send="f\t" --expect=irst \
		--send="\r" \
		resutil ask-line --complete-from=candidates "Comment? " &&
	echo "lr 0.1_first" >expect &&
	test_cmp expect answer
'

test_expect_success PTY 'Tab completes what is not ASCII, whatever the locale' '
	for locale in C C.UTF-8
	do
		LC_ALL=$locale ask --send="ü\t" --expect=code --send="!\r" \
			resutil ask-line --complete-from=candidates \
			"Comment? " &&
		echo "ünïcode é!" >expect &&
		test_cmp expect answer || return 1
	done
'

test_expect_success PTY 'Tab lists what there is, in its order' '
	ask --send="\t" --expect="lr 0.1_again" --expect="lr 0.1_first" \
		--expect="ünïcode é" --expect="Comment? " --send="x\r" \
		resutil ask-line --complete-from=candidates "Comment? " &&
	echo x >expect &&
	test_cmp expect answer
'

test_expect_success PTY 'Tab lists twenty, and says how many more' '
	seq 1 23 >many &&
	ask --send="\t" --expect="  20" --expect="and 3 more" --send="\r" \
		resutil ask-line --complete-from=many "Comment? "
'

test_expect_success PTY 'Tab with nothing that fits changes nothing' '
	ask --send="q\t" --expect="q" --send="\r" \
		resutil ask-line --complete-from=candidates "Comment? " &&
	echo q >expect &&
	test_cmp expect answer
'

test_expect_success PTY 'Up and Down walk through the candidates' '
	ask --send="\e[A" --expect=again --send="\e[A" --expect=first \
		--send="\r" \
		resutil ask-line --complete-from=candidates "Comment? " &&
	echo "lr 0.1_first" >expect &&
	test_cmp expect answer &&
	ask --send="\e[A" --expect=again --send="\e[B\r" \
		resutil ask-line --complete-from=candidates "Comment? " &&
	echo >expect &&
	test_cmp expect answer
'

test_expect_success PTY 'an escape sequence in a candidate is shown, not obeyed' '
	printf "a\033[31mred\nab\n" >hostile &&
	ask --send="\t" --expect="a" --send="\t" --expect="[31mred" \
		--send="\r" \
		resutil ask-line --complete-from=hostile "Comment? " &&
	test_grep ! "$(printf "\033")\[31m" screen
'

test_expect_success PTY 'Ctrl-D: no answer, 1' '
	test_expect_code 1 ask --send="\x04" resutil ask-line "Comment? " &&
	test_must_be_empty answer
'

test_expect_success PTY 'Ctrl-C: no answer, 130, and the terminal is as before' '
	write_script outer <<-\EOF &&
	stty -a >before </dev/tty
	resutil ask-line "Comment? "
	echo $? >status
	stty -a >after </dev/tty
	EOF
	ask --send="ab\x03" ./outer &&
	test_must_be_empty answer &&
	echo 130 >expect &&
	test_cmp expect status &&
	test_cmp before after
'

test_expect_success PTY 'a signal: it alone dies, and the terminal is as before' '
	write_script outer <<-\EOF &&
	stty -a >before </dev/tty
	sh -c "echo \$\$ >pid; exec resutil ask-line \"Comment? \""
	echo $? >status
	stty -a >after </dev/tty
	EOF
	write_script killer <<-\EOF &&
	kill -TERM $(cat pid)
	EOF
	rm -f pid status screen &&
	{
		pty-run --out=answer --expect="? " --send="ab" --expect=ab \
			./outer >screen &
	} &&
	test_wait_for 20 grep -q "? ab" screen &&
	./killer &&
	wait $! &&
	echo 143 >expect &&
	test_cmp expect status &&
	test_cmp before after
'

test_expect_success 'nobody there: 1, one line' '
	test_expect_code 1 resutil ask-line x </dev/null >out 2>err &&
	test_must_be_empty out &&
	test_line_count = 1 err &&
	test_grep "nobody to ask" err
'

test_expect_success PTY 'nobody there: stderr is no terminal, or asked not to' '
	test_expect_code 1 pty-run --err=err resutil ask-line x &&
	test_grep "nobody to ask" err &&
	RESUTIL_NO_INTERACTIVE=1 test_expect_code 1 \
		pty-run --err=err resutil ask-line x &&
	test_expect_code 1 pty-run resutil --no-interactive ask-line x
'

test_expect_success 'wrong usage, and no such file' '
	test_expect_code 129 resutil ask-line &&
	test_expect_code 129 resutil ask-line a b &&
	test_expect_code 10 resutil ask-line --complete-from=gone x 2>err &&
	test_grep gone err
'

test_done
