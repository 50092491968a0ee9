#!/bin/sh

test_description='record-runs: experiments of a project'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-recorder.sh

all () {
	printf "%s\n" "$@" >../all.in &&
	resutil record-runs <../all.in
}

# experiment [MEMBER...]: a request to begin one
experiment () {
	begin='{"op":"begin","kind":"experiment","providers":["git"]'
	for more
	do
		begin="$begin,$more"
	done
	printf "%s}\n" "$begin"
}

# The last name in the answers.
latest () {
	sed -n "s/.*\"name\":\"\([^\"]*\)\".*/\1/p" ../out | tail -n 1
}

# The scratch directory is the project; what tests note lies beside it.
test_expect_success 'setup' '
	make_repo . && make_project . && test_commit . conf &&
	git rev-parse HEAD >../head
'

test_expect_success 'it has what run records' '
	echo changed >>train.py && echo new >new.py &&
	all "$(experiment "\"argv\":[\"train.py\",\"--lr\",\"0.1\"]" "\"comment\":\"nice\"" "\"function\":\"train.main\"")" \
		"$(done_run 1 "\"result\":3" "\"exit_code\":0" "\"usage\":{\"wall\":1.5,\"max_rss\":7}")" >../out &&
	name=$(latest) &&
	case "$name" in *_nice) ;; *) false ;; esac &&
	grep "\"name\":\"$name\",\"dir\":\"$(pwd -P)/results/$name\"" ../out &&
	grep -F "\"changes\":[{\"path\":\"new.py\"},{\"path\":\"train.py\"}],\"redacted\":\"\"" ../out &&
	dir=results/$name &&
	test_cmp train.py $dir/uncommited_files/train.py &&
	test_path_is_file $dir/uncommited.patch &&
	key params $dir "{\"lr\":0.1}" && key state $dir "\"done\"" &&
	key cmd $dir "\"train.py --lr 0.1\"" && key result $dir 3 &&
	key exit_code $dir 0 && key usage.wall $dir 1.5 &&
	key function $dir "\"train.main\"" && key executor $dir "\"local\"" &&
	key git.commit_hash $dir "\"$(cat ../head)\"" &&
	key result_dir $dir "\"results/$name\"" &&
	resutil fsck && resutil gc -n --older-than=0 --json >../gc &&
	test_must_be_empty ../gc && git checkout -q train.py && rm new.py
'

test_expect_success 'params of the program take the place of those of argv' '
	all "$(experiment "\"argv\":[\"x\",\"--lr\",\"0.1\"]" "\"params\":{\"n\":[1,{\"a\":2}]}")" \
		"$(done_run 1)" >../out &&
	key params results/$(latest) "{\"n\":[1,{\"a\":2}]}"
'

test_expect_success 'while it runs it is live; what did not finish is lost' '
	start_recorder &&
	ask "$(experiment "\"argv\":[\"x\"]" "\"comment\":\"live\"")" >../out &&
	name=$(latest) && resutil list --offline --format "%(name) %(state)" >../state &&
	grep "$name running" ../state &&
	ls .resutil/live >../live && test_line_count = 1 ../live &&
	resutil update-exp --set info.by=hand $name &&
	stop_recorder &&
	key state results/$name "\"lost\"" && key info.by results/$name "\"hand\"" &&
	ls -A .resutil/live >../live && test_must_be_empty ../live
'

test_expect_success 'dependencies: of argv, as asked for, and not here' '
	dep=$(resutil add first) && dep2=$(resutil add second) &&
	gone=aapfup_20240704T191555_gone &&
	all "$(experiment "\"argv\":[\"x\",\"results/$dep/data\"]" "\"dependency\":[\"$dep2\",\"$gone\"]")" \
		"$(experiment "\"argv\":[\"x\"]" "\"dependency\":[\"nosuch\"]")" >../out &&
	key dependency results/$(latest) "[\"$dep\",\"$dep2\",\"$gone\"]" &&
	resutil read-exp --key dependency_ids results/$(latest) >../ids &&
	resutil read-exp --key id results/$dep >../id &&
	grep -f ../id ../ids &&
	sed -n 1p ../out >../first && grep "warnings.*is not here" ../first &&
	sed -n 2p ../out >../second && grep "\"ok\":false" ../second
'

test_expect_success 'a comment that cannot be one is refused, nothing is made' '
	resutil list-exps >../before &&
	all "$(experiment "\"comment\":\"a/b\"")" \
		"$(experiment "\"comment\":\"ghp_0123456789abcdefghijABCDEFGHIJ012345\"")" \
		"$(experiment "\"params\":7")" "$(experiment "\"cwd\":\"/\"")" >../out &&
	sed -n "s/.*\"code\":\([0-9]*\).*/\1/p" ../out >../codes &&
	printf "%s\n" 129 129 129 10 >../want && test_cmp ../want ../codes &&
	resutil list-exps >../after && test_cmp ../before ../after &&
	find results .resutil/live -name ".[!g]*" >../left &&
	test_must_be_empty ../left
'

test_expect_success 'what looks secret is told' '
	all "$(experiment "\"argv\":[\"x\",\"--token\",\"0123456789abcdef\"]")" >../out &&
	grep "\"redacted\":\"[^\"]*--token" ../out &&
	! grep -r 0123456789abcdef results/$(latest)
'

test_expect_success 'the directory _debug is used again' '
	resutil list-exps >../before &&
	all "$(experiment "\"argv\":[\"x\"]" "\"debug\":true")" \
		"$(experiment "\"argv\":[\"y\"]" "\"debug\":true")" \
		"$(done_run 1 "\"traceback\":\"T\"")" \
		"$(experiment "\"argv\":[\"y\"]" "\"debug\":true")" \
		"{\"op\":\"drop\",\"run\":2}" "$(done_run 2)" >../out &&
	sed "s/.*\"ok\":\([a-z]*\).*/\1/" ../out >../got &&
	printf "%s\n" true false true true false true >../want &&
	test_cmp ../want ../got &&
	key cmd results/_debug "\"y\"" && key state results/_debug "\"done\"" &&
	test_path_is_missing results/_debug/traceback.txt &&
	resutil list-exps >../after && test_cmp ../before ../after
'

test_expect_success 'an experiment is taken back' '
	resutil list-exps >../before &&
	all "$(experiment "\"argv\":[\"x\"]")" "{\"op\":\"drop\",\"run\":1}" >../out &&
	resutil list-exps >../after && test_cmp ../before ../after &&
	ls -A results .resutil/live >../left && ! grep "\.tmp" ../left
'

test_expect_success 'a program under run joins its run' '
	cat >../joins.sh <<-\EOF &&
	printf "%s\n" \
		"{\"op\":\"join\",\"dir\":\"$RESUTIL_EX_DIR\"}" \
		"{\"op\":\"update\",\"run\":1,\"info\":{\"a\":1}}" \
		"{\"op\":\"finish\",\"run\":1,\"state\":\"done\",\"result\":2,\"error\":\"E\"}" |
	resutil record-runs
	exit 3
	EOF
	test_expect_code 3 resutil run -m joined -- sh ../joins.sh >../out &&
	! grep "\"ok\":false" ../out && name=$(latest) &&
	grep "\"name\":\"$name\"" ../out &&
	key state results/$name "\"fail\"" && key exit_code results/$name 3 &&
	key info results/$name "{\"a\":1}" && key result results/$name 2 &&
	key error results/$name "\"E\""
'

test_expect_success 'its program takes an experiment over' '
	start_recorder && ask "$(experiment "\"argv\":[\"x\"]")" >../out &&
	name=$(latest) && kill -9 $recorder &&
	test_expect_code 137 stop_recorder &&
	start_recorder &&
	ask "{\"op\":\"adopt\",\"dir\":\"results/$name\"}" "$(done_run 1)" >../out &&
	stop_recorder && ! grep "\"ok\":false" ../out &&
	key state results/$name "\"done\"" &&
	ls -A .resutil/live >../live && test_must_be_empty ../live
'

test_expect_success 'an experiment that the program removed is put back' '
	start_recorder && ask "$(experiment "\"argv\":[\"x\"]")" >../out &&
	name=$(latest) && echo more >results/$name/file && rm -rf results/$name &&
	ask "$(done_run 1 "\"result\":1")" >../out2 && stop_recorder &&
	grep "warnings.*was removed" ../out2 &&
	key state results/$name "\"done\"" && key result results/$name 1 &&
	test_expect_code 1 resutil fsck >../fsck &&
	grep "^0 errors, 1 warning$" ../fsck && grep "needs .*_gone" ../fsck
'

test_expect_success 'one that was moved to another name is followed' '
	start_recorder && ask "$(experiment "\"comment\":\"before\"")" >../out &&
	name=$(latest) && new=${name%before}after &&
	mv results/$name results/$new &&
	ask "$(done_run 1 "\"result\":1")" >../out2 && stop_recorder &&
	test_path_is_missing results/$name && key result results/$new 1 &&
	key state results/$new "\"done\""
'

test_expect_success 'one that a person removes stays removed' '
	start_recorder && ask "$(experiment "\"argv\":[\"x\"]")" >../out &&
	name=$(latest) && resutil rm -l -y --force $name &&
	ask "$(done_run 1)" >../out2 && stop_recorder &&
	grep "\"code\":10" ../out2 && test_path_is_missing results/$name
'

test_expect_success 'the settings of the project count, also for trials in it' '
	echo "secrets: {add: [lr]}" >>resutil-conf.yaml &&
	all "$(trial in | sed "s/\"t\"/\"trials\"/;s/}$/,\"params\":{\"lr\":\"abcdefgh\"}}/")" \
		"$(experiment "\"params\":{\"lr\":\"abcdefgh\"}")" \
		"{\"op\":\"update\",\"run\":1,\"info\":{\"lr\":\"ijklmnop\"}}" >../out &&
	! grep -r "abcdefgh\|ijklmnop" trials results/$(latest) &&
	key info trials/in "{\"lr\":\"<redacted:2>\"}"
'

test_expect_success 'a conf that cannot be read stops no trial, but says so' '
	cp resutil-conf.yaml ../good && echo "{" >>resutil-conf.yaml &&
	all "{\"op\":\"hello\"}" "$(trial bad/conf)" "$(done_run 1)" \
		"$(experiment "\"argv\":[\"x\"]")" >../out &&
	cp ../good resutil-conf.yaml &&
	sed -n 1p ../out >../hello && grep "project_error" ../hello &&
	sed -n 2p ../out >../begin && grep "warnings" ../begin &&
	key state t/bad/conf "\"done\"" &&
	sed -n 4p ../out >../exp && grep "\"code\":13" ../exp
'

test_done
