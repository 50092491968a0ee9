#!/bin/sh

test_description='pack-exp: what is in a pack, byte for byte, and where it goes'
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

# ---- what a pack says of itself ----

test_expect_success UNZIP 'the comment, for a tree that is always the same' '
	mkdir golden && printf "one\n" >golden/a && mkdir golden/d &&
	cp tree/resutil-exp.yaml golden &&
	chmod 755 golden/d && chmod 644 golden/a golden/resutil-exp.yaml &&
	find golden -exec touch -d @1720091755 {} + &&
	resutil pack-exp -o golden.zip golden &&
	one=$(sha256sum <golden/a) && none=$(sha256sum </dev/null) &&
	record=$(sha256sum <golden/resutil-exp.yaml) &&
	tree=$({ printf "100644 4 %s a\0" ${one%% *} &&
		printf "040000 0 %s d/\0" ${none%% *}; } | sha256sum) &&
	printf "resutil-pack 1 tree=%s record=%s id=%s revision=3\n" \
		${tree%% *} ${record%% *} $ID >want &&
	unzip -z golden.zip >out && tail -n 1 out >comment &&
	test_cmp want comment
'

test_expect_success UNZIP 'without a record; with one that says nothing' '
	mkdir bare && echo x >bare/x && resutil pack-exp -o bare.zip bare &&
	unzip -z bare.zip >out && test_grep "^resutil-pack 1 tree=[0-9a-f]*$" out &&
	mkdir broken && printf "{ not: yaml" >broken/resutil-exp.yaml &&
	resutil pack-exp -o broken.zip broken 2>err && test_must_be_empty err &&
	unzip -z broken.zip >out &&
	test_grep "^resutil-pack 1 tree=[0-9a-f]* record=[0-9a-f]*$" out &&
	printf "id: no-uuid\nrevision: -1\n" >broken/resutil-exp.yaml &&
	resutil pack-exp -o broken.zip broken && unzip -z broken.zip >out &&
	test_grep "^resutil-pack 1 tree=[0-9a-f]* record=[0-9a-f]*$" out
'

test_expect_success UNZIP 'an empty directory' '
	mkdir none && resutil pack-exp -o none.zip none &&
	none=$(sha256sum </dev/null) &&
	unzip -z none.zip >out 2>err || : &&
	test_grep "resutil-pack 1 tree=${none%% *}$" out &&
	test $(wc -c <none.zip) = $((22 + 15 + 5 + 64))
'

test_expect_success 'the record is read from what was packed, of any length' '
	mkdir longrecord && {
		cat tree/resutil-exp.yaml && echo "info:" &&
		i=0 && while test $i -lt 30000
		do
			echo "  key$i: a value that takes some room" && i=$((i + 1))
		done
	} >longrecord/resutil-exp.yaml &&
	test $(wc -c <longrecord/resutil-exp.yaml) -gt 1048576 &&
	resutil pack-exp --json -o long.zip longrecord >out &&
	test_grep "\"id\":\"$ID\",\"revision\":3" out
'

test_expect_success '--json says what is in it' '
	resutil pack-exp --json -o again.zip tree >out && cmp tree.zip again.zip &&
	size=$(wc -c <tree.zip) && bytes=$(cat tree/resutil-exp.yaml tree/a/one \
		tree/a.txt tree/a.txt tree/a/b/numbers tree/run.sh \
		tree/private | wc -c) &&
	test_grep "^{\"name\":null,\"dir\":\"tree\",\"file\":\"again.zip\",\"tree\":\"" out &&
	test_grep "\"entries\":14,\"bytes\":$((bytes)),\"packed\":$((size)),\"skipped\":\[\]}$" out &&
	resutil hash-experiment tree >hashed && hash=$(cut -c 1-64 hashed) &&
	test_grep "\"tree\":\"$hash\"" out
'

# ---- where it goes ----

test_expect_success '-o replaces a file, and only a file' '
	echo old >o.zip && resutil pack-exp -o o.zip tree && cmp o.zip tree.zip &&
	mkdir here &&
	test_expect_code 128 resutil pack-exp -o here tree 2>err &&
	test_grep "is a directory" err &&
	mkfifo pipe && test_expect_code 128 resutil pack-exp -o pipe tree 2>err &&
	test_grep "is no regular file" err && test -p pipe &&
	test_expect_code 10 resutil pack-exp -o gone/x.zip tree 2>err &&
	resutil pack-exp -o - tree >o2.zip && cmp o2.zip tree.zip &&
	find . -name "*.tmp" >tmps && test_must_be_empty tmps
'

test_expect_success 'a pack is not written into what it packs' '
	test_expect_code 129 resutil pack-exp -o tree/x.zip tree 2>err &&
	test_grep "packed into itself" err &&
	test_expect_code 129 resutil pack-exp -o tree/a/x.zip ./tree/a/.. 2>err &&
	test_expect_code 129 sh -c "resutil pack-exp tree >tree/x.zip" 2>err &&
	test_grep "packed into itself" err && rm tree/x.zip &&
	(cd tree && test_expect_code 129 resutil pack-exp -o x.zip . 2>err &&
	 test_path_is_missing x.zip; rm -f err) &&
	ln -s tree through &&
	test_expect_code 129 resutil pack-exp -o through/x.zip tree 2>err
'

test_expect_success PTY 'a terminal is refused' '
	test_expect_code 129 pty-run --screen=screen resutil pack-exp tree &&
	test_grep "not for a terminal" screen
'

test_expect_success 'wrong usage' '
	for args in "" "tree tree" "--level 10 tree" "--level -1 tree" \
		"-j -1 tree" "--json tree" "--level x tree"
	do
		test_expect_code 129 resutil pack-exp $args >out 2>err &&
		test_must_be_empty out || return 1
	done &&
	test_expect_code 13 resutil -c pack.level=10 pack-exp tree >out 2>err &&
	test_grep "pack.level" err && test_must_be_empty out
'

# ---- EXP or DIR ----

test_expect_success UNZIP 'an EXP in a project, by any of its names' '
	make_project p >out && (
		cd p &&
		RESUTIL_TEST_NOW=1720091755 resutil add nice >name &&
		name=$(cat name) && echo data >results/$name/data &&
		mkdir results/$name/sub && echo deep >results/$name/sub/file &&
		resutil pack-exp -o ../want.zip $name &&
		for word in nice @ aap results/$name ./results/$name/ \
			"$(pwd)/results/$name" results/$name/data \
			results/$name/sub/../
		do
			resutil pack-exp -o ../got.zip "$word" &&
			cmp ../want.zip ../got.zip || exit 1
		done &&
		(cd results/$name && resutil pack-exp -o ../../got.zip .) &&
		cmp ../want.zip got.zip &&
		resutil pack-exp --json -o got.zip nice >out &&
		test_grep "^{\"name\":\"$name\"," out &&
		resutil pack-exp -o got.zip results/$name/sub &&
		unzip -Z1 got.zip >out && echo file >want && test_cmp want out
	)
'

test_expect_success 'a plain word is an experiment before it is a directory' '
	(
		cd p && mkdir nice && echo x >nice/x &&
		resutil pack-exp -o got.zip nice && cmp got.zip ../want.zip &&
		resutil pack-exp --json -o got.zip ./nice >out &&
		test_grep "^{\"name\":null,\"dir\":\"./nice\"," out &&
		mkdir other && resutil pack-exp --json -o got.zip other >out &&
		test_grep "^{\"name\":null,\"dir\":\"other\"," out &&
		RESUTIL_TEST_NOW=1720091756 resutil add nicer >name &&
		mkdir aap &&
		test_expect_code 129 resutil pack-exp -o no.zip aap 2>err &&
		test_grep ambiguous err && test_path_is_missing no.zip &&
		test_expect_code 10 resutil pack-exp -o no.zip missing 2>err &&
		test_expect_code 10 resutil pack-exp -o no.zip mis/sing 2>err
	)
'

# ---- packs of earlier versions ----

FIXTURES=$TEST_DIRECTORY/fixtures/pack/v1

test_expect_success PYTHON 'the packs of version 1 are what they were' '
	for name in everything restart bare
	do
		python3 "$TEST_DIRECTORY"/helper/pack-list.py \
			"$FIXTURES"/$name.zip >list &&
		test_cmp "$FIXTURES"/$name.list list || return 1
	done &&
	python3 "$TEST_DIRECTORY"/helper/pack-restart.py \
		"$FIXTURES"/restart.zip >out &&
	echo "large 4194304 3" >want && test_cmp want out
'

test_expect_success UTF8_FS,PYTHON 'the trees they were made of still give them' '
	python3 "$FIXTURES"/make-trees.py trees &&
	for name in everything restart bare
	do
		resutil pack-exp -o $name.zip trees/$name &&
		compare $name.zip trees/$name >out &&
		python3 "$TEST_DIRECTORY"/helper/pack-list.py $name.zip >list &&
		test_cmp "$FIXTURES"/$name.list list &&
		head -n 1 list >comment &&
		resutil hash-experiment trees/$name >hashed &&
		test_grep "tree=$(cut -c 1-64 hashed)" comment || return 1
	done
'

test_done
