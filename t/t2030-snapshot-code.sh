#!/bin/sh
test_description='snapshot-code'
. ./test-lib.sh
. "$TEST_DIRECTORY/lib-code.sh"

test_expect_success setup '
	make_repo repo &&
	echo more >>repo/train.py && rm repo/data.csv && echo new >repo/new
'

test_expect_success '-h prints usage' '
	resutil snapshot-code -h >out 2>err &&
	test_grep "^usage: resutil snapshot-code" out &&
	test_must_be_empty err
'

test_expect_success 'wrong usage' '
	for args in "" "a b" "-n a" "-z a" "--no-such a"
	do
		test_expect_code 129 resutil -C repo snapshot-code $args \
			>out 2>err || return 1
		test_must_be_empty out &&
		test_grep usage: err || return 1
	done
'

test_expect_success 'the directory must be there' '
	test_expect_code 10 resutil -C repo snapshot-code \
		"$TRASH_DIRECTORY/gone" >out 2>err &&
	test_must_be_empty out &&
	test_line_count = 1 err &&
	test_path_is_missing gone
'

test_expect_success 'the map comes as YAML that others can read' '
	mkdir yaml &&
	resutil -C repo snapshot-code "$TRASH_DIRECTORY/yaml" >out &&
	sed "/^commit_hash/d; /^describe/d" out >actual &&
	cat >expect <<-\EOF &&
	branch: main
	remote: null
	uncommited_files:
	- new
	- train.py
	untracked_files:
	- new
	patch: uncommited.patch
	left_out: []
	EOF
	test_cmp expect actual &&
	test_grep "^commit_hash: .*$(git -C repo rev-parse HEAD)" out
'

test_expect_success 'the map comes as JSON on one line' '
	mkdir json-dir &&
	resutil -C repo snapshot-code --json "$TRASH_DIRECTORY/json-dir" >json &&
	test_line_count = 1 json &&
	python3 -S "$TEST_DIRECTORY/helper/json-lines.py" json >out &&
	has "commit_hash=$(git -C repo rev-parse HEAD)" branch=main
'

test_expect_success 'a second snapshot in one directory is refused' '
	test_expect_code 128 resutil -C repo snapshot-code \
		"$TRASH_DIRECTORY/yaml" >out 2>err &&
	test_must_be_empty out &&
	test_grep "File exists" err
'

test_expect_success '-n lists and copies nothing' '
	resutil -C repo snapshot-code -n >actual &&
	cat >expect <<-EOF &&
	0	deleted	data.csv
	4	captured	new
	20	captured	train.py
	EOF
	test_cmp expect actual &&
	git -C repo status --porcelain >status &&
	test_line_count = 3 status
'

test_expect_success '-z quotes nothing' '
	echo x >"repo/a\"b" && test_when_finished "rm repo/a*" &&
	resutil -C repo snapshot-code -n -z >actual &&
	printf "2\tcaptured\ta\"b\0" >expect &&
	head -c 15 actual >first &&
	test_cmp_bin expect first &&
	test "$(tr -dc "\0" <actual | wc -c)" = 4
'

test_expect_success 'a file removed from the index but still there has two lines' '
	make_repo twice && git -C twice rm -q --cached data.csv &&
	resutil -C twice snapshot-code -n >actual &&
	cat >expect <<-EOF &&
	0	deleted	data.csv
	8	captured	data.csv
	EOF
	test_cmp expect actual
'

test_expect_success 'it works without a project and outside of a repository' '
	mkdir none none-out &&
	resutil -C none snapshot-code ../none-out >actual &&
	printf "%s\n" "commit_hash: null" "uncommited_files: []" >expect &&
	test_cmp expect actual
'

test_expect_success AS_USER 'a directory that may not be written is an error' '
	mkdir locked && chmod 555 locked &&
	{ test "$(id -u)" != 0 || chown -R 65534:65534 repo locked; } &&
	test_expect_code 128 as_user env HOME=/nonexistent resutil -C repo \
		snapshot-code "$TRASH_DIRECTORY/locked" >out 2>err &&
	test_must_be_empty out &&
	test_grep uncommited_files err &&
	{ test "$(id -u)" != 0 || chown -R 0:0 repo locked; }
'

test_expect_success DEV_FULL 'a full standard output is an error' '
	mkdir full &&
	test_expect_code 128 resutil -C repo snapshot-code \
		"$TRASH_DIRECTORY/full" >/dev/full
'

test_expect_success 'the map goes into a record' '
	make_project repo/project &&
	exp=$TRASH_DIRECTORY/repo/project/results/aapfup_20240704T191555 &&
	mkdir -p "$exp" &&
	resutil -C repo/project snapshot-code "$exp" >git &&
	resutil -C repo/project write-exp --dir="$exp" \
		--git="$TRASH_DIRECTORY/git" -- true >path &&
	resutil -C repo/project read-exp --json \
		aapfup_20240704T191555 >json &&
	python3 -S "$TEST_DIRECTORY/helper/json-lines.py" json >out &&
	has "git.commit_hash=$(git -C repo rev-parse HEAD)" \
		git.uncommited_files.0=new
'

test_done
