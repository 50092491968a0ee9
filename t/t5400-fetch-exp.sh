#!/bin/sh

test_description='fetch-exp'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh

# zip_as_python DIR ZIP: as the Python tool packs, without directories
zip_as_python () {
	(
		cd "$1" && find . -type f | sort | python3 -c "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], \"w\", zipfile.ZIP_DEFLATED) as z:
    for line in sys.stdin:
        z.write(line.rstrip()[2:])
" "$2"
	)
}

# nothing hidden is left beside experiments
is_tidy () {
	ls -A results | grep "^\." >hidden
	test_must_be_empty hidden
}

# asked: the requests of the store in the trace
asked () {
	sed -n "s/.*store: \([a-z]*\).*/\1/p" trace | sort | uniq -c |
	awk "{ print \$2, \$1 }"
}

test_expect_success 'setup: a store that another clone filled' '
	mkdir "$store" one && make_conf && make_conf one &&
	export RESUTIL_TEST_NOW=1720091755 &&
	gone=aapfup_20240704T191555_gone &&
	(
		cd one &&
		name=$(resutil add nice) && echo a >results/$name/a &&
		mkdir -p results/$name/sub/empty && echo b >results/$name/sub/b &&
		ln -s ../a results/$name/sub/link && chmod 755 results/$name/a &&
		name=$(resutil add other) &&
		head -c 9000000 /dev/urandom >results/$name/big &&
		resutil list-exps | resutil send-pack --stdin >/dev/null &&
		for name in $(resutil list-exps)
		do
			hash_of $name >../hash.${name##*_} || exit 1
		done
	) &&
	set -- $(resutil list-remote) && nice=$1 other=$2
'

test_expect_success 'an experiment comes as it was' '
	fetch $nice && says "new\t$nice\t-" && test_must_be_empty err &&
	hash_of $nice >got && test_cmp hash.nice got && is_tidy &&
	printf "new\t%s\t%s\t-\n" $nice $(wc -c <"$objects"/$nice.zip) >want &&
	test_cmp want out
'

test_expect_success 'a large one, too, and names come from standard input, each once' '
	printf "%s\n" $other $nice $other >names && fetch --stdin <names &&
	says "new\t$other\t-" "same\t$nice\t-" &&
	hash_of $other >got && test_cmp hash.other got && is_tidy
'

test_expect_success 'with -z they are split by NUL' '
	printf "%s\0" $nice >names && resutil fetch-exp -z --stdin <names >out &&
	printf "same\t%s\t0\t-\0" $nice >want && test_cmp_bin want out
'

test_expect_success 'nothing to do costs a stat for each, and no reading' '
	RESUTIL_TRACE=$PWD/trace resutil fetch-exp $nice $other >out &&
	printf "open 1\nstat 2\n" >want && asked >got && test_cmp want got
'

test_expect_success 'what is known of the store is in the ledger, so growth there is seen' '
	(
		cd one && echo more >results/$nice/more &&
		resutil update-exp --set info.score=1 $nice &&
		resutil send-pack nice >out && grep ^grown out &&
		hash_of $nice >../hash.nice
	) &&
	fetch -n $nice && says "grown\t$nice\t-" &&
	test_path_is_missing results/$nice/more &&
	fetch $nice && says "grown\t$nice\t-" && is_tidy &&
	hash_of $nice >got && test_cmp hash.nice got
'

test_expect_success 'what has grown here is newer, and stays' '
	resutil update-exp --set info.here=1 $nice && hash_of $nice >old &&
	fetch $nice && says "newer\t$nice\t-" &&
	hash_of $nice >got && test_cmp old got
'

test_expect_success 'what was changed on both sides is a conflict' '
	(
		cd one && resutil update-exp --set info.there=1 $nice &&
		resutil update-exp --set info.there=2 $nice &&
		resutil send-pack nice && hash_of $nice >../hash.nice
	) &&
	hash_of $nice >old &&
	test_expect_code 14 fetch $nice && says "conflict\t$nice\t-" &&
	test_grep "$nice" err && hash_of $nice >got && test_cmp old got
'

test_expect_success '--force replaces it' '
	fetch --force -n $nice && says "grown\t$nice\t-" &&
	hash_of $nice >got && ! cmp -s got hash.nice &&
	fetch --force $nice && says "grown\t$nice\t-" && is_tidy &&
	hash_of $nice >got && test_cmp hash.nice got
'

test_expect_success 'another run of the name is a conflict' '
	resutil remove-exp -l $nice &&
	make_exp $nice "id: $(test_id 1)" "revision: 1" "state: done" &&
	test_expect_code 14 fetch $nice && test_grep "another run" err &&
	test_path_is_missing results/$nice/a &&
	rm -rf results/$nice && fetch $nice
'

test_expect_success 'what the store does not have is missing, the rest is done' '
	rm -rf results/$nice &&
	test_expect_code 3 fetch $gone $nice _debug && hash_of $nice >got &&
	says "missing\t$gone\t-" "missing\t_debug\t-" "new\t$nice\t-" &&
	test_expect_code 10 fetch $gone && test_grep "$gone.* in .origin" err
'

test_expect_success 'a name that is none never reaches the store' '
	test_expect_code 10 fetch ../../etc &&
	says "missing\t../../etc\t-" && test_grep "no name" err
'

test_expect_success '--json' '
	test_expect_code 3 resutil fetch-exp --json $nice $gone >out 2>err &&
	grep "\"status\": *\"missing\"" out && grep "\"message\": *\"there is" out &&
	grep "\"status\": *\"same\"" out | grep "\"other\": *null"
'

test_expect_success 'usage' '
	test_expect_code 129 fetch && test_expect_code 129 fetch --stdin $nice &&
	test_expect_code 129 fetch -j -1 $nice &&
	test_expect_code 129 fetch $nice -- && test_grep "which files" err
'

test_expect_success 'a store that is not there' '
	test_expect_code 12 fetch --patience 0 --remote dir:"$PWD"/nowhere $nice &&
	test_expect_code 10 fetch --remote nobody $nice
'

test_expect_success 'a remote that is a URL' '
	rm -rf results/$nice && fetch --remote dir:"$store" $nice &&
	says "new\t$nice\t-" && hash_of $nice >got && test_cmp hash.nice got
'

test_expect_success 'a run that is here under another name is named' '
	better=${nice%_nice}_better && resutil rename-exp -l $nice $better &&
	test_expect_code 14 fetch $nice && says "conflict\t$nice\t$better" &&
	test_grep "is here as .$better.; --rename" err &&
	test_path_is_missing results/$nice
'

test_expect_success '--rename gives it the name of the store' '
	fetch --rename -n $nice && says "renamed\t$nice\t$better" &&
	test_path_is_dir results/$better &&
	fetch --rename $nice && says "renamed\t$nice\t$better" &&
	test_path_is_missing results/$better &&
	hash_of $nice >got && test_cmp hash.nice got && fetch $nice &&
	says "same\t$nice\t-"
'

test_expect_success 'a run under a name that has nothing in common is known by the ledger' '
	far=aapfuq_20240704T191600_far &&
	(cd one && resutil rename-exp $nice $far) &&
	test_expect_code 14 fetch $far && says "conflict\t$far\t$nice" &&
	test_path_is_missing results/$far && is_tidy &&
	fetch --rename $far && says "renamed\t$far\t$nice" &&
	test_path_is_missing results/$nice && hash_of $far >got &&
	test_cmp hash.nice got && fetch $far && says "same\t$far\t-"
'

test_expect_success 'growth of a run that was renamed is seen' '
	(
		cd one && resutil rename-exp -l $nice $far &&
		resutil update-exp --set info.after=1 $far &&
		resutil send-pack $far >out && grep ^grown out &&
		hash_of $far >../hash.far
	) &&
	fetch $far && says "grown\t$far\t-" && hash_of $far >got &&
	test_cmp hash.far got && is_tidy
'

test_expect_success 'a live run is not replaced, whatever is said' '
	(
		cd one && name=$(resutil add live) && resutil send-pack live &&
		resutil update-exp --set info.after=1 live &&
		resutil send-pack live
	) &&
	live=${nice%_nice}_live && rm -rf results/$live && fetch $live &&
	rm -rf results/$live && make_exp $live "id: $(test_id 2)" \
		"revision: 1" "state: running" "host: elsewhere" &&
	test_expect_code 14 fetch --force $live &&
	test_grep "running on elsewhere, and stays" err && is_tidy &&
	test_path_is_missing results/$live/stdout.log
'

test_expect_success 'a copy of what runs elsewhere is, once it has grown' '
	run=${nice%_nice}_run &&
	(
		cd one && make_exp $run "id: $(test_id 3)" "revision: 1" \
			"state: running" "host: elsewhere" && resutil send-pack $run
	) &&
	fetch $run && says "new\t$run\t-" &&
	(
		cd one && echo x >results/$run/x &&
		resutil update-exp --set state=done $run && resutil send-pack $run
	) &&
	fetch $run && says "grown\t$run\t-" && test_path_is_file results/$run/x
'

test_expect_success 'a link in the place of an experiment is not followed' '
	rm -rf results/$live && mkdir elsewhere && ln -s ../elsewhere results/$live &&
	test_expect_code 14 fetch --force $live && test_grep "symbolic link" err &&
	test_path_is_link results/$live && test_dir_is_empty elsewhere &&
	is_tidy
'

test_expect_success 'a pack without a record is refused, one that is none, too' '
	rm results/$live && bare=${nice%_nice}_bare && zip=${nice%_nice}_zip &&
	mkdir tree && echo x >tree/x &&
	resutil pack-exp -o "$objects"/$bare.zip tree &&
	echo nothing >"$objects"/$zip.zip &&
	test_expect_code 13 fetch $bare $zip && test_grep "no record" err &&
	says "failed\t$bare\t-" "failed\t$zip\t-" && is_tidy &&
	test_path_is_missing results/$bare
'

test_expect_success 'a pack that leads outside is refused, the others come' '
	evil=${nice%_nice}_evil && link=${nice%_nice}_link && rm -rf results/$far &&
	python3 -c "
import sys, zipfile
def pack(path, *entries):
    with zipfile.ZipFile(path, \"w\") as z:
        z.writestr(\"resutil-exp.yaml\", \"args: x\\n\")
        for name, mode, text in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            z.writestr(info, text)
pack(sys.argv[1], (\"../outside.txt\", 0o100644, \"x\"))
pack(sys.argv[2], (\"d\", 0o120777, \"..\"), (\"d/outside.txt\", 0o100644, \"x\"))
" "$objects"/$evil.zip "$objects"/$link.zip &&
	test_expect_code 3 fetch $evil $link $far &&
	says "failed\t$evil\t-" "failed\t$link\t-" "new\t$far\t-" && is_tidy &&
	test_path_is_missing results/outside.txt && test_path_is_missing results/$evil &&
	test_path_is_missing results/$link && rm "$objects"/$evil.zip "$objects"/$link.zip
'

test_expect_success 'limits hold' '
	rm -rf results/$far && test_expect_code 13 fetch --max-entries=1 $far &&
	test_expect_code 13 resutil -c unpack.max-size=1 fetch-exp $far &&
	test_path_is_missing results/$far && fetch --max-entries=100 $far
'

test_expect_success 'a run of the Python tool comes like any other' '
	old=aapfun_20240704T192300_old && mkdir py && echo "args: train" >py/resutil-exp.yaml &&
	echo w >py/weights && mkdir py/sub && echo s >py/sub/s &&
	zip_as_python py "$objects"/$old.zip &&
	fetch $old && says "new\t$old\t-" && diff -r py results/$old &&
	RESUTIL_TRACE=$PWD/trace2 resutil fetch-exp $old >out && grep ^same out &&
	! grep "store: get" trace2 &&
	echo grown >py/weights &&
	zip_as_python py "$objects"/$old.zip &&
	fetch $old && says "grown\t$old\t-" && diff -r py results/$old
'

test_expect_success 'many small files of a large pack are read by few requests' '
	(
		cd one && name=$(resutil add files) && mkdir results/$name/d &&
		head -c 12000000 /dev/urandom |
			(cd results/$name/d && split -b 4000 -a 3 - f) &&
		resutil send-pack files >/dev/null && hash_of $name >../hash.files
	) &&
	files=${nice%_nice}_files &&
	RESUTIL_TRACE=$PWD/trace3 resutil fetch-exp $files >out && grep ^new out &&
	hash_of $files >got && test_cmp hash.files got &&
	grep "store: get" trace3 >gets && test $(wc -l <gets) -lt 60
'

# A fetch of $other that is stopped while it unpacks; false: it was too fast.
stopped_fetch () {
	resutil fetch-exp $other >out 2>err &
	pid=$!
	while kill -0 $pid 2>/dev/null && ! ls -d results/.$other.*.tmp >hidden 2>/dev/null
	do
		:
	done
	kill -STOP $pid 2>/dev/null && ls -d results/.$other.*.tmp >hidden 2>/dev/null &&
	test_path_is_missing results/$other/grown
}

test_expect_success 'what is changed here while it is fetched stays' '
	rm -rf results/$other && resutil fetch-exp $other &&
	(
		cd one && echo x >results/$other/grown &&
		head -c 30000000 /dev/urandom >results/$other/big &&
		resutil update-exp --set info.x=1 $other &&
		resutil send-pack $other && hash_of $other >../hash.other
	) &&
	cp -Rp results/$other old.other && cp .resutil/remotes/origin.log old.log &&
	caught=no &&
	for try in 1 2 3 4 5 6 7 8 9 10
	do
		if stopped_fetch
		then
			caught=yes && break
		fi
		kill -CONT $pid 2>/dev/null
		wait $pid
		rm -rf results/$other && cp -Rp old.other results/$other &&
		cp old.log .resutil/remotes/origin.log
	done &&
	test $caught = yes && echo mine >results/$other/mine && kill -CONT $pid &&
	test_expect_code 14 wait $pid && grep "^conflict" out &&
	test_grep "changed here while it was fetched" err && is_tidy &&
	test_path_is_file results/$other/mine && rm results/$other/mine &&
	fetch $other && says "grown\t$other\t-" && hash_of $other >got &&
	test_cmp hash.other got
'

test_expect_success 'files of names from standard input' '
	rm -rf results/$nice results/$files && echo $files >names &&
	fetch --stdin -- d/faaa <names && says "new\t$files\t-" &&
	test_path_is_file results/$files/d/faaa && test_path_is_missing results/$files/d/faab
'

test_expect_success 'many that fetch at once: each has it' '
	rm -rf results/$far results/$other &&
	for i in 1 2 3 4 5 6
	do
		resutil fetch-exp $far $other >out.$i 2>err.$i &
	done &&
	wait && cat err.? && cat out.? >all && test_line_count = 12 all &&
	! grep -v "^new\|^same" all && is_tidy &&
	hash_of $far >got && test_cmp hash.far got &&
	hash_of $other >got && test_cmp hash.other got
'

test_expect_success FAULTS 'a pack that is replaced while it is fetched is fetched again' '
	for exp in $far $other
	do
		rm -rf results/$exp &&
		with_faults RESUTIL_TEST_STORE_FAULT=get:1:conflict,get:3:conflict \
			resutil fetch-exp $exp >out 2>err && grep ^new out &&
		test_must_be_empty err && hash_of $exp >got &&
		test_cmp hash.$(test $exp = $far && echo far || echo other) got || return 1
	done
'

test_expect_success FAULTS 'but not for ever' '
	rm -rf results/$other &&
	test_expect_code 14 with_faults RESUTIL_TEST_STORE_FAULT=get:1+:conflict \
		resutil fetch-exp $other >out && grep ^conflict out && is_tidy &&
	test_path_is_missing results/$other
'

test_expect_success FAULTS 'one that is removed meanwhile is missing' '
	mv "$objects"/$far.zip away && rm -rf results/$far &&
	test_expect_code 10 with_faults RESUTIL_TEST_STORE_FAULT=get:1:conflict \
		resutil fetch-exp $far && mv away "$objects"/$far.zip
'

test_expect_success FAULTS 'half an answer, and one that was lost, are asked for again' '
	with_faults RESUTIL_TEST_STORE_FAULT=get:1:half,get:2:lost,get:4:half \
		resutil fetch-exp $far $other >out && hash_of $far >got &&
	test_cmp hash.far got && hash_of $other >got && test_cmp hash.other got
'

test_expect_success FAULTS 'a store that is lost is asked once, not for each' '
	rm -rf results/* && resutil list-remote >names &&
	test_expect_code 12 with_faults RESUTIL_TEST_STORE_FAULT=get:1+:unreachable \
		resutil fetch-exp -j 1 --stdin --patience 0 <names >out 2>err &&
	! grep -v "^failed" out && test $(wc -l <out) = $(wc -l <names) && is_tidy &&
	test_expect_code 11 with_faults RESUTIL_TEST_STORE_FAULT=get:1+:refused \
		resutil fetch-exp $far
'

test_expect_success 'many by one thread: one round of syncs for several of them' '
	mkdir -p lot/store lot/from lot/to &&
	for side in from to
	do
		TRASH_DIRECTORY=$PWD/lot make_conf lot/$side || return 1
	done &&
	(
		cd lot/from &&
		for i in $(seq 1510 1559) $(seq 1610 1659)
		do
			make_exp aapfup_20240704T19${i}_x "id: $(test_id $i)" ||
			exit 1
		done &&
		resutil -q push -A && cd ../to &&
		RESUTIL_TRACE=$PWD/trace resutil -q pull -A -j 1 &&
		resutil list-exps >names && test_line_count = 100 names &&
		grep "sys: syncfs" trace >rounds &&
		test $(wc -l <rounds) -lt 70
	)
'

test_done
