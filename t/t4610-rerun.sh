#!/bin/sh

test_description='rerun: the code, the inputs and the command of then

The user is at something else meanwhile, which nothing of it may touch.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

mkdir "$TRASH_DIRECTORY/work"

# untouched: names, bytes and times of what is the user's.
untouched () {
	(
		cd .git &&
		find . -path ./objects -prune -o -type f \
			-printf "%p %s %T@ %C@\n" | sort &&
		find . -path ./objects -prune -o -type f -print | sort |
		xargs -d "\n" sha256sum
	) &&
	git stash list && git for-each-ref && git worktree list &&
	git --no-optional-locks status --porcelain --ignored &&
	find . \( -name .git -o -name .resutil -o -name results \) -prune -o \
		-type f -printf "%p %s %T@ %C@\n" | sort
}

# last: the name of the newest experiment; its record as lines in `record`.
last () {
	name=$(resutil rev-exp @) &&
	resutil read-exp --json "$name" >../json &&
	python3 "$TEST_DIRECTORY/helper/json-lines.py" ../json >../record
}

# has LINE...: the record has them.
has () {
	for has_line
	do
		grep -Fqx -e "$has_line" ../record || {
			echo "no line '$has_line' in:" >&2
			cat ../record >&2
			return 1
		}
	done
}

# kept NAME FILE: what a run left.
kept () {
	cat "results/$1/$2"
}

test_expect_success 'setup: a run from code that is in no commit' '
	cd work &&
	make_repo . && make_project . && printf "/results/\n/ignored/\n" >.gitignore &&
	mkdir sub && echo sub >sub/file && ln -s sub/file link &&
	echo gone >gone && test_commit . setup &&
	resutil add data >../out && data=$(cat ../out) &&
	echo numbers >"results/$data/numbers" &&
	write_script prog <<-\SH &&
	echo "in $(basename "$(pwd)"): $*"
	for file in train.py new link "$1"
	do
		cat "$file" || exit
	done >"$RESUTIL_EX_DIR/out"
	test ! -e gone
	SH
	echo first >train.py && echo new >new && rm gone &&
	echo staged >staged && git add staged &&
	resutil run -m one -- ./prog "results/$data/numbers" --lr 0.1 &&
	one=$(resutil rev-exp one) &&
	test_commit . later && echo second >train.py &&
	git mv sub/file sub/other && echo note >note &&
	git stash -q && git stash apply -q && git add note &&
	echo third >train.py && mkdir ignored && echo i >ignored/i
'

test_expect_success 'the same comes out, recorded as a repetition' '
	cd work &&
	untouched >../before &&
	resutil rerun one >../out 2>../err &&
	untouched >../after && test_cmp ../before ../after &&
	test_must_be_empty ../err &&
	echo "in work: results/$data/numbers --lr 0.1" >../expect &&
	test_cmp ../expect ../out &&
	last && test "$name" != "$one" &&
	printf "first\nnew\nsub\nnumbers\n" >../expect &&
	kept "$name" out >../actual && test_cmp ../expect ../actual &&
	has "rerun_of=$one" \
		"rerun_of_id=$(sed -n "s/^id: \"*\([0-9a-f-]*\)\"*$/\1/p" \
			"results/$one/resutil-exp.yaml")" \
		"argv.0=./prog" "params.lr=0.1" "state=done" \
		"dependency.0=$data" "inputs.0.path=numbers"
'

test_expect_success 'its code is the code of then, as far as it is recorded' '
	cd work &&
	for key in commit_hash "uncommited_files\.[0-9]*" "left_out\.nr"
	do
		grep "^git\.$key=" ../record || :
	done | sort >../now &&
	resutil read-exp --json "$one" >../json &&
	python3 "$TEST_DIRECTORY/helper/json-lines.py" ../json >../record &&
	for key in commit_hash "uncommited_files\.[0-9]*" "left_out\.nr"
	do
		grep "^git\.$key=" ../record || :
	done | sort >../then &&
	test -s ../then && test_cmp ../then ../now &&
	diff -r "results/$one/uncommited_files" "results/$name/uncommited_files"
'

test_expect_success 'a repetition can be repeated, and has a name of its own' '
	cd work &&
	resutil rerun "$name" >../out && last &&
	printf "first\nnew\nsub\nnumbers\n" >../expect &&
	kept "$name" out >../actual && test_cmp ../expect ../actual &&
	resutil rev-exp one >../actual && echo "$one" >../expect &&
	test_cmp ../expect ../actual &&
	resutil rerun -m "another one" one >../out && last &&
	case $name in *_"another one") ;; *) false ;; esac
'

test_expect_success 'nothing is left' '
	cd work &&
	test_dir_is_empty .resutil/rerun && test_dir_is_empty "$TMPDIR" &&
	git worktree list >../actual && test_line_count = 1 ../actual &&
	test_path_is_missing .git/worktrees &&
	resutil gc --older-than=0 >../out && test_grep "nothing is left over" ../out
'

test_expect_success 'another command, as it stands' '
	cd work &&
	resutil rerun one -- cat train.py >../out && echo first >../expect &&
	test_cmp ../expect ../out && last && has "rerun_of=$one" "argv.0=cat"
'

test_expect_success 'what the program ends with is what it ends with' '
	cd work &&
	echo "exit 7" >new.sh && resutil run -m seven -- sh new.sh ||
	test $? = 7 && echo "exit 8" >new.sh &&
	test_expect_code 7 resutil rerun seven &&
	last && has "state=fail" "exit_code=7" &&
	rm new.sh &&
	test_expect_code 127 resutil rerun one -- no-such-program &&
	test_dir_is_empty .resutil/rerun
'

test_expect_success 'a project below the top, run in a directory below it' '
	cd work &&
	make_repo ../top && mkdir -p ../top/pro/deep &&
	(
		cd ../top/pro && make_project . && echo deep >deep/file &&
		echo results >.gitignore && test_commit .. setup &&
		echo changed >deep/file &&
		resutil add in >../../in &&
		echo x >"results/$(cat ../../in)/x" &&
		cd deep &&
		resutil run -m low -- sh -c "pwd; cat file \"\$1\"" sh \
			"../results/$(cat ../../../in)/x" &&
		echo again >file && mkdir ../elsewhere && cd ../elsewhere &&
		resutil rerun low >../../../out
	) &&
	sed "1s,.*/top/pro/,,;1s,.*/pro/,," ../out >../actual &&
	printf "deep\nchanged\nx\n" >../expect && test_cmp ../expect ../actual
'

test_expect_success 'absolute paths into the work tree, and what is only there' '
	cd work &&
	echo lent >ignored/lent && echo abs >abs &&
	resutil run -m abs -- sh -c "cat \"\$1\" \"\${2#in=}\"" sh \
		"$PWD/abs" "in=$PWD/ignored/lent" &&
	echo other >abs &&
	resutil rerun abs >../out &&
	printf "abs\nlent\n" >../expect && test_cmp ../expect ../out &&
	rm abs
'

test_expect_success 'the work tree of another machine' '
	cd work &&
	sed "s,$PWD,/home/bob/work,g" \
		"results/$(resutil rev-exp abs)/resutil-exp.yaml" >../bob &&
	cp ../bob "results/$(resutil rev-exp abs)/resutil-exp.yaml" &&
	test_expect_code 1 resutil rerun abs >../out 2>../err &&
	echo abs >../expect && test_cmp ../expect ../out &&
	test_grep "ignored/lent" ../err
'

test_expect_success 'what git does not know is doubted, and can be lent' '
	cd work &&
	resutil run -m lend -- cat ignored/lent &&
	test_expect_code 1 resutil rerun lend >../out 2>../err &&
	test_grep "warning: .ignored/lent., which the command names, is in no commit" ../err &&
	test_grep -e "--lend=$PWD/ignored/lent" ../err &&
	resutil rerun --lend=ignored lend >../out 2>../err &&
	test_must_be_empty ../err && echo lent >../expect && test_cmp ../expect ../out &&
	last && test_must_fail grep "^git\..*ignored" ../record &&
	test_expect_code 10 resutil rerun --lend=nothing lend 2>../err &&
	test_grep "cannot be lent: it is not there" ../err &&
	test_expect_code 14 resutil rerun --lend=train.py lend 2>../err &&
	test_grep "need not be lent" ../err &&
	test_expect_code 129 resutil rerun --lend=.. lend 2>../err &&
	test_grep "does not lie below" ../err &&
	test_dir_is_empty .resutil/rerun
'

test_expect_success 'parameters of a file, {} and what was collected' '
	cd work &&
	echo "lr: 0.5" >params.yaml &&
	resutil run -m more --params-file params.yaml --subst \
		--collect "made/*.txt" -- sh -c \
		"mkdir made; echo x >made/a.txt; echo y >\"\$1/y\"" sh {} &&
	rm -rf made params.yaml &&
	resutil rerun more && last &&
	has "params.lr=0.5" "collected.0.path=made/a.txt" "subst=true" &&
	test "$(kept "$name" made/a.txt)" = x && test "$(kept "$name" y)" = y &&
	test_path_is_missing made
'

test_expect_success 'CMD is run as it stands' '
	cd work &&
	resutil rerun more -- echo {} "$PWD/train.py" >../out &&
	echo "{} $PWD/train.py" >../expect && test_cmp ../expect ../out
'

test_expect_success 'a dependency that has got another comment' '
	cd work &&
	resutil comment -l "$data" renamed >../out &&
	new=$(resutil rev-exp renamed) &&
	resutil rerun one >../out 2>../err && last &&
	has "dependency.0=$new" "argv.1=results/$new/numbers" &&
	resutil comment -l "$new" data
'

test_expect_success '-n shows the plan and leaves nothing' '
	cd work &&
	resutil list-exps >../before.names &&
	resutil rerun -n one >../out &&
	resutil list-exps >../after.names && test_cmp ../before.names ../after.names &&
	test_grep "^command	./prog results/$data/numbers" ../out &&
	test_grep "^dependency	$data" ../out && test_grep "^file	train.py" ../out &&
	test_dir_is_empty .resutil/rerun
'

test_expect_success '--keep-worktree' '
	cd work &&
	resutil rerun --keep-worktree one >../out 2>../err &&
	tree=$(sed -n "s/^The work tree stays: //p" ../err) &&
	test "$(cat "$tree/train.py")" = first &&
	resutil gc --older-than=0 >../out && test "$(cat "$tree/train.py")" = first &&
	git worktree remove --force "$tree" &&
	git worktree list >../actual && test_line_count = 1 ../actual
'

test_expect_success '--in-place runs with the code of now' '
	cd work &&
	rm -rf .resutil/rerun &&
	echo last >new &&
	test_expect_code 1 resutil rerun --in-place one >../out 2>../err &&
	test_grep "the code is that of now" ../err && last &&
	kept "$name" out >../actual &&
	printf "third\nlast\n" >../expect && head -n 2 ../actual >../two &&
	test_cmp ../expect ../two && has "rerun_of=$one" &&
	test_path_is_missing .resutil/rerun
'

# What `resutil init` writes into the results is committed by most people.
test_expect_success 'a .gitignore in the results is in the commit' '
	mkdir usual && (
		cd usual && make_repo . && make_project . && mkdir -p results &&
		printf "*\n!.gitignore\n" >results/.gitignore &&
		test_commit . setup && git ls-files >../out &&
		grep -x results/.gitignore ../out &&
		resutil add data >../out && data=$(cat ../out) &&
		echo 5 >"results/$data/d.txt" &&
		resutil run -m use -- cat "results/$data/d.txt" &&
		resutil rerun --verify use >../out 2>../err &&
		! grep "in the commit" ../err &&
		resutil show --json @ >../out &&
		! grep -F "results/.gitignore" ../out &&
		git status --porcelain >../out && test ! -s ../out
	)
'

test_expect_success 'what else a commit has there stays, and a link is not followed' '
	mkdir other && (
		cd other && make_repo . && make_project . && mkdir -p results &&
		echo "/results/*_*" >results/.gitignore && echo k >results/kept &&
		test_commit . setup &&
		resutil run -m k -- cat results/.gitignore results/kept &&
		resutil rerun --verify k 2>../err &&
		grep "is in the commit" ../err
	) &&
	mkdir linked && (
		cd linked && make_repo . && make_project . &&
		mkdir ../away && echo "*" >../away/.gitignore &&
		ln -s "$(cd ../away && pwd)" results && test_commit . setup &&
		resutil run -m l -- cat results/.gitignore &&
		test_might_fail resutil rerun l 2>../err &&
		test -f ../away/.gitignore
	)
'

test_done
