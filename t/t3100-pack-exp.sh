#!/bin/sh

test_description='pack-exp: what is in a pack, byte for byte'
. ./test-lib.sh

test_lazy_prereq UNZIP 'unzip -v'
test_lazy_prereq SEVENZIP '7z --help'
test_lazy_prereq UTF8_FS 'touch "$(printf "\377")"'

# compare PACK DIR: zipfile reads in the one what is in the other
compare () {
	python3 "$TEST_DIRECTORY"/helper/pack-compare.py "$1" "$2"
}

# same_bytes DIR: whatever the number of threads, a pipe or a file
same_bytes () {
	resutil pack-exp -j 1 -o one.zip "$1" 2>err &&
	for jobs in 2 3 8
	do
		resutil pack-exp -j $jobs -o more.zip "$1" 2>err &&
		cmp one.zip more.zip || return 1
	done &&
	{ resutil pack-exp "$1" 2>err || echo failed; } | cat >pipe.zip &&
	cmp one.zip pipe.zip
}

ID=1f0e3dad-9990-4345-b743-9f8ffabdffc4

test_expect_success 'setup' '
	mkdir -p tree/a/b tree/empty tree/a.d &&
	cat >tree/resutil-exp.yaml <<-EOF &&
	resutil: 1
	id: $ID
	revision: 3
	name: aapfup_20240704T191555
	EOF
	echo one >tree/a/one &&
	echo two >tree/a.txt &&
	: >tree/nothing &&
	seq 100000 >tree/a/b/numbers &&
	printf "#!/bin/sh\n" >tree/run.sh && chmod 755 tree/run.sh &&
	echo private >tree/private && chmod 600 tree/private &&
	ln -s a/one tree/link && ln -s /nowhere/at/all tree/gone &&
	ln tree/a.txt tree/hard &&
	chmod 755 tree tree/a tree/a/b tree/a.d tree/empty &&
	chmod 644 tree/a.txt tree/a/one tree/a/b/numbers tree/nothing \
		tree/resutil-exp.yaml &&
	find tree -exec touch -h -d @1720091755 {} + &&
	resutil pack-exp -o tree.zip tree >out 2>err &&
	test_must_be_empty out && test_must_be_empty err
'

test_expect_success PYTHON 'zipfile reads what is in the directory' '
	compare tree.zip tree >out && echo 14 >want && test_cmp want out
'

test_expect_success UNZIP 'unzip reads it, and unpacks it' '
	unzip -tq tree.zip >out &&
	mkdir unzipped && (cd unzipped && unzip -q ../tree.zip) &&
	diff -r --no-dereference tree unzipped &&
	test "$(readlink unzipped/gone)" = /nowhere/at/all
'

test_expect_success SEVENZIP '7z reads it' '
	7z t tree.zip >out && test_grep "Everything is Ok" out
'

test_expect_success UNZIP 'the order: the record, then bytes of paths' '
	cat >want <<-\EOF &&
	resutil-exp.yaml
	a.d/
	a.txt
	a/
	a/b/
	a/b/numbers
	a/one
	empty/
	gone
	hard
	link
	nothing
	private
	run.sh
	EOF
	unzip -Z1 tree.zip >out && test_cmp want out
'

test_expect_success 'the same bytes for any number of threads, file or pipe' '
	same_bytes tree && cmp one.zip tree.zip
'

test_done
