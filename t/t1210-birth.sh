#!/bin/sh

test_description='experiments come to be whole, at once, and with few syncs'
. ./test-lib.sh

test_expect_success 'setup' '
	test_set_now 1720088155 &&
	cat >resutil-conf.yaml <<-\EOF
	project_name: p
	results_dir: results
	storage_type: dir
	storage_config:
	  path: /nowhere
	EOF
'

# syncs N COMMAND...: makes N syncs, as the trace tells
syncs () {
	want=$1
	shift
	rm -f "$TRASH_DIRECTORY/trace" &&
	RESUTIL_TRACE=$TRASH_DIRECTORY/trace "$@" >out &&
	grep " sys: [a-z]*sync" "$TRASH_DIRECTORY/trace" >synced
	test_line_count = "$want" synced
}

# The numbers are those of Documentation/technical/durability.adoc.
test_expect_success 'the first experiment is four syncs' '
	syncs 4 resutil add first
'

test_expect_success 'another one three: record, directory, results_dir' '
	syncs 3 resutil add second &&
	sed "s/.*fsync //" synced >paths &&
	grep "/\.aapezv_.*_second\.[0-9]*\.tmp/resutil-exp.yaml$" paths &&
	grep "/\.aapezv_.*_second\.[0-9]*\.tmp$" paths &&
	grep "/results$" paths
'

test_expect_success 'few files: one more for each and for their directory' '
	mkdir -p files/sub &&
	echo a >files/a &&
	echo b >files/sub/b &&
	: >files/empty &&
	syncs 6 resutil add few --from files
'

test_expect_success 'many files: one syncfs and results_dir' '
	mkdir many &&
	for i in 1 2 3 4 5 6 7 8 9
	do
		echo $i >many/$i || return 1
	done &&
	syncs 2 resutil add many --from many &&
	grep "syncfs .*_many\.[0-9]*\.tmp$" synced
'

test_expect_success 'a run outside a repository: five' '
	syncs 5 resutil run -m run -- sh -c "echo out; echo err >&2" &&
	sed -n "4,\$p" synced >end &&
	grep "/resutil-exp.yaml\.[0-9]*\.[0-9]*\.tmp$" end &&
	grep "/aapezv_[0-9T]*_run$" end
'

test_expect_success 'a run with uncommitted changes: the patch, the file' '
	make_repo repo &&
	cp resutil-conf.yaml repo &&
	test_commit repo conf &&
	echo "print(2)" >>repo/train.py &&
	(
		cd repo &&
		resutil run -m one -- true &&
		syncs 8 resutil run -m two -- true
	)
'

test_expect_success 'an update: two' '
	syncs 2 resutil update-exp --set info.x=1 @
'

test_expect_success 'a name that is taken: the next second, at once' '
	resutil add same >one &&
	resutil add same >two &&
	echo aapezv_20240704T101555_same >want &&
	test_cmp want one &&
	echo aapezv_20240704T101556_same >want &&
	test_cmp want two
'

test_expect_success 'a hundred at once are a hundred, with three syncs each' '
	rm -rf hundred &&
	mkdir hundred &&
	i=0 &&
	while test $i -lt 100
	do
		i=$((i + 1))
		RESUTIL_TRACE=$TRASH_DIRECTORY/hundred/trace.$i \
			resutil add crowd >hundred/out.$i 2>hundred/err.$i &
	done &&
	wait &&
	cat hundred/err.* >errors &&
	test_must_be_empty errors &&
	sort -u hundred/out.* >names &&
	test_line_count = 100 names &&
	(cd results && ls -d *_crowd) >visible &&
	test_cmp names visible &&
	grep -h " sys: [a-z]*sync" hundred/trace.* >synced &&
	test_line_count = 300 synced &&
	resutil list-exps >listed &&
	grep crowd listed >listed-crowd &&
	test_line_count = 100 listed-crowd &&
	find results -name "*.tmp" >left &&
	test_must_be_empty left
'

test_expect_success 'hidden directories are never listed' '
	mkdir results/.aapezv_20240704T101555_ghost.1.tmp &&
	cp results/$(head -n 1 names)/resutil-exp.yaml \
		results/.aapezv_20240704T101555_ghost.1.tmp/ &&
	resutil list-exps >listed &&
	! grep ghost listed &&
	resutil add ghost >out &&
	grep "T101555_ghost$" out
'

test_expect_success 'a bad comment is refused before anything is made' '
	ls -A results >before &&
	test_must_fail resutil add a/b 2>err &&
	test_must_fail resutil run -m "a:b" -- true 2>>err &&
	test_line_count = 2 err &&
	ls -A results >after &&
	test_cmp before after
'

test_expect_success 'results_dir is a file' '
	mkdir other &&
	cp resutil-conf.yaml other/ &&
	: >other/results &&
	(
		cd other &&
		test_expect_code 128 resutil add x 2>../err
	) &&
	grep "results_dir .*is not a directory" err
'

test_expect_success AS_USER 'results_dir cannot be written' '
	rm other/results &&
	mkdir other/results &&
	chmod 0555 other/results &&
	chmod 0777 other . .. &&
	(
		cd other &&
		test_expect_code 128 as_user resutil add x 2>../err
	) &&
	grep "cannot write into results_dir" err &&
	test_dir_is_empty other/results
'

test_done
