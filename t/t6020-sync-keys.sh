#!/bin/sh

test_description='sync-keys: files here and a store, compared and made alike'
. ./test-lib.sh

# sync WORDS...: with the store of the test, into `out`, sorted by key
sync () {
	resutil sync-keys --remote "dir:$TRASH_DIRECTORY/store" "$@" >../lines &&
	sort -t "	" -k 4 ../lines >../out
}

test_expect_success 'setup' '
	mkdir -p store work/Data/raw work/Data2 &&
	echo one >work/Data/raw/a.csv && echo two >work/Data/raw/b.csv &&
	echo x >work/Data2/c.csv && echo d >work/Data/d.txt
'

test_expect_success 'nothing is in the store yet' '
	(cd work && sync --compare "*") && cat >want <<-\EOF &&
	here	4	-	Data/raw/a.csv
	here	4	-	Data/raw/b.csv
	here	2	-	Data/d.txt
	here	2	-	Data2/c.csv
	EOF
	LC_ALL=C sort -t "	" -k 4 want >sorted && test_cmp sorted out
'

test_expect_success '--upload puts what matches, and only that' '
	(cd work && sync --upload "Data/*.csv") && cat >want <<-\EOF &&
	uploaded	4	-	Data/raw/a.csv
	uploaded	4	-	Data/raw/b.csv
	EOF
	test_cmp want out &&
	test_cmp work/Data/raw/a.csv store/Data/raw/a.csv &&
	test_path_is_missing store/Data/d.txt &&
	test_path_is_missing store/Data2
'

test_expect_success 'what is the same is not moved again' '
	touch -d @1 work/Data/raw/a.csv && ls -li store/Data/raw >before &&
	(cd work && sync --upload "Data/*.csv") && cat >want <<-\EOF &&
	same	4	4	Data/raw/a.csv
	same	4	4	Data/raw/b.csv
	EOF
	test_cmp want out && ls -li store/Data/raw >after &&
	test_cmp before after
'

test_expect_success 'content of one size is compared' '
	echo ONE >work/Data/raw/a.csv &&
	(cd work && sync --compare Data/) && cat >want <<-\EOF &&
	here	2	-	Data/d.txt
	differs	4	4	Data/raw/a.csv
	same	4	4	Data/raw/b.csv
	EOF
	test_cmp want out && (cd work && sync --upload Data/raw/) &&
	test_cmp work/Data/raw/a.csv store/Data/raw/a.csv
'

test_expect_success '--download gets what is missing or differs' '
	rm work/Data/raw/b.csv && echo longer >work/Data/raw/a.csv &&
	chmod 600 work/Data/raw/a.csv &&
	(cd work && sync --download "*") && cat >want <<-\EOF &&
	downloaded	7	4	Data/raw/a.csv
	downloaded	-	4	Data/raw/b.csv
	EOF
	test_cmp want out && echo ONE >want && test_cmp want work/Data/raw/a.csv &&
	echo two >want && test_cmp want work/Data/raw/b.csv &&
	stat -c %a work/Data/raw/a.csv >mode && echo 600 >want &&
	test_cmp want mode && ls -A work/Data/raw >files &&
	printf "%s\n" a.csv b.csv >want && test_cmp want files
'

test_expect_success '--keep leaves what is there' '
	echo mine >work/Data/raw/a.csv && rm work/Data/raw/b.csv &&
	(cd work && sync --download --keep "*") && cat >want <<-\EOF &&
	kept	5	4	Data/raw/a.csv
	downloaded	-	4	Data/raw/b.csv
	EOF
	test_cmp want out && echo mine >want && test_cmp want work/Data/raw/a.csv &&
	(cd work && sync --upload --keep Data/) && grep "^kept.*a.csv" out &&
	grep "^uploaded.*d.txt" out && echo ONE >want &&
	test_cmp want store/Data/raw/a.csv
'

test_expect_success '-n tells and does nothing' '
	: >before && : >after && find . -type f | sort >before &&
	echo 1 >work/new &&
	(cd work && sync --upload -n "*") && grep "^would-upload	2	-	new$" out &&
	grep "^would-upload	5	4	Data/raw/a.csv$" out &&
	grep "^same	4	4	Data/raw/b.csv$" out &&
	(cd work && sync --download -n "*") &&
	grep "^would-download	5	4	Data/raw/a.csv$" out &&
	(cd work && sync --remove -n "*") && test_line_count = 3 out &&
	grep "^would-remove	-	2	Data/d.txt$" out &&
	(cd work && sync --delete -n "*.csv") && test_line_count = 3 out &&
	grep "^would-delete	2	-	Data2/c.csv$" out && rm work/new &&
	find . -type f | sort >after && test_cmp before after
'

test_expect_success '-z, --json and --format' '
	(cd work && resutil sync-keys --remote dir:../store --compare -z \
		"Data/raw/*") >out && tr "\0" "\n" <out >lines &&
	cat >want <<-\EOF &&
	differs	5	4	Data/raw/a.csv
	same	4	4	Data/raw/b.csv
	EOF
	test_cmp want lines &&
	(cd work && resutil sync-keys --remote dir:../store --compare --json \
		Data/raw/a.csv) >out &&
	echo "{\"status\":\"differs\",\"size_here\":5,\"size_there\":4,\"key\":\"Data/raw/a.csv\",\"bytes\":0,\"message\":null}" >want &&
	test_cmp want out &&
	(cd work && resutil sync-keys --remote dir:../store --download \
		--format "%(status) %(bytes) %(key)" Data/raw/) >out &&
	sort out >lines && cat >want <<-\EOF &&
	downloaded 4 Data/raw/a.csv
	same 0 Data/raw/b.csv
	EOF
	test_cmp want lines
'

test_expect_success '--root, from anywhere' '
	(cd / && resutil sync-keys --root "$TRASH_DIRECTORY/work" \
		--remote "dir:$TRASH_DIRECTORY/store" --compare Data/raw/a.csv) >out &&
	echo "same	4	4	Data/raw/a.csv" >want && test_cmp want out &&
	test_expect_code 10 resutil sync-keys --root gone --remote dir:store \
		--compare x 2>err && test_grep "gone" err
'

test_expect_success '--stdin: of what is meant only what is named' '
	printf "%s\n" Data/d.txt Data/gone Data2/c.csv >names &&
	(cd work && resutil sync-keys --remote dir:../store --upload --stdin \
		"Data2/*") <names >out && echo "uploaded	2	-	Data2/c.csv" >want &&
	test_cmp want out &&
	printf "Data2/c.csv\0Data/raw/b.csv\0" >names &&
	(cd work && resutil sync-keys --remote dir:../store --remove --stdin -z \
		"*") <names >out && tr "\0" "\n" <out | sort >lines &&
	printf "%s\n" "removed	-	2	Data2/c.csv" "removed	-	4	Data/raw/b.csv" >want &&
	test_cmp want lines && test_path_is_file store/Data/raw/a.csv
'

test_expect_success '--remove removes there, --delete here, with empty directories' '
	(cd work && sync --remove "Data/raw/*") &&
	echo "removed	-	4	Data/raw/a.csv" >want && test_cmp want out &&
	test_path_is_missing store/Data/raw && test_path_is_file work/Data/raw/a.csv &&
	mkdir work/empty &&
	(cd work && resutil sync-keys --delete "*") >out && sort out >lines &&
	printf "%s\n" "deleted	2	-	Data/d.txt" "deleted	2	-	Data2/c.csv" \
		"deleted	4	-	Data/raw/a.csv" "deleted	4	-	Data/raw/b.csv" >want &&
	test_cmp want lines &&
	echo work/empty >want && find work -mindepth 1 >files &&
	test_cmp want files
'

test_expect_success 'nothing matches: 10, and a hint' '
	mkdir work/dir && : >work/dir/a &&
	test_expect_code 10 resutil sync-keys --root work --delete dir 2>err &&
	echo "resutil: nothing matches '\''dir'\'' here; '\''dir/'\'' means all below" >want &&
	test_cmp want err &&
	test_expect_code 10 resutil sync-keys --remote dir:store --download \
		--root work Data 2>err && test_grep "means all below" err &&
	test_expect_code 10 resutil sync-keys --remote dir:store --remove \
		"nope*" 2>err && test_grep ! "means all below" err &&
	test_expect_code 10 resutil sync-keys --root work --delete "x[" 2>err &&
	test_grep "has no .\]" err
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil sync-keys --remote dir:store "*" 2>err &&
	test_expect_code 129 resutil sync-keys --compare --upload "*" 2>err &&
	test_expect_code 129 resutil sync-keys --compare 2>err &&
	test_expect_code 129 resutil sync-keys --compare a b 2>err &&
	test_grep "quote it" err &&
	test_expect_code 129 resutil sync-keys --delete ../x 2>err &&
	test_expect_code 129 resutil sync-keys --delete /x 2>err
'

test_expect_success 'a store that is not there' '
	test_expect_code 12 resutil sync-keys --remote dir:gone --compare "*" \
		2>err && test_grep "make it, or mount" err
'

test_done
