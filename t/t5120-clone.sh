#!/bin/sh

test_description='clone: a project from what a store holds'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

SQ="'"
one=aaaaaa_20240101T000001_one
two=aaaaaa_20240101T000002_two

# a store with a project of two experiments, and one of none
make_store () {
	rm -rf store && mkdir -p store/MyProj "store/no runs" &&
	for name in $one $two
	do
		mkdir "$name" &&
		printf "resutil: 1\nname: \"%s\"\n" $name \
			>$name/resutil-exp.yaml &&
		echo content of $name >$name/file &&
		resutil pack-exp -o store/MyProj/$name.zip ./$name &&
		rm -r $name || return 1
	done
}

test_expect_success 'setup' '
	make_store && mkdir work
'

test_expect_success 'makes a project whose origin is the store' '
	cd work &&
	RESUTIL_TRACE="$PWD/trace" \
		resutil clone "dir:$TRASH_DIRECTORY/store/MyProj" >actual 2>err &&
	test_must_be_empty err &&
	sed -n "s/.* store: //p" trace >requests &&
	printf "%s\n" "open dir:$TRASH_DIRECTORY/store" \
		"list MyProj/ -> 2 objects" >expect &&
	test_cmp expect requests &&
	cat >expect <<-EOF &&
	Cloned project ${SQ}MyProj${SQ} into MyProj
	dir:$TRASH_DIRECTORY/store holds 2 experiments
	Next, there:
	  resutil list
	  resutil pull EXP...
	  resutil pull --all
	EOF
	test_cmp expect actual &&
	cat >expect <<-EOF &&
	project_name: MyProj
	results_dir: results
	storage_config:
	  path: $TRASH_DIRECTORY/store
	storage_type: dir
	EOF
	test_cmp expect MyProj/resutil-conf.yaml
'

test_expect_success 'the same files as init makes' '
	cd work &&
	rm -rf cloned made &&
	resutil -q clone dir:../store/MyProj cloned &&
	resutil -q init --project-name=MyProj --results-dir=results \
		-o path="$TRASH_DIRECTORY/store" made &&
	(cd cloned && find . -printf "%p %m %y\n" | sort) >actual &&
	# that it was made here, and so is trusted
	(cd made && find . ! -name made-here -printf "%p %m %y\n" | sort) \
		>expect &&
	test_cmp expect actual &&
	for file in resutil-conf.yaml results/.gitignore .resutil/.gitignore
	do
		test_cmp made/$file cloned/$file || return 1
	done
'

test_expect_success 'the project can be worked in' '
	cd work/cloned &&
	resutil list-remote >actual &&
	printf "%s\n" $one $two >expect &&
	test_cmp expect actual &&
	resutil list-exps >actual &&
	test_must_be_empty actual
'

test_expect_success 'nothing but the project is left' '
	rm -rf work && mkdir work && cd work &&
	mkdir ../new-home &&
	HOME="$TRASH_DIRECTORY/new-home" XDG_CACHE_HOME= TMPDIR="$PWD" \
		resutil -q clone dir:../store/MyProj >../out &&
	test_must_be_empty ../out &&
	ls -A >../actual &&
	echo MyProj >../expect &&
	test_cmp ../expect ../actual &&
	test_dir_is_empty ../new-home
'

test_expect_success 'missing directories above DIR are made' '
	cd work &&
	resutil -q clone dir:../store/MyProj deep/er/here &&
	test_path_is_file deep/er/here/resutil-conf.yaml
'

test_expect_success 'an empty DIR is filled, also the one we are in' '
	mkdir work/empty && cd work/empty &&
	inode=$(stat -c %i .) &&
	resutil clone "dir:$TRASH_DIRECTORY/store/MyProj" . >../../out &&
	test_grep "into \.$" ../../out &&
	test "$inode" = "$(stat -c %i "$TRASH_DIRECTORY"/work/empty)" &&
	resutil remote >actual &&
	echo origin >expect &&
	test_cmp expect actual
'

test_expect_success 'a DIR that is not empty is left alone' '
	cd work &&
	mkdir full && echo mine >full/file &&
	test_expect_code 14 resutil clone dir:../store/MyProj full 2>err &&
	test_grep "is there already, and is not empty" err &&
	ls -A full >actual && echo file >expect && test_cmp expect actual &&
	test_expect_code 14 resutil clone dir:../store/MyProj full/file 2>err &&
	test_grep "not a directory" err &&
	test_expect_code 14 resutil clone dir:../store/MyProj MyProj &&
	ln -s nowhere dangling &&
	test_expect_code 14 resutil clone dir:../store/MyProj dangling &&
	test_path_is_missing nowhere
'

test_expect_success 'a project that the store does not hold' '
	rm -rf work && mkdir work && cd work &&
	mkdir "../store/a$(printf "\033")[31m" &&
	>"../store/a$(printf "\033")[31m/x" && >"../store/no runs/x" &&
	test_expect_code 10 resutil clone dir:../store/Gone 2>../err &&
	echo "resutil: no experiments of a project ${SQ}Gone${SQ} in" \
		"${SQ}dir:$TRASH_DIRECTORY/store${SQ}; there may be some of:" \
		"${SQ}MyProj${SQ}, ${SQ}no runs${SQ}" >../expect &&
	test_cmp ../expect ../err &&
	mkdir ../empty &&
	test_expect_code 10 resutil clone "dir:../empty/P" x/y 2>../err &&
	test_grep "resutil init" ../err &&
	test_expect_code 10 resutil clone "dir:../store/no runs" &&
	test_dir_is_empty .
'

test_expect_success 'a store that is not there is not made' '
	cd work &&
	test_expect_code 12 resutil clone dir:../gone/MyProj x/y 2>../err &&
	test_grep "gone" ../err &&
	test_dir_is_empty . &&
	test_path_is_missing ../gone
'

test_expect_success 'a URL that names no project, or a bad one' '
	cd work &&
	for url in dir:/ gs://lab ssh://h/ "dir:../store/.." gs://lab/.. \
		"ssh://h/a%0Ab" "file:///a%5Cb" MyProj \
		"https://drive.google.com/drive/folders/1aB"
	do
		test_expect_code 129 resutil clone "$url" >../out 2>../err &&
		test_must_be_empty ../out &&
		test_grep "^resutil: " ../err || return 1
	done &&
	test_dir_is_empty . &&
	test_expect_code 129 resutil clone 2>../err &&
	test_grep "URL of a project in a store" ../err
'

test_expect_success 'another results_dir, and settings of the store' '
	cd work &&
	resutil -q clone --results-dir=out/runs dir:../store/MyProj &&
	test_grep "results_dir: out/runs" MyProj/resutil-conf.yaml &&
	test_path_is_file MyProj/out/runs/.gitignore &&
	test_expect_code 129 resutil clone -o bucket_name=x \
		dir:../store/MyProj x 2>../err &&
	test_grep "has no .bucket_name." ../err &&
	test_expect_code 129 resutil clone --results-dir=.. \
		dir:../store/MyProj x 2>../err &&
	test_path_is_missing x
'

test_expect_success 'the store cannot be in the project that is made' '
	cd work &&
	mkdir -p x/results && cp -r ../store/MyProj x/results/ &&
	test_expect_code 129 resutil clone dir:x/results/MyProj x 2>../err &&
	test_grep "lies in results_dir" ../err &&
	rm -rf x
'

test_expect_success 'with -n the store is asked and nothing is made' '
	cd work &&
	resutil clone -n dir:../store/MyProj other >actual &&
	printf "%s\n" "Would clone project ${SQ}MyProj${SQ} into other" \
		"dir:$TRASH_DIRECTORY/store holds 2 experiments" >expect &&
	test_cmp expect actual &&
	test_path_is_missing other &&
	test_expect_code 10 resutil clone -n dir:../store/Gone
'

test_expect_success '--all fetches all experiments' '
	rm -rf work && mkdir work && cd work &&
	resutil clone --all dir:../store/MyProj >out &&
	test_grep ! "resutil pull" out &&
	resutil -C MyProj list-exps >actual &&
	printf "%s\n" $one $two >expect &&
	test_cmp expect actual &&
	echo content of $one >expect &&
	test_cmp expect MyProj/results/$one/file
'

test_expect_success 'the project stays when --all cannot fetch all' '
	rm -rf work bad && mkdir -p work bad &&
	cp -r store/MyProj bad/P &&
	echo garbage >bad/P/$two.zip &&
	cd work &&
	test_must_fail resutil clone --all dir:../bad/P >out 2>err &&
	test_grep "go on with .resutil pull --all." err &&
	resutil -C P list-exps >actual &&
	echo $one >expect &&
	test_cmp expect actual
'

test_expect_success 'of several clones into one DIR one wins' '
	rm -rf work && mkdir work && cd work &&
	pids= &&
	for i in 1 2 3 4
	do
		resutil -q clone dir:../store/MyProj same 2>../err$i &
		pids="$pids $!"
	done &&
	for pid in $pids
	do
		wait $pid
		echo $?
	done >../codes &&
	sort -n ../codes >../actual &&
	printf "%s\n" 0 14 14 14 >../expect &&
	test_cmp ../expect ../actual &&
	ls -A >../actual && echo same >../expect &&
	test_cmp ../expect ../actual &&
	resutil -C same remote
'

test_expect_success FAULTS 'killed at any point it leaves nothing or a project' '
	rm -rf work && mkdir work && cd work &&
	mkdir P &&
	with_faults RESUTIL_TEST_FAULT_LOG="$PWD/../log" \
		resutil -q clone dir:../store/MyProj P/x &&
	points=$(wc -l <../log) &&
	test "$points" -gt 6 &&
	for fault in EIO kill
	do
		i=1 &&
		while test $i -le $points
		do
			rm -rf P && mkdir P &&
			with_faults RESUTIL_TEST_FAULT=any:$i:$fault \
				resutil -q clone dir:../store/MyProj P/x \
				>../out 2>../err
			code=$? &&
			if test -e P/x
			then
				resutil -C P/x remote >../out &&
				test_path_is_file P/x/results/.gitignore
			else
				test $code != 0
			fi &&
			case $fault in
			EIO)
				test -e P/x || test_dir_is_empty P
				;;
			esac || return 1
			i=$((i + 1))
		done
	done
'

test_done
