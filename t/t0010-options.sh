#!/bin/sh

test_description='options of commands: reading them, usage, completion table

The helper parse-options has one option of each kind and prints what it got.'

. ./test-lib.sh

# shows LINES... -- ARG...: parsing ARGs prints each of LINES.
shows () {
	>want &&
	while test "$1" != --
	do
		printf '%s\n' "$1" >>want &&
		shift || return 1
	done &&
	shift &&
	parse-options "$@" >out &&
	while IFS= read -r line
	do
		grep -Fx -e "$line" out >/dev/null || {
			echo >&4 "no line '$line' in:"
			cat out >&4
			return 1
		}
	done <want
}

# refuses TEXT ARG...: exit 129, TEXT on stderr, then usage; nothing on stdout.
refuses () {
	text=$1 &&
	shift &&
	test_expect_code 129 parse-options "$@" >out 2>err &&
	test_must_be_empty out &&
	test_grep -F -e "$text" err &&
	test_grep '^usage: resutil parse-options' err
}

test_expect_success 'nothing given: everything as it was' '
	cat >expect <<-\EOF &&
	set up
	local: 0
	verbose: 0
	message: (null)
	number: 7
	limit: 0
	each:
	dep:
	maybe: (null)
	no-push: 0
	capital: (default)
	secret: 0
	words:
	ends in NULL: yes
	EOF
	parse-options >actual &&
	test_cmp expect actual
'

test_expect_success 'letters: alone, bundled, with joined and separate values' '
	shows "local: 1" -- -l &&
	shows "local: 1" "verbose: 3" -- -vlvv &&
	shows "message: a b" -- -m "a b" &&
	shows "message: ab" -- -mab &&
	shows "local: 1" "message: ab" -- -lmab &&
	shows "number: -3" -- -n -3 &&
	shows "message: =x" -- -m=x
'

test_expect_success 'long names: joined and separate values, empty ones' '
	shows "message: x" -- --message x &&
	shows "message: x=y" -- --message=x=y &&
	shows "message: " -- --message= &&
	shows "message: -l" "local: 0" -- --message -l &&
	shows "number: 12" -- --number=12
'

test_expect_success 'the last one wins' '
	shows "message: two" -- -m one --message two &&
	shows "local: 0" -- -l --no-local &&
	shows "local: 1" -- --no-local -l
'

test_expect_success '--no-x undoes --x' '
	shows "message: (null)" -- -m x --no-message &&
	shows "number: 0" -- --no-number &&
	shows "each:" -- -e a -e b --no-each &&
	shows "each: [c]" -- -e a --no-each -e c &&
	shows "capital: (unset)" -- --no-capital &&
	shows "verbose: 0" -- -vvv --no-verbose
'

test_expect_success 'an option named --no-x is undone by --x' '
	shows "no-push: 1" -- --no-push &&
	shows "no-push: 0" -- --no-push --push &&
	refuses "unknown option" --no-no-push
'

test_expect_success 'unique prefixes of long names' '
	shows "message: x" -- --mes=x &&
	shows "message: (null)" -- --no-mes &&
	shows "no-push: 1" -- --no-pu &&
	refuses "ambiguous: '\''--longer-name'\'' or '\''--longer-tail'\''" \
		--long &&
	refuses "ambiguous" --no-l
'

test_expect_success 'a hidden option works, but is no prefix and not shown' '
	shows "secret: 1" -- --secret &&
	refuses "unknown option" --secre &&
	parse-options -h >usage &&
	test_grep ! secret usage &&
	parse-options --completion-table >table &&
	test_grep ! secret table
'

test_expect_success 'options may follow words; order of words is kept' '
	shows "local: 1" "words: [a] [b] [c]" -- a -l b -m x c
'

test_expect_success '-- ends options, and - is a word' '
	shows "local: 0" "words: [a] [-l] [--]" -- a -- -l -- &&
	shows "words: [-]" -- - &&
	shows "words: [a] [--] [-l]" -- --keep a -- -l
'

test_expect_success 'a parser that stops at the first word' '
	shows "local: 1" "verbose: 0" "words: [cmd] [-v] [--] [x]" \
		-- --stop -l cmd -v -- x &&
	shows "local: 1" "words: [-v]" -- --stop -l -- -v &&
	shows "words: [cmd] [--help]" -- --stop cmd --help
'

test_expect_success 'lists gather; a greedy one takes words to the next option' '
	shows "each: [a] [b]" -- -e a --each=b &&
	shows "dep: [a] [b]" "words: [w]" "local: 1" -- -d a b -l w &&
	shows "dep: [a] [c]" "words: [b]" -- --dep=a b -d c &&
	shows "dep: [a]" "words: [b]" -- -d a -- b &&
	shows "dep: [-]" -- -d -
'

test_expect_success 'an argument that may be missing' '
	shows "maybe: " "words: [never]" -- --maybe never &&
	shows "maybe: never" -- --maybe=never &&
	shows "maybe: (null)" -- --maybe=never --no-maybe
'

test_expect_success 'sizes and numbers are checked' '
	shows "limit: 1536" -- --limit=1.5K &&
	shows "limit: 10485760" -- --limit 10MiB &&
	refuses "'\''lots'\'' is not a size" --limit=lots &&
	refuses "option '\''-n'\'': '\''1x'\'' is not a whole number" -n 1x &&
	refuses "not a whole number" --number= &&
	refuses "not a whole number" -n 99999999999999999999 &&
	shows "number: -1" -- -n -1 && shows "number: 0" -- --natural=0 &&
	refuses "'\''-1'\'' is not a number from 0 on" --natural=-1
'

test_expect_success 'a callback may object' '
	shows "capital: Name" -- -CName &&
	refuses "option '\''--capital'\'': '\''name'\'' does not begin" \
		--capital=name
'

test_expect_success 'what is wrong is named' '
	refuses "unknown option '\''-x'\''" -x &&
	refuses "unknown option '\''-x'\''" -lxv &&
	refuses "unknown option '\''--nonsense'\''" --nonsense=1 &&
	refuses "did you mean '\''--message'\''?" --mesage=1 &&
	refuses "option '\''-m'\'' needs a value (TEXT)" -m &&
	refuses "option '\''--message'\'' needs a value" --message &&
	refuses "option '\''-d'\'' needs a value (EXP)" -d -l &&
	refuses "option '\''--local'\'' takes no value" --local=1 &&
	refuses "option '\''--no-message'\'' takes no value" --no-message=1
'

test_expect_success 'project set-up waits for options that are right' '
	test_expect_code 129 parse-options a -x >out 2>err &&
	test_must_be_empty out &&
	parse-options -h >out &&
	test_grep ! "set up" out
'

test_expect_success '-h and --help print usage, wherever they stand' '
	cat >expect <<-\EOF &&
	usage: resutil parse-options [-l] [-m TEXT] [-d EXP...] [FILE...]
	   or: resutil parse-options --other [A B]

	    -l, --[no-]local        remove here only
	    -v, --[no-]verbose      more; may be repeated
	    -m, --[no-]message TEXT take TEXT
	    -n, --[no-]number N     take N
	    --[no-]limit SIZE       take SIZE

	More
	    -e, --[no-]each WORD    gather WORD
	    -d, --[no-]dep EXP...   gather all words
	    --[no-]maybe[=WHEN]     may have an argument
	    --[no-]push             do not push
	    -C, --[no-]capital NAME call back with a help text that is long enough to
	                            need more than one line of the usage
	    --longer-name           for prefixes
	    --longer-tail           for prefixes
	EOF
	parse-options -h >actual 2>err &&
	test_cmp expect actual &&
	test_must_be_empty err &&
	parse-options word --help >actual &&
	test_cmp expect actual &&
	parse-options -vh >actual &&
	test_cmp expect actual
'

test_expect_success 'the completion table' '
	tr "|" "\t" >expect <<-\EOF &&
	||0|file|
	l|local|1|none|remove here only
	v|verbose|1|none|more; may be repeated
	m|message|1|other|take TEXT
	n|number|1|other|take N
	|limit|1|other|take SIZE
	e|each|1|other|gather WORD
	d|dep|1|exp|gather all words
	|maybe|1|words=auto never?|may have an argument
	|no-push|1|none|do not push
	C|capital|1|other|call back with a help text that is long enough to need more than one line of the usage
	|longer-name|0|none|for prefixes
	|longer-tail|0|none|for prefixes
	h|help|0|none|show usage
	EOF
	parse-options --completion-table >actual &&
	test_cmp expect actual
'

test_done
