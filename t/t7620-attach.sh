#!/bin/sh

test_description='attach: files of a run, put into its experiment whole'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-mount.sh

test_expect_success 'setup' '
	make_project && test_set_now 1720091755 && mkdir work &&
	echo one >work/one && echo two >work/two &&
	resutil run -m exp -- true && dir=$(echo "$PWD"/results/*_exp)
'

# nothing_left: no hidden directory beside the experiments
nothing_left () {
	ls -A results >nothing_left && test_grep ! "\.tmp\$" nothing_left
}

test_expect_success 'files get their own names, with mode and time' '
	chmod 750 work/one && touch -d 2020-01-01 work/one &&
	resutil run -m own -- resutil attach work/one ./work/../work/two >out 2>err &&
	test_must_be_empty out && test_must_be_empty err && own=$(echo results/*_own) &&
	test_cmp work/one $own/one && test_cmp work/two $own/two &&
	stat -c "%a %Y" work/one >want && stat -c "%a %Y" $own/one >out &&
	test_cmp want out && nothing_left &&
	resutil read-exp --key revision own >out && echo 2 >want && test_cmp want out
'

test_expect_success '--as: another name, with its directories; standard input' '
	resutil attach --exp exp --as a/b/c work/one &&
	test_cmp work/one "$dir"/a/b/c &&
	printf "a\0b" | resutil attach --exp exp --as a/b/stdin - &&
	printf "a\0b" >want && test_cmp_bin want "$dir"/a/b/stdin &&
	resutil attach --exp exp --as "a/é \"x\"" - </dev/null &&
	test_must_be_empty "$dir"/a/"é \"x\"" && nothing_left
'

test_expect_success 'a file takes the place of a file, also of a link to elsewhere' '
	echo outside >outside && ln -s ../../outside "$dir"/link &&
	resutil attach --exp exp --as link work/two && test_cmp work/two "$dir"/link &&
	test_path_is_file "$dir"/link && ! test -L "$dir"/link &&
	echo outside >want && test_cmp want outside
'

test_expect_success 'a link is what it leads to' '
	ln -s one work/to-one && resutil attach --exp exp work/to-one &&
	test_cmp work/one "$dir"/to-one && ! test -L "$dir"/to-one
'

test_expect_success 'a directory with all below it; links stay links' '
	mkdir -p work/tree/sub/empty && echo x >work/tree/sub/x &&
	echo log >work/tree/stdout.log && ln -s /etc/passwd work/tree/away &&
	chmod 500 work/tree/sub/empty &&
	resutil attach --exp exp work/tree/ && test_cmp work/tree/sub/x "$dir"/tree/sub/x &&
	test_path_is_file "$dir"/tree/stdout.log &&
	test "$(readlink "$dir"/tree/away)" = /etc/passwd &&
	test_path_is_dir "$dir"/tree/sub/empty &&
	resutil attach --exp exp --as trees/copy work/tree &&
	test_path_is_file "$dir"/trees/copy/sub/x && nothing_left
'

test_expect_success 'what is in the way stays: 14' '
	cp -r "$dir" old-tree &&
	test_expect_code 14 resutil attach --exp exp work/tree 2>err &&
	test_line_count = 1 err &&
	test_expect_code 14 resutil attach --exp exp --as tree work/one 2>err &&
	test_expect_code 14 resutil attach --exp exp --as to-one work/tree 2>err &&
	test_expect_code 128 resutil attach --exp exp --as to-one/x work/one 2>err &&
	test_line_count = 1 err && cp "$dir"/resutil-exp.yaml old-tree/ &&
	diff -r old-tree "$dir" >diffs && test_must_be_empty diffs && nothing_left
'

test_expect_success 'reserved names, and paths that lead out: 129' '
	ls -AR "$dir" >before &&
	for name in "" . .. ../x a/../../x a/./b a//b a/ /tmp/x \
		resutil-exp.yaml resutil-exp.yaml.1.1.tmp stdout.log stderr.log \
		uncommited_files uncommited_files/x uncommited.patch traceback.txt \
		metrics-0000.csv metrics-x RESUTIL-EXP.YAML .resutil-live \
		votakvot.yaml "$(printf "%0256d" 0)" "a/$(printf "%0256d" 0)" \
		"$(printf "%04096d" 0 | tr 0 /)"
	do
		test_expect_code 129 resutil attach --exp exp --as "$name" work/one \
			2>err && test_line_count = 1 err || return 1
	done &&
	echo x >work/metrics-0000.csv &&
	test_expect_code 129 resutil attach --exp exp work/metrics-0000.csv 2>err &&
	test_expect_code 129 resutil attach --exp exp work/one / 2>err &&
	ls -AR "$dir" >after && test_cmp before after && nothing_left &&
	resutil attach --exp exp --as a/metrics-0000.csv work/one &&
	resutil attach --exp exp --as ...a work/one
'

test_expect_success 'never through a link that leads out' '
	mkdir elsewhere && ln -s ../../elsewhere "$dir"/out &&
	test_expect_code 128 resutil attach --exp exp --as out/x work/one 2>err &&
	test_line_count = 1 err && test_dir_is_empty elsewhere && nothing_left
'

test_expect_success 'usage: 129' '
	test_expect_code 129 resutil attach --exp exp 2>err &&
	test_expect_code 129 resutil attach --exp exp - 2>err </dev/null &&
	test_expect_code 129 resutil attach --exp exp work/one - 2>err </dev/null &&
	test_expect_code 129 resutil attach --exp exp --as x work/one work/two 2>err &&
	mkdir -p other && echo x >other/one &&
	test_expect_code 129 resutil attach --exp exp work/one other/one 2>err &&
	test_line_count = 1 err
'

test_expect_success 'some can be attached, others not: 3; none: 10' '
	test_expect_code 3 resutil attach --exp exp work/two none 2>err &&
	test_line_count = 1 err && test_cmp work/two "$dir"/two &&
	test_expect_code 10 resutil attach --exp exp none nothing 2>err &&
	test_line_count = 2 err && test_expect_code 10 resutil attach --exp none work/one
'

test_expect_success 'what lies in its place stays there; what holds the experiment does not go into it' '
	resutil run -m place -- sh -c "
		mkdir \$RESUTIL_EX_DIR/d && echo x >\$RESUTIL_EX_DIR/d/f
		resutil attach \$RESUTIL_EX_DIR/d --as d && cd \$RESUTIL_EX_DIR/d &&
		resutil attach f --as d/f && resutil attach . && resutil attach f" &&
	place=$(echo results/*_place) && (cd $place && find d f) | sort >out &&
	printf "%s\n" d d/f f >want && test_cmp want out &&
	test_expect_code 129 resutil attach --exp place . 2>err &&
	test_expect_code 129 resutil attach --exp place results 2>err &&
	test_expect_code 129 resutil attach --exp place --as x $place 2>err &&
	test_line_count = 1 err && nothing_left
'

test_expect_success 'the revision of a finished run is raised, once a command' '
	resutil read-exp --key revision exp >before &&
	resutil attach --exp exp work/one work/two &&
	resutil read-exp --key revision exp >after &&
	test $(cat after) = $(($(cat before) + 1))
'

test_expect_success 'outside of a run: 1, or nothing, and nobody is killed' '
	test_expect_code 1 resutil attach work/one >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	resutil attach --quiet-outside work/one &&
	{ dd if=/dev/zero bs=65536 count=40 2>/dev/null && echo ok >filled; } |
	resutil attach --quiet-outside --as x - && test_path_is_file filled
'

test_expect_success 'special files: a pipe is read, in a directory it is refused' '
	mkfifo work/pipe && { cat work/one >work/pipe & } &&
	resutil attach --exp exp --as from-pipe work/pipe &&
	test_cmp work/one "$dir"/from-pipe && wait &&
	mkdir work/special && mkfifo work/special/pipe &&
	test_expect_code 129 resutil attach --exp exp work/special 2>err &&
	test_line_count = 1 err && nothing_left
'

test_expect_success 'a hundred at once, on one name: each time it is whole' '
	cat >many.sh <<-\EOF &&
	i=0
	while test $i -lt 100
	do
		i=$((i + 1))
		{ awk "BEGIN { for (n = 0; n < 3000; n++) print $i }" |
		  resutil attach --as same - || echo $i >>failed; } &
		test $((i % 20)) != 0 || sort -u "$RESUTIL_EX_DIR"/same | wc -l >>seen
	done 2>/dev/null
	wait
	test "$(sort -u "$RESUTIL_EX_DIR"/same | wc -l)" = 1 &&
	test "$(wc -l <"$RESUTIL_EX_DIR"/same)" = 3000
	EOF
	resutil run -m many -- sh many.sh && test_path_is_missing failed &&
	test_grep ! "[2-9]" seen && nothing_left
'

test_expect_success 'killed in the middle: nothing is there, and gc finds what is left' '
	mkfifo slow && resutil run -m killed -- sh -c "
		resutil attach --as slow - <slow &
		exec 3>slow && echo part >&3
		i=0
		until ls -d results/.*_killed.*.tmp >/dev/null 2>&1
		do
			i=\$((i + 1)); test \$i -lt 1000 || exit 1; sleep 0.01
		done
		kill -9 \$!" && test_path_is_missing results/*_killed/slow &&
	ls -A results >left && test_grep "_killed.*tmp\$" left && resutil gc --older-than=0 >out && nothing_left &&
	resutil fsck >out
'

test_expect_success 'a signal takes it back' '
	mkfifo term && resutil run -m term -- sh -c "
		resutil attach --as term - <term &
		exec 3>term && echo part >&3
		i=0
		until ls -d results/.*_term.*.tmp >/dev/null 2>&1
		do
			i=\$((i + 1)); test \$i -lt 1000 || exit 1; sleep 0.01
		done
		kill \$!; wait" && test_path_is_missing results/*_term/term && nothing_left
'

test_expect_success MOUNT 'a full disk: 128, and what was there is there' '
	make_project small && disk 64k small/results && cd small &&
	resutil run -m small -- true && echo old >old && echo "$PWD" >&2 &&
	resutil attach --exp small old && cp old want &&
	dd if=/dev/zero of=old bs=4096 count=64 2>/dev/null &&
	test_expect_code 128 resutil attach --exp small old 2>err &&
	test_line_count = 1 err && test_cmp want results/*_small/old && nothing_left
'

test_done
