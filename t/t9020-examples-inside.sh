#!/bin/sh

test_description='examples: programs in four languages that speak of their run'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

test_lazy_prereq R 'Rscript -e "quit()"'
test_lazy_prereq CC 'echo "int main(void) { return 0; }" >cc.c && cc -o cc.out cc.c'

EXAMPLES=$SOURCE_DIRECTORY/examples/inside

test_expect_success 'setup' '
	make_project && cp "$EXAMPLES"/newton.* .
'

# speaks LANGUAGE COMMAND...: by itself it prints the root; in a run its steps,
# what it found and its file are there, too.
speaks () {
	language=$1 &&
	shift &&
	"$@" 2 >alone &&
	test_grep "^1\.41421356" alone &&
	resutil run -m "$language" -- "$@" 2 >out &&
	test_cmp alone out &&
	dir=$(echo results/*_"$language") &&
	head -n 1 $dir/metrics-0000.csv >header &&
	echo at,step,guess,error >want && test_cmp want header &&
	test_line_count -gt 5 $dir/metrics-0000.csv &&
	resutil read-exp --key info.root "$language" >root &&
	test_grep "^1\.41421356" root &&
	resutil read-exp --key info.method.name "$language" >name &&
	echo newton >want && test_cmp want name &&
	resutil read-exp --key info.steps "$language" >steps &&
	test $(cat steps) = $(wc -l <$dir/steps/all.txt) &&
	test $(cat steps) = $(($(wc -l <$dir/metrics-0000.csv) - 1))
}

test_expect_success 'shell' '
	speaks shell sh newton.sh
'

test_expect_success PYTHON 'Python' '
	speaks python "$PYTHON" newton.py
'

test_expect_success R 'R' '
	speaks R Rscript newton.R
'

test_expect_success CC 'C' '
	cc -Wall -Wextra -o newton newton.c -lm && speaks C ./newton
'

test_expect_success 'what a program said is there when it is killed' '
	sed "s/^echo \"\$guess\"/kill -9 \$\$/" newton.sh >killed.sh &&
	test_expect_code 137 resutil run -m killed -- sh killed.sh 2 2>err &&
	resutil read-exp --key info.method.name killed >name &&
	echo newton >want && test_cmp want name &&
	test_line_count -gt 5 results/*_killed/metrics-0000.csv &&
	test_path_is_file results/*_killed/steps/all.txt
'

test_done
