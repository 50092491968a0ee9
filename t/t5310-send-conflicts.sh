#!/bin/sh

test_description='send-pack and conflicts'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh

# project DIR: one of two clones
project () {
	mkdir "$1" && (cd "$1" && make_conf)
}

# begin: two clones a and b, in a; both have the finished run $name
begin () {
	rm -rf a b "$store" && mkdir "$store" && project a && project b &&
	name=$(cd a && resutil add x) && echo 1 >a/results/$name/file &&
	(cd a && send x) && mkdir b/results &&
	cp -r a/results/$name b/results/ && (cd b && send $name)
}

grow () {
	resutil update-exp --set info.$1=1 $name
}

# holds DIR: the store has what DIR has
holds () {
	rm -rf unpacked &&
	resutil unpack-exp -C unpacked "$objects"/$name.zip &&
	diff -r unpacked "$1"/results/$name
}

test_expect_success 'setup' '
	export RESUTIL_TEST_NOW=1720091755
'

test_expect_success 'two clones grow one run: the later one is told' '
	begin && (cd a && grow a && send x && says "grown\t$name\t-") &&
	(cd b && grow b && test_expect_code 14 send x &&
	 says "conflict\t$name\t-" && test_line_count = 1 err) &&
	holds a
'

test_expect_success '--force replaces what is there' '
	(cd b && send --force x && says "grown\t$name\t-" &&
	 send x && says "same\t$name\t-") && holds b &&
	(cd a && test_expect_code 14 send x && says "conflict\t$name\t-")
'

test_expect_success '--rename is not for one run that was changed twice' '
	(cd a && test_expect_code 14 send --rename x &&
	 says "conflict\t$name\t-") && test_path_is_dir a/results/$name
'

test_expect_success 'what is newer there is no failure, and stays' '
	begin && (cd a && grow a && send x) &&
	(cd b && send x && says "newer\t$name\t-" && test_must_be_empty err) &&
	holds a
'

test_expect_success 'a change without a higher revision is a conflict' '
	begin && echo 2 >a/results/$name/file &&
	(cd a && test_expect_code 14 send x && says "conflict\t$name\t-" &&
	 test_grep "revision 1" err) && holds b
'

test_expect_success 'another run under the name' '
	begin && rm -r b/results/$name && (cd b && resutil add x >../got) &&
	echo $name >want && test_cmp want got &&
	(cd b && test_expect_code 14 send x && says "conflict\t$name\t-" &&
	 test_grep "another run" err && test_grep -e --rename err) && holds a
'

test_expect_success '--rename gives it the next free second, here and there' '
	new=$(echo $name | sed s/111555/111556/) &&
	(cd b && send -n --rename x && says "renamed\t$name\t$new" &&
	 test_path_is_dir results/$name && send --rename x &&
	 says "renamed\t$name\t$new" && test_path_is_missing results/$name &&
	 test_path_is_dir results/$new && send $new && says "same\t$new\t-" ) &&
	holds a && name=$new && holds b
'

test_expect_success 'who needs a run that gets another name is named' '
	begin && rm -r b/results/$name && (
		cd b && resutil add x >/dev/null &&
		needs=$(resutil add needs -d $name) &&
		other=$(resutil add other) &&
		send -n --rename $name && test_grep "$needs. needs it" err &&
		send --rename $name && test_grep "$needs. needs it" err &&
		test_line_count = 1 err && test_grep ! "$other" err
	) && holds a
'

test_expect_success 'many of them are counted' '
	begin && rm -r b/results/$name && (
		cd b && resutil add x >/dev/null &&
		for i in 1 2 3 4 5
		do
			resutil add needs$i -d $name || return 1
		done >/dev/null &&
		send --rename $name && test_line_count = 1 err &&
		test_grep "_needs3. and 2 more need it" err
	)
'

test_expect_success 'a second that is taken there is not taken' '
	begin && (cd a && resutil add x && send x_gone; echo ok) >/dev/null &&
	next=$(cd a && resutil name-exp --at 20240704T111556 --comment x) &&
	(cd a && send $next && says "new\t$next\t-") &&
	free=$(cd a && resutil name-exp --at 20240704T111557 --comment x) &&
	rm -r b/results/$name && (cd b && resutil add x >/dev/null &&
	 send --rename $name && says "renamed\t$name\t$free") && holds a
'

test_expect_success 'a run that is there under another name' '
	begin && new=${name}y && mv b/results/$name b/results/$new &&
	(cd b && test_expect_code 14 send $new &&
	 says "conflict\t$new\t$name" && test_grep -e --rename err) &&
	ls "$objects" >got && echo $name.zip >want && test_cmp want got
'

test_expect_success '--rename gives it the name that it has here' '
	(cd b && send -n --rename $new && says "renamed\t$new\t$name" &&
	 send --rename $new && says "renamed\t$new\t$name" &&
	 send $new && says "same\t$new\t-") &&
	ls "$objects" >got && echo $new.zip >want && test_cmp want got &&
	(cd a && test_expect_code 14 send $name &&
	 says "conflict\t$name\t$new")
'

test_expect_success 'and sends what has grown' '
	begin && mv b/results/$name b/results/${name}y && name=${name}y &&
	(cd b && grow b && send --rename $name &&
	 says "renamed\t$name\t${name%y}") && holds b
'

test_expect_success 'among many names the other one is found as well' '
	begin && mv b/results/$name b/results/${name}z &&
	(cd b && for i in $(seq 40); do resutil add $i || return 1; done >names &&
	 echo ${name}z >>names && test_expect_code 3 send --stdin <names &&
	 test_line_count = 41 told && grep -c "^new" told >count &&
	 echo 40 >want && test_cmp want count &&
	 grep "^conflict	${name}z	$name\$" told)
'

test_expect_success 'a copy is the same run, and is not sent beside it' '
	begin && y=$(cd a && resutil add y) && (cd a &&
	 cp -r results/$y results/${y}2 && test_expect_code 3 send $y ${y}2 &&
	 says "new\t$y\t-" "conflict\t${y}2\t$y" && test_line_count = 1 err &&
	 test_expect_code 14 send --rename ${y}2 && test_grep "both are here" err &&
	 test_expect_code 14 send ${y}2 && says "conflict\t${y}2\t$y") &&
	test_path_is_missing "$objects"/${y}2.zip
'

test_expect_success 'a pack that cannot be read is a conflict' '
	begin && echo junk >"$objects"/$name.zip && (cd a && grow a &&
	 test_expect_code 14 send x && says "conflict\t$name\t-" &&
	 test_line_count = 1 err && send --force x &&
	 says "grown\t$name\t-") && holds a
'

test_expect_success 'an upload whose answer was lost is known by its intent' '
	begin && (cd a && grow a && send x && log=.resutil/remotes/origin.log &&
	 tail -n 1 $log >last && test_grep "^done" last && sed -i "\$d" $log &&
	 tail -n 1 $log >last && test_grep "^intent" last && cp $log keep &&
	 send x && says "same\t$name\t-" && cp keep $log &&
	 grow b && send x && says "grown\t$name\t-") && holds a
'

test_expect_success 'without the intent it would be a conflict' '
	(cd a && log=.resutil/remotes/origin.log && head -n 4 $log >keep &&
	 tail -n 1 keep >last && test_grep "^done" last && cp keep $log &&
	 grow c && test_expect_code 14 send x && says "conflict\t$name\t-")
'

test_expect_success 'also when it was sent for the first time' '
	rm -rf a && project a && rm -r "$objects" &&
	name=$(cd a && resutil add x) &&
	(cd a && send x && log=.resutil/remotes/origin.log &&
	 sed -i "\$d" $log && test_line_count = 3 $log && tail -n 1 $log >last &&
	 test_grep "^intent" last && cp $log keep &&
	 grow b && send x && says "grown\t$name\t-" &&
	 cp keep $log && sed -i "\$d" $log && grow c &&
	 test_expect_code 14 send x && says "conflict\t$name\t-")
'

# What the Python tool writes: no directories, no hashes, links followed.
python_zip () {
	(cd "$1/results/$name" && python3 -c "
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1], \"w\", zipfile.ZIP_DEFLATED) as z:
    for d, _, files in os.walk(\".\"):
        for f in files:
            p = os.path.join(d, f)
            z.write(p, os.path.relpath(p, \".\"))
" "$objects/$name.zip")
}

test_expect_success 'a pack of the Python tool is the same by its files' '
	begin && mkdir -p a/results/$name/empty a/results/$name/sub &&
	echo s >a/results/$name/sub/s && ln -s sub/s a/results/$name/link &&
	rm -r a/.resutil && python_zip a && (cd a && send x &&
	 says "same\t$name\t-" && test_must_be_empty err)
'

test_expect_success 'and the next time it is not read' '
	(cd a && RESUTIL_TRACE="$TRASH_DIRECTORY/trace" send x &&
	 says "same\t$name\t-") && test_grep "store: stat" trace &&
	test_grep ! "store: get" trace
'

test_expect_success 'when it is not the same, nothing but its directory is read' '
	(cd a && echo longer >results/$name/file &&
	 rm -f "$TRASH_DIRECTORY/trace" && rm -r .resutil/remotes &&
	 RESUTIL_TRACE="$TRASH_DIRECTORY/trace" test_expect_code 14 send x &&
	 says "conflict\t$name\t-" && test_grep "another size" err &&
	 echo 2 >results/$name/file && test_expect_code 14 send x &&
	 test_grep "another content" err &&
	 echo 1 >results/$name/file && >results/$name/more &&
	 test_expect_code 14 send x && test_grep "more.* not there" err &&
	 rm results/$name/more results/$name/sub/s results/$name/link &&
	 test_expect_code 14 send x && test_grep "not here" err) &&
	grep -c "store: get" trace >count && echo 1 >want && test_cmp want count
'

test_expect_success 'what grew from such a pack replaces it' '
	begin && rm -r a/.resutil && python_zip a && (cd a && send x &&
	 says "same\t$name\t-" && grow a && send x &&
	 says "grown\t$name\t-" ) && holds a &&
	(cd b && test_expect_code 0 send x && says "newer\t$name\t-")
'

test_expect_success 'many conflicts do not stop the rest' '
	begin && (cd a && grow a && send x) && (cd b && grow b &&
	 y=$(resutil add y) && test_expect_code 3 send x y &&
	 says "conflict\t$name\t-" "new\t$y\t-")
'

test_expect_success '--rename: not when it has another name there already' '
	begin && other=${name%_x}_other &&
	(cd b && resutil rename-exp $name $other) &&
	(cd b && mv results/$name results/$other && mkdir results/$name &&
	 printf "resutil: 1\nid: %s\nrevision: 1\nstate: done\n" $(test_id 9) \
		>results/$name/resutil-exp.yaml && send $name &&
	 says "new\t$name\t-") &&
	ls "$objects" >before &&
	(cd a && test_expect_code 14 send --rename $name &&
	 says "conflict\t$name\t-" && test_grep "is called .$other. in" err) &&
	ls "$objects" >after && test_cmp before after &&
	test_path_is_dir a/results/$name
'

test_expect_success 'removed there, and sent anew under another name' '
	begin && other=${name%_x}_other && (cd a && resutil remove-exp $name) &&
	(cd b && mv results/$name results/$other && send $other &&
	 says "new\t$other\t-") &&
	(cd a && test_expect_code 14 send $name && says "conflict\t$name\t$other")
'

test_done
