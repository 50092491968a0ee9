#!/bin/sh

test_description='bucket: one pattern over a directory and a store'

. ./test-lib.sh

S=--remote=dir:$PWD/store

# fill DIR: what the page has as its example, and what nobody means
fill () {
	rm -rf "$1" && mkdir -p "$1/Data/sub" "$1/Data2" "$1/.git" &&
	echo one >"$1/Data/a.txt" && echo two >"$1/Data/sub/b.txt" &&
	echo three >"$1/Data2/c.txt" && echo x >"$1/.git/config" &&
	echo top >"$1/top"
}

# files DIR: all that lies there, with its bytes
files () {
	(cd "$1" && find . -type f | sort | xargs -d "\n" grep -H "")
}

bucket () {
	resutil bucket "$S" "$@"
}

test_expect_success '--list is one level, directories end in a slash' '
	fill store && rm -r store/.git &&
	printf "%s\n" Data/ Data2/ top >expect &&
	bucket --list >actual && test_cmp expect actual &&
	bucket --list . >actual && test_cmp expect actual &&
	bucket --list "*" >actual && test_cmp expect actual &&
	printf "%s\n" Data/a.txt Data/sub/ >expect &&
	bucket --list Data/ >actual && test_cmp expect actual &&
	bucket --list "./Data/*" >actual && test_cmp expect actual
'

test_expect_success '--list holds the names of the level against the pattern' '
	echo Data/a.txt >expect &&
	bucket --list "Data/*.txt" >actual && test_cmp expect actual &&
	printf "%s\n" Data/ Data2/ >expect &&
	bucket --list "D*" >actual && test_cmp expect actual &&
	bucket --list "D?ta*" >actual && test_cmp expect actual &&
	bucket --list "*/" >actual && test_cmp expect actual &&
	echo Data/ >expect &&
	bucket --list Data >actual && test_cmp expect actual &&
	echo top >expect &&
	bucket --list top >actual && test_cmp expect actual &&
	test_expect_code 10 bucket --list "*.txt" 2>err &&
	test_grep "nothing matches .\*.txt. in .dir:" err
'

test_expect_success '--list of an empty store is nothing, and fine' '
	mkdir empty && resutil bucket --remote dir:empty --list >actual &&
	test_must_be_empty actual &&
	test_expect_code 10 resutil bucket --remote dir:empty --find "*" 2>err
'

test_expect_success '--find prints keys, one a line' '
	printf "%s\n" Data/a.txt Data/sub/b.txt Data2/c.txt >expect &&
	bucket --find "*.txt" >actual && test_cmp expect actual &&
	printf "%s\0" Data/a.txt Data/sub/b.txt >expect &&
	bucket --find -z Data/ >actual && test_cmp expect actual &&
	printf "%s\n" "4 Data/a.txt" "4 Data/sub/b.txt" >expect &&
	bucket --find --format "%(size) %(key)" "Data/*" >actual &&
	test_cmp expect actual &&
	printf "%s\n" Data/a.txt,4 >expect &&
	bucket --find --format "%(key),%(size)" "Data/[a].txt" >actual &&
	test_cmp expect actual
'

test_expect_success PYTHON '--json has an object a line, as list-objects' '
	bucket --find --json "Data/*" >actual &&
	resutil list-objects "$S" --json Data/ >expect &&
	test_cmp expect actual &&
	bucket --list --json Data/ >actual &&
	python3 - actual <<-\EOF
	import json, sys
	rows = [json.loads(line) for line in open(sys.argv[1])]
	assert [r["key"] for r in rows] == ["Data/a.txt", "Data/sub/"], rows
	assert rows[0]["size"] == 4 and rows[1].get("size") is None, rows
	EOF
'

test_expect_success 'what has nothing says what may be meant' '
	test_expect_code 10 bucket --find Data >out 2>err &&
	test_must_be_empty out &&
	test_grep "^resutil: nothing matches .Data. in .dir:.*; .Data/. means all below$" err &&
	test_expect_code 10 bucket --download Data 2>err &&
	test_grep "; .Data/. means all below$" err &&
	test_expect_code 10 bucket --find nowhere 2>err &&
	test_grep "^resutil: nothing matches .nowhere. in .[^;]*$" err &&
	test_expect_code 10 bucket --find "Data[" 2>err &&
	test_grep "stands for itself" err &&
	mkdir -p here/Data && echo 1 >here/Data/x &&
	test_expect_code 10 bucket --upload --root here Data 2>err &&
	test_grep "nothing matches .Data. here; .Data/. means all below$" err &&
	test_expect_code 10 bucket --delete -y --root here Data 2>err &&
	test_grep "nothing matches .Data. here; .Data/. means all below$" err
'

test_expect_success '--download gets what is missing or differs' '
	rm -rf here && mkdir -p here/Data && echo ONE >here/Data/a.txt &&
	bucket -j 1 --root here --download "Data*" >actual &&
	cat >expect <<-\EOF &&
	Downloaded Data/a.txt
	Downloaded Data/sub/b.txt
	Downloaded Data2/c.txt
	3 downloaded, 14 B
	EOF
	test_cmp expect actual &&
	files store | grep /Data >expect && files here >actual &&
	test_cmp expect actual &&
	bucket --root here --download "Data*" >actual &&
	echo "0 downloaded, 3 the same" >expect && test_cmp expect actual
'

test_expect_success '-n changes nothing, --keep replaces nothing' '
	echo else >here/Data/a.txt && rm here/Data2/c.txt &&
	files here >before &&
	bucket --root here -n --download "Data*" >actual &&
	cat >expect <<-\EOF &&
	Would download Data/a.txt
	Would download Data2/c.txt
	2 to download, 1 the same, 10 B
	EOF
	test_cmp expect actual &&
	files here >after && test_cmp before after &&
	bucket --root here --keep --download "Data*" >actual &&
	test_grep "^Downloaded Data2/c.txt$" actual &&
	test_grep "^1 downloaded, .*kept" actual &&
	echo else >expect && test_cmp expect here/Data/a.txt
'

test_expect_success '--upload is the other way' '
	rm -rf here && fill here && rm store/Data/a.txt &&
	echo old >store/Data2/c.txt &&
	bucket -j 1 --root here --upload "Data*" >actual &&
	cat >expect <<-\EOF &&
	Uploaded Data/a.txt
	Uploaded Data2/c.txt
	2 uploaded, 1 the same, 10 B
	EOF
	test_cmp expect actual &&
	files here | grep /Data >expect && files store | grep /Data >actual &&
	test_cmp expect actual
'

test_expect_success '* means neither .git nor the results nor packs' '
	mkdir -p project/results/x && cd project &&
	cat >resutil-conf.yaml <<-EOF &&
	project_name: p
	results_dir: results
	storage_type: dir
	storage_config: {path: ../lab}
	EOF
	mkdir ../lab && fill inside && mkdir .git && echo 1 >.git/HEAD &&
	echo x >results/x/file && echo S=1 >.env &&
	resutil bucket --upload "*" >../out &&
	resutil bucket --find "*" >../actual &&
	printf "%s\n" inside/Data/a.txt inside/Data/sub/b.txt \
		inside/Data2/c.txt inside/top resutil-conf.yaml >../expect &&
	test_cmp ../expect ../actual &&
	name=$(resutil add one) && resutil push one &&
	resutil bucket --find "*" >../actual &&
	test_cmp ../expect ../actual &&
	echo "p/$name.zip" >../expect &&
	resutil bucket --find --packs "p/*" >../actual &&
	test_cmp ../expect ../actual &&
	test_expect_code 10 resutil bucket --find "p/*" 2>../err &&
	test_grep "packs would match 1 experiment$" ../err &&
	test_expect_code 10 resutil bucket --find results/ 2>../err &&
	resutil bucket --upload results/x/file >../actual &&
	test_grep "^1 uploaded" ../actual
'

test_expect_success 'the working directory is one side, also deep in a project' '
	cd project/inside && resutil bucket --list >../../actual &&
	printf "%s\n" inside/ p/ results/ resutil-conf.yaml >../../expect &&
	test_cmp ../../expect ../../actual &&
	resutil bucket -q --upload top >../../actual &&
	test_must_be_empty ../../actual && test_cmp top ../../lab/top
'

test_expect_success '--remove takes from the store, -y does not ask' '
	fill store && rm -rf here && fill here &&
	bucket --root here --remove -n "Data*" >actual &&
	cat >expect <<-\EOF &&
	Would remove Data/a.txt
	Would remove Data/sub/b.txt
	Would remove Data2/c.txt
	3 to remove, 14 B
	EOF
	test_cmp expect actual && test_path_is_file store/Data/a.txt &&
	bucket --root here --remove -y Data/ >actual &&
	sort actual >sorted &&
	printf "%s\n" "2 removed, 8 B" "Removed Data/a.txt" \
		"Removed Data/sub/b.txt" >expect &&
	test_cmp expect sorted &&
	test_path_is_missing store/Data/a.txt &&
	test_path_is_file store/Data2/c.txt &&
	test_path_is_file here/Data/a.txt
'

test_expect_success '--delete goes here, and asks no store' '
	resutil bucket --remote dir:/nowhere/at/all --root here --delete -y \
		"Data/*" >actual &&
	sort actual >sorted &&
	printf "%s\n" "2 deleted, 8 B" "Deleted Data/a.txt" \
		"Deleted Data/sub/b.txt" >expect &&
	test_cmp expect sorted &&
	test_path_is_missing here/Data/a.txt &&
	test_path_is_file here/Data2/c.txt &&
	cd here && resutil bucket --delete -y "Data2/*" &&
	test_path_is_missing Data2/c.txt && test_path_is_file top
'

test_expect_success 'nobody there: remove and delete want -y, interactive more' '
	rm -rf here && fill here && fill store &&
	for way in --remove --delete
	do
		test_expect_code 129 bucket --root here $way "*" \
			>out 2>err </dev/null &&
		test_must_be_empty out &&
		test_grep "nobody can be asked, so -y is needed" err || return 1
	done &&
	test_expect_code 129 bucket --interactive "*" 2>err </dev/null &&
	test_grep "nobody can be asked: say --download" err &&
	files here >expect && fill other && files other >actual &&
	test_cmp expect actual && test_path_is_file store/Data/a.txt
'

test_expect_success 'words that are wrong' '
	test_expect_code 129 bucket "Data/*" 2>err &&
	test_grep "say what to do: --list" err && test_grep "^usage:" err &&
	test_expect_code 129 bucket --upload --remove "Data/*" 2>err &&
	test_grep "upload and --remove: one at a time" err &&
	test_expect_code 129 bucket --find Data/a.txt Data2/c.txt 2>err &&
	test_grep "keeps the shell from expanding it" err &&
	test_expect_code 129 bucket --find 2>err &&
	test_grep "no PATTERN is given" err &&
	for bad in "" /Data ../x a/../b ./a/./b
	do
		test_expect_code 129 bucket --find "$bad" 2>err || return 1
	done &&
	test_expect_code 129 bucket --delete --keep -y x 2>err &&
	test_expect_code 129 bucket --find --format "%(nothing)" x 2>err
'

test_expect_success 'PATTERN and DIR may begin with a dash' '
	mkdir -- -root && echo 1 >-root/-f &&
	bucket --root -root --upload -- "-?" >actual &&
	test_cmp ./-root/-f store/-f &&
	bucket --find -- "-f" >actual && echo -f >expect &&
	test_cmp expect actual &&
	bucket --list -- "-*" >actual && test_cmp expect actual
'

test_expect_success 'for programs: records as sync-keys prints them' '
	rm -rf here && mkdir here &&
	bucket --root here --download -z Data/ >actual &&
	tr "\0" "\n" <actual | cut -f 1,4 | sort >sorted &&
	printf "downloaded\t%s\n" Data/a.txt Data/sub/b.txt >expect &&
	test_cmp expect sorted &&
	bucket --root here --download --format "%(status) %(key)" Data/a.txt \
		>actual &&
	echo "same Data/a.txt" >expect && test_cmp expect actual
'

test_expect_success 'one that fails is named, the others are done' '
	rm -rf here && mkdir -p here/Data/a.txt &&
	test_expect_code 3 bucket --root here --download Data/ >out 2>err &&
	test_grep "Data/a.txt" err && test_cmp store/Data/sub/b.txt \
		here/Data/sub/b.txt &&
	test_grep "^1 downloaded, 1 not done, 4 B$" out
'

test_expect_success 'a store that is away' '
	test_expect_code 12 resutil bucket --remote dir:gone/away --find "*" \
		>out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_expect_code 12 resutil bucket --remote dir:gone/away \
		--download "*" >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err
'

test_expect_success 'no room for what is printed is a failure' '
	test_must_fail resutil bucket "$S" --find "*" >/dev/full 2>err &&
	test_grep "No space" err &&
	test_must_fail resutil bucket "$S" --list >&- 2>err &&
	rm -rf here && mkdir here &&
	test_must_fail resutil bucket "$S" --root here --download Data/ \
		>/dev/full 2>err &&
	test_grep "No space" err
'

test_expect_success 'a reader that goes away ends it' '
	{
		resutil bucket "$S" --find "*" 2>err
		echo $? >status
	} | : &&
	test_must_be_empty err
'

test_done
