#!/bin/sh

test_description='pull: experiments and what they need out of a store'
. ./test-lib.sh

top=$TRASH_DIRECTORY
store=$top/proj.store

# add COMMENT [-d EXP...]: an experiment with a file; $COMMENT is its name
add () {
	now=$((now + 1)) && test_set_now $now &&
	add_name=$(resutil add "$@") && eval "$1=\$add_name" &&
	echo "$1" >"results/$add_name/file" && mkdir "results/$add_name/sub" &&
	echo deep >"results/$add_name/sub/deep"
}

# afresh: the clone of the project has nothing yet
afresh () {
	rm -rf results .resutil
}

here () {
	resutil list-exps
}

test_expect_success 'setup' '
	make_project proj && cd proj && now=1720091755 &&
	add data && add model -d data && add figure -d model && add other &&
	resutil push --all && mkdir ../clone && cp resutil-conf.yaml ../clone
'

# From here on each test begins in the clone.
TRASH_DIRECTORY=$TRASH_DIRECTORY/clone
cd "$TRASH_DIRECTORY" || exit 1

test_expect_success 'an experiment and all it needs, in waves' '
	afresh &&
	resutil pull figure >out 2>err &&
	test_must_be_empty err &&
	cat >want <<-END &&
	Fetched $figure
	Fetched $model
	Fetched $data
	END
	head -n 3 out >lines && test_cmp want lines &&
	test_grep "^3 fetched (.*), 0 already here\$" out &&
	here >out && printf "%s\n" $data $model $figure | sort >want &&
	test_cmp want out &&
	for name in $data $model $figure
	do
		diff -r results/$name ../proj/results/$name || return 1
	done
'

test_expect_success 'the same files as fetch-exp, wave after wave' '
	afresh && resutil pull figure && mv results ../pulled &&
	afresh &&
	echo $figure >wave &&
	while test -s wave
	do
		resutil fetch-exp --stdin <wave || return 1
		test_might_fail resutil read-deps --closure $figure 2>err >out
		sed -n "s/.*'\''\(.*\)'\'' is needed and is not here/\1/p" err >wave
	done &&
	diff -r results ../pulled
'

test_expect_success 'with --all the same files as list-remote and fetch-exp' '
	afresh && resutil pull --all >out && rm -rf ../pulled &&
	test_grep "^4 fetched" out && mv results ../pulled &&
	afresh && resutil list-remote >names && test_line_count = 4 names &&
	resutil fetch-exp --stdin <names && diff -r results ../pulled &&
	afresh && resutil fetch-exp --all && diff -r results ../pulled
'

test_expect_success 'nothing to do is one listing, and nothing is read' '
	rm -f trace && RESUTIL_TRACE=$PWD/trace resutil pull --all >out &&
	echo "0 fetched, 4 already here" >want && test_cmp want out &&
	grep "store: " trace | grep -v "store: open" >requests &&
	test_line_count = 1 requests && grep "store: list" requests
'

test_expect_success 'what is here is not fetched again, by one child for all' '
	ls -li results results/* >before &&
	rm -f trace &&
	RESUTIL_TRACE=$PWD/trace resutil pull data model figure >out &&
	echo "0 fetched, 3 already here" >want && test_cmp want out &&
	ls -li results results/* >after && test_cmp before after &&
	grep "run: resutil fetch-exp" trace >children &&
	test_line_count = 1 children &&
	resutil pull --all >out &&
	echo "0 fetched, 4 already here" >want && test_cmp want out
'

test_expect_success 'an EXP: a name, its beginning, a comment, a path, the latest' '
	afresh && resutil pull --no-dependency $data &&
	resutil pull --no-dependency model &&
	resutil pull --no-dependency results/$other/file &&
	here >out && printf "%s\n" $data $model $other | sort >want &&
	test_cmp want out &&
	resutil update-exp --set info.x=1 $other && resutil push other &&
	rm -r results/$other &&
	resutil pull --no-dependency origin/@ >out 2>err &&
	test_must_be_empty err && test_grep "^1 fetched" out &&
	test_expect_code 129 resutil pull aapfcd 2>err &&
	test_grep ambiguous err && test_grep $figure err &&
	test_expect_code 129 resutil pull "" 2>err
'

test_expect_success '--no-dependency fetches what is named alone' '
	afresh && resutil pull --no-dependency figure >out &&
	here >out && echo $figure >want && test_cmp want out &&
	resutil pull --no-dependency figure $figure >out &&
	echo "0 fetched, 1 already here" >want && test_cmp want out
'

test_expect_success 'what is needed by what is here already comes, too' '
	resutil pull figure >out &&
	test_grep "^2 fetched (.*), 1 already here" out &&
	here >out && test_line_count = 3 out
'

test_expect_success '-n tells what would be fetched, and fetches nothing' '
	afresh && resutil pull -n figure >out &&
	printf "Would fetch %s\n" $figure $model $data >want &&
	head -n 3 out >lines && test_cmp want lines &&
	test_grep "^3 to fetch (.*), 0 already here" out &&
	resutil pull -n >out && test_grep "^4 to fetch" out &&
	resutil pull -n --no-dependency figure >out &&
	test_grep "^1 to fetch" out && here >out && test_must_be_empty out
'

test_expect_success '-n goes on through what is here already' '
	afresh && resutil pull --no-dependency model >out &&
	resutil pull -n figure >out &&
	printf "Would fetch %s\n" $figure $data >want &&
	head -n 2 out >lines && test_cmp want lines &&
	resutil pull -n model >out && head -n 1 out >lines &&
	echo "Would fetch $data" >want && test_cmp want lines &&
	resutil pull data >out && resutil pull -n figure >out &&
	test_grep "^1 to fetch" out
'

test_expect_success '-n names what is nowhere' '
	afresh && mv ../proj.store/project/$data.zip ../data.zip &&
	test_when_finished "mv ../data.zip ../proj.store/project/$data.zip" &&
	test_expect_code 3 resutil pull -n figure >out 2>err &&
	test_grep "^2 to fetch" out && test_line_count = 1 err &&
	test_grep "$data. is needed and is neither here nor" err
'

test_expect_success 'alone: asked, and where nobody can be, usage' '
	test_expect_code 129 resutil pull 2>err && test_grep "^usage:" err &&
	test_expect_code 129 resutil pull --all data 2>err &&
	here >out && test_must_be_empty out &&
	resutil pull -y >out && test_grep "^4 fetched" out
'

test_expect_success PTY 'the answer of a person' '
	afresh &&
	test_expect_code 1 pty-run --screen=screen --expect="4 to fetch" \
		--expect="Fetch them?" --send="n\r" resutil pull &&
	here >out && test_must_be_empty out &&
	pty-run --screen=screen --expect="Fetch them?" --send="\r" \
		resutil pull &&
	here >out && test_line_count = 4 out
'

test_expect_success 'some files only, and no dependencies' '
	afresh && resutil pull figure -- sub >out &&
	test_grep "^1 fetched" out &&
	here >out && echo $figure >want && test_cmp want out &&
	test_path_is_file results/$figure/sub/deep &&
	test_path_is_missing results/$figure/file &&
	resutil push --all >out && test_grep "^0 sent" out &&
	resutil pull figure >out && test_path_is_file results/$figure/file &&
	test_expect_code 129 resutil pull -- sub 2>err && test_grep "which EXP" err
'

test_expect_success 'the rest of one that is partly here is no growth' '
	afresh && resutil pull figure -- sub >out &&
	name=$(resutil rev-exp figure) &&
	resutil pull figure -- "f*" >out &&
	head -n 1 out >first && echo "Fetched more of $name" >want &&
	test_cmp want first &&
	afresh && resutil pull figure -- sub >out &&
	resutil pull --no-dependency figure >out &&
	head -n 1 out >first &&
	echo "Fetched the rest of $name" >want &&
	test_cmp want first
'

test_expect_success 'nowhere: 10; one of several: 3, the rest is done' '
	afresh &&
	test_expect_code 10 resutil pull nowhere >out 2>err &&
	test_line_count = 1 err && test_grep nowhere err &&
	test_expect_code 10 resutil pull aapfup_20240704T191555_gone 2>err &&
	test_line_count = 1 err &&
	test_expect_code 3 resutil pull nowhere data \
		aapfup_20240704T191555_gone >out 2>err &&
	test_line_count = 2 err && test_grep "^Fetched $data" out &&
	test_grep ", 2 not done\$" out
'

test_expect_success 'a dependency that is gone is named, the rest is done: 3' '
	afresh && mv "$store/project/$data.zip" .. &&
	test_expect_code 3 resutil pull figure >out 2>err &&
	mv ../$data.zip "$store/project" &&
	test_line_count = 1 err && test_grep "$data.*neither here nor" err &&
	test_grep "^Fetched $figure" out && test_grep "^Fetched $model" out
'

test_expect_success 'a dependency whose comment was changed there is found' '
	afresh && mv "$store/project/$data.zip" "$store/project/${data%_data}_new.zip" &&
	resutil pull figure >out 2>err &&
	mv "$store/project/${data%_data}_new.zip" "$store/project/$data.zip" &&
	test_must_be_empty err && test_grep "^Fetched ${data%_data}_new" out
'

test_expect_success 'of several that could be it, the id tells' '
	afresh && new=${data%_data}_new wrong=${data%_data}_wrong &&
	mv "$store/project/$data.zip" "$store/project/$new.zip" &&
	cp "$store/project/$other.zip" "$store/project/$wrong.zip" &&
	resutil pull figure >out 2>err &&
	mv "$store/project/$new.zip" "$store/project/$data.zip" &&
	rm "$store/project/$wrong.zip" &&
	test_must_be_empty err && test_grep "^Fetched $new" out &&
	test_path_is_missing results/$wrong
'

test_expect_success 'a local change is a conflict, not a merge; the rest is done' '
	afresh && resutil pull --all && echo mine >results/$other/file &&
	(cd ../proj && resutil pull other >/dev/null 2>&1
	 resutil update-exp --set info.y=2 other && resutil push other) &&
	rm -r results/$data &&
	test_expect_code 3 resutil pull --all >out 2>err &&
	test_grep "^Fetched $data" out && test_grep ", 1 not done" out &&
	test_line_count = 1 err && test_grep $other err &&
	echo mine >want && test_cmp want results/$other/file &&
	test_expect_code 14 resutil pull other 2>err &&
	resutil pull --force other && echo other >want &&
	test_cmp want results/$other/file
'

test_expect_success 'what has grown there replaces what is here' '
	(cd ../proj && resutil update-exp --set info.z=3 model &&
	 resutil push model) &&
	resutil pull --all >out &&
	head -n 1 out >first && echo "Fetched $model, which has grown" >want &&
	test_cmp want first &&
	resutil read-exp --key info.z model >out && echo 3 >want && test_cmp want out
'

test_expect_success 'a circle of dependencies ends' '
	(
		cd ../proj && add left && add right -d left &&
		echo "left=$left right=$right" >../circle &&
		resutil update-exp --json --from=- left <<-END &&
		{"dependency": ["$right"]}
		END
		resutil push left
	) &&
	. ../circle && afresh && resutil pull left >out &&
	test_grep "^2 fetched" out && test_path_is_dir results/$right
'

test_expect_success 'a store that is away: 12; a remote that is none: 10' '
	mv "$store" "$store.away" && test_when_finished "mv \"$store.away\" \"$store\"" &&
	test_expect_code 12 resutil pull --all 2>err && test_line_count = 1 err &&
	test_expect_code 12 resutil pull part-of-one 2>err &&
	test_line_count = 1 err &&
	test_expect_code 12 resutil pull $data 2>err && test_line_count = 1 err &&
	test_path_is_missing "$store" &&
	test_expect_code 10 resutil pull --remote=nobody data 2>err &&
	test_line_count = 1 err
'

test_expect_success '_debug comes from nowhere; -q says nothing' '
	test_expect_code 10 resutil pull _debug 2>err && test_line_count = 1 err &&
	afresh && resutil -q pull data >out 2>err &&
	test_must_be_empty out && test_must_be_empty err
'

# --rename in push gives a run another second when its name is taken.
test_expect_success 'what is needed by name, and is another run there, is told' '
	mkdir ../mine ../theirs ../third &&
	for clone in mine theirs third
	do
		sed "s/^project_name: .*/project_name: taken/" resutil-conf.yaml \
			>../$clone/resutil-conf.yaml || return 1
	done &&
	(cd ../theirs && test_set_now 1720099000 && resutil add data &&
	 resutil push --all) >name &&
	(cd ../mine && now=1720098999 && add data && taken=$data && add user -d data &&
	 add free && resutil push --all --rename &&
	 echo $taken $user $free >../names) &&
	read -r taken user free <../names && test_grep $taken name &&
	cd ../third &&
	test_expect_code 3 resutil pull user free >out 2>err &&
	test_line_count = 1 err &&
	test_grep "dependency of .$user.: .$taken. here is another run than" err &&
	here >out && printf "%s\n" $taken $user $free | sort >want &&
	test_cmp want out &&
	test_expect_code 3 resutil pull user free >out 2>err &&
	test_line_count = 1 err && test_grep "1 not done" out &&
	resutil update-exp --set info.x=1 $user &&
	test_expect_code 3 resutil push user free >out 2>err &&
	test_line_count = 1 err && test_grep "another run than" err &&
	test_grep "^Sent $user, which has grown" out &&
	resutil pull --no-dependency user free
'

# The run got another comment there, and has grown.
test_expect_success FAULTS 'killed at any call while it takes the name there' '
	(cd ../mine && rm -rf results .resutil ../proj.store/taken && add old &&
	 cp -R results ../old.results && resutil push --all &&
	 cp -R ../proj.store/taken ../old.store && resutil comment old new &&
	 resutil update-exp --set info.x=1 new && resutil push --all &&
	 echo $old >../names) &&
	read -r old <../names && new=${old%_old}_new && cd ../third && nr=0 &&
	status=137 && while test $status = 137
	do
		nr=$((nr + 1)) && rm -rf results .resutil &&
		cp -R ../old.results results && mv ../proj.store/taken ../kept &&
		cp -R ../old.store ../proj.store/taken && resutil push --all &&
		rm -r ../proj.store/taken && mv ../kept ../proj.store/taken || return 1
		status=0
		with_faults RESUTIL_TEST_FAULT=any:$nr:kill resutil fetch-exp \
			--rename $new >out 2>err || status=$?
		resutil pull --all --rename && here >out && echo $new >want &&
		test_cmp want out && diff -r results/$new ../mine/results/$new || {
			echo "at point $nr"
			return 1
		}
	done && test $status = 0 && test $nr -gt 10
'

test_done
