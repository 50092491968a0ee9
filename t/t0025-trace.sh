#!/bin/sh

test_description='RESUTIL_TRACE: where a trace goes, and that it costs nothing'

. ./test-lib.sh

test_expect_success 'setup' '
	make_project
'

# traced VALUE: list-exps with it; out, err
traced () {
	RESUTIL_TRACE=$1 resutil list-exps >out 2>err
}

for value in 1 2 true TRUE
do
	test_expect_success "$value is standard error, never the product" '
		traced $value &&
		test_must_be_empty out &&
		test_grep "command: list-exps" err
	'
done

for value in "" 0 junk 1x -3 77 99999999999999999999 relative/path
do
	test_expect_success "\"$value\" is no place, and nothing is written" '
		traced "$value" &&
		test_must_be_empty out && test_must_be_empty err &&
		test_path_is_missing relative
	'
done

test_expect_success 'a descriptor that is open' '
	RESUTIL_TRACE=7 resutil list-exps 7>seven >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	test_grep "command: list-exps" seven
'

test_expect_success 'a file is added to, by every process' '
	rm -f file && RESUTIL_TRACE="$TRASH_DIRECTORY/file" &&
	export RESUTIL_TRACE &&
	resutil run -m x -- true && resutil list-exps &&
	unset RESUTIL_TRACE &&
	test_grep "command: run" file && test_grep "run: true" file &&
	test_grep "command: list-exps" file
'

test_expect_success 'a file that cannot be written costs the trace alone' '
	traced /dev/full && test $(wc -l <out) = 1 &&
	test_must_be_empty err &&
	traced "$TRASH_DIRECTORY/no/such/file" && test $(wc -l <out) = 1
'

test_expect_success 'product that cannot be written is a failure, and told' '
	test_expect_code 128 resutil list-exps >/dev/full 2>err &&
	test_grep "cannot write to standard output: No space" err &&
	test_line_count = 1 err
'

test_expect_success 'also what is more than a buffer' '
	head -c 300000 /dev/zero >"results/$(resutil rev-exp x)/big" &&
	test_expect_code 128 resutil show x:big >/dev/full 2>err &&
	test_grep "cannot write to standard output" err
'

test_done
