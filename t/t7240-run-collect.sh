#!/bin/sh

test_description='run --collect: take what a program left elsewhere'
. ./test-lib.sh

# dir COMMENT: the experiment's directory
dir () {
	echo "results/$(resutil rev-exp "$1")"
}

test_expect_success 'setup' '
	make_repo proj && make_project proj && test_commit proj project
'

# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

test_expect_success 'a new file is moved' '
	resutil run -m new --collect "*.out" -- sh -c "echo x >a.out" &&
	test_path_is_missing a.out &&
	echo x >want && test_cmp want "$(dir new)/a.out" &&
	resutil read-exp --json --key collected new >out &&
	echo "[{\"path\":\"a.out\",\"how\":\"moved\"}]" >want &&
	test_cmp want out
'

test_expect_success 'a changed file is copied, an unchanged one left alone' '
	echo old >b.out && echo same >c.out &&
	resutil run -m changed --collect "*.out" -- sh -c "echo new >b.out" &&
	echo new >want &&
	test_cmp want b.out && test_cmp want "$(dir changed)/b.out" &&
	test_path_is_missing "$(dir changed)/c.out" &&
	rm b.out c.out
'

test_expect_success 'a file written again with the same size is seen' '
	echo 1 >b.out &&
	resutil run -m again --collect "*.out" -- sh -c "echo 2 >b.out" &&
	echo 2 >want && test_cmp want "$(dir again)/b.out" &&
	rm b.out
'

test_expect_success 'what git tracks is left alone' '
	resutil run -m tracked --collect "*.csv" -- \
		sh -c "echo 3,4 >>data.csv; echo 5 >new.csv" &&
	test_path_is_file data.csv &&
	test_path_is_missing "$(dir tracked)/data.csv" &&
	test_path_is_file "$(dir tracked)/new.csv" &&
	git checkout -q data.csv
'

test_expect_success 'a star stops at a slash, two do not' '
	resutil run -m star --collect "flat/*.txt" --collect "deep/**/*.txt" -- \
		sh -c "mkdir -p flat/sub deep/a/b
			touch flat/1.txt flat/sub/2.txt deep/3.txt deep/a/b/4.txt" &&
	(cd "$(dir star)" && find flat deep -type f | sort) >out &&
	printf "%s\n" deep/3.txt deep/a/b/4.txt flat/1.txt >want &&
	test_cmp want out &&
	test_path_is_file flat/sub/2.txt &&
	rm -r flat deep
'

test_expect_success 'a directory means all below it' '
	resutil run -m whole --collect made/ -- \
		sh -c "mkdir -p made/x; touch made/1 made/x/2 made/.hidden" &&
	(cd "$(dir whole)/made" && find . -type f | sort) >out &&
	printf "%s\n" ./.hidden ./1 ./x/2 >want &&
	test_cmp want out
'

test_expect_success 'patterns are relative to the working directory' '
	mkdir -p work &&
	(cd work && resutil run -m cwd --collect "*.out" -- \
		sh -c "touch x.out ../y.out") &&
	test_path_is_file "$(dir cwd)/x.out" &&
	test_path_is_file y.out && rm y.out
'

test_expect_success 'run.collect in the conf is relative to the project' '
	cp resutil-conf.yaml saved &&
	printf "run:\n  collect:\n  - \"*.ckpt\"\n  - logs/**\n" >>resutil-conf.yaml &&
	(cd work && resutil run -m conf -- \
		sh -c "cd ..; mkdir logs; touch m.ckpt logs/l") &&
	mv saved resutil-conf.yaml &&
	test_path_is_file "$(dir conf)/m.ckpt" &&
	test_path_is_file "$(dir conf)/logs/l" &&
	test_path_is_missing m.ckpt
'

test_expect_success 'a failed run is collected, too' '
	test_expect_code 2 resutil run -m fails --collect "*.out" -- \
		sh -c "touch f.out; exit 2" &&
	test_path_is_file "$(dir fails)/f.out"
'

test_expect_success 'names with blanks, newlines and odd bytes' '
	name=$(printf "a b\nc\377.out") &&
	resutil run -m odd --collect "*.out" -- sh -c "echo 1 >\"\$1\"" x "$name" &&
	test_path_is_file "$(dir odd)/$name" &&
	test_path_is_missing "$name"
'

test_expect_success 'links are not followed, results are not entered' '
	mkdir -p ../outside && echo secret >../outside/s.out &&
	ln -s ../outside link && ln -s ../outside/s.out l.out &&
	resutil run -m links --collect "**/*.out" -- true &&
	resutil run -m links2 --collect "**" -- \
		sh -c "echo n >../outside/n.out; ln -s x new.link" &&
	test_path_is_file ../outside/n.out &&
	test_path_is_missing "$(dir links2)/link" &&
	test_path_is_missing "$(dir links2)/results" &&
	test_path_is_missing "$(dir links2)/.git" &&
	rm link l.out new.link
'

test_expect_success 'a reserved name stays where it is, and that is told' '
	resutil run -m reserved --collect "*" -- \
		sh -c "echo mine >stdout.log; echo log" 2>err &&
	test_grep "not collected: .stdout.log." err &&
	echo log >want && test_cmp want "$(dir reserved)/stdout.log" &&
	test_path_is_file stdout.log && rm stdout.log
'

test_expect_success 'a file that the experiment has already is not overwritten' '
	resutil run -m there --collect "*.out" -- \
		sh -c "echo 1 >\"\$RESUTIL_EX_DIR\"/x.out; echo 2 >x.out" 2>err &&
	test_grep "not collected: .x.out." err &&
	echo 1 >want && test_cmp want "$(dir there)/x.out" && rm x.out
'

test_expect_success 'outside a repository everything new is moved' '
	make_project ../plain && cd ../plain &&
	resutil run -m plain --collect "*.out" -- sh -c "touch p.out" &&
	test_path_is_file "$(dir plain)/p.out" && cd ../proj
'

test_done
