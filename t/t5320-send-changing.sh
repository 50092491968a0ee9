#!/bin/sh

test_description='send-pack while things change, and when it dies'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-held.sh

store=$TRASH_DIRECTORY/store
objects=$store/project

# told: what the command said, without sizes
told () {
	awk -F "\t" -v OFS="\t" "{ print \$1, \$2, \$4 }" out | sort
}

says () {
	for line
	do
		printf "%b\n" "$line"
	done | sort >want &&
	told >got && test_cmp want got
}

# fresh: a project with the run $name, that no store has, in a and b
fresh () {
	rm -rf results .resutil other "$store" && mkdir "$store" other &&
	name=$(resutil add x) && d=results/$name &&
	echo one >$d/a && echo two >$d/small && echo last >$d/z
}

# running: its program still runs, on another machine
running () {
	sed -e "s/^state: .*/state: running/" \
		-e "s/^host: .*/host: elsewhere.example/" \
		$d/resutil-exp.yaml >yaml && mv yaml $d/resutil-exp.yaml
}

big () {
	seq 1500000 | head -c 9000000
}

# holds DIR: the store has just that
holds () {
	rm -rf unpacked &&
	resutil unpack-exp -C unpacked "$objects"/$name.zip &&
	diff -r unpacked "$1"
}

# others_send: another clone, with what is in other/results
others_send () {
	{ test -f other/resutil-conf.yaml || make_conf other; } &&
	(cd other && resutil send-pack "$@")
}

test_expect_success 'setup' '
	make_conf && export RESUTIL_TEST_NOW=1720091755
'

test_expect_success 'nothing to do: one listing, nothing read, nothing put' '
	mkdir "$store" && RESUTIL_TEST_NOW=4000000000 &&
	for i in $(seq 40)
	do
		n=$(resutil add $i) && echo $i >results/$n/file || return 1
	done && resutil list-exps >names &&
	resutil send-pack --stdin <names >out && test_line_count = 40 out &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" resutil send-pack --stdin \
		<names >out 2>err && test_must_be_empty err &&
	cut -f 1 out | sort -u >got && echo same >want && test_cmp want got &&
	sed -n "s/.* store: \([a-z]*\).*/\1/p" trace | grep -v open >got &&
	echo list >want && test_cmp want got &&
	test_grep ! "hash:" trace && test_grep ! "sys:" trace
'

test_expect_success 'up to 32 names are asked for one by one' '
	rm trace && RESUTIL_TEST_NOW=4000000000 && head -n 32 names >few &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" resutil send-pack --stdin \
		<few >out && test_line_count = 32 out &&
	sed -n "s/.* store: \([a-z]*\).*/\1/p" trace | grep -v open |
	uniq -c >got && echo 32 stat >want &&
	sed "s/^ *//" got >got2 && test_cmp want got2 &&
	test_grep ! "hash:" trace
'

test_expect_success 'a file that changed is found by its times' '
	n=$(head -n 1 names) && RESUTIL_TEST_NOW=4000000000 &&
	echo X >results/$n/file && test_expect_code 14 resutil send-pack $n
'

test_expect_success 'also one that only was added or removed' '
	n=$(sed -n 2p names) && RESUTIL_TEST_NOW=4000000000 &&
	>results/$n/more && test_expect_code 14 resutil send-pack $n &&
	rm results/$n/more && resutil send-pack $n >out &&
	test_grep ^same out && rm results/$n/file &&
	test_expect_code 14 resutil send-pack $n
'


test_expect_success 'a cache of junk is no cache' '
	n=$(sed -n 3p names) && RESUTIL_TEST_NOW=4000000000 &&
	cache=$(echo "$HOME"/.cache/resutil/*/experiments) &&
	for edit in "s/experiments 1/experiments 2/" "s/file/eile/" \
		"s/aa/bb/" "\$d"
	do
		cp "$cache" keep.cache && sed -i "$edit" "$cache" &&
		resutil send-pack $n >out && test_grep ^same out &&
		cp keep.cache "$cache" || return 1
	done && : >"$cache" && resutil send-pack $n >out &&
	test_grep ^same out && RESUTIL_TRACE="$TRASH_DIRECTORY/trace2" \
		resutil send-pack $n >out && test_grep ! "hash:" trace2
'

test_expect_success 'what has just changed is not remembered' '
	RESUTIL_TEST_NOW=1720091755 && n=$(sed -n 4p names) &&
	cp results/$n/file keep.file && echo 5 >results/$n/file &&
	test_expect_code 14 resutil send-pack $n &&
	cp keep.file results/$n/file && resutil send-pack $n >out &&
	test_grep ^same out &&
	rm -f trace2 && RESUTIL_TRACE="$TRASH_DIRECTORY/trace2" \
		resutil send-pack $n >out && test_grep "hash:.* read" trace2
'

test_expect_success FAULTS 'a finished one: a small file that changes is read again' '
	fresh && held check:small resutil send-pack x &&
	hold && echo changed >$d/small && once && ends 0 &&
	says "new\t$name\t-" && holds $d
'

test_expect_success FAULTS 'one that keeps changing is an error, and nothing is put' '
	fresh && held check:small resutil send-pack x &&
	hold && echo 1 >$d/small && again && echo 22 >$d/small &&
	again && echo 333 >$d/small && again && echo 4444 >$d/small &&
	once && ends 14 && test_grep "small. changes" err &&
	test_path_is_missing "$objects"/$name.zip &&
	resutil send-pack x && holds $d
'

test_expect_success FAULTS 'a large one is packed anew' '
	fresh && big >$d/big && held check:big resutil send-pack x &&
	hold && echo more >>$d/big && once && ends 0 &&
	says "new\t$name\t-" && holds $d
'

test_expect_success FAULTS 'a live one: what grows is sent as far as it goes' '
	fresh && running && held check:a resutil send-pack x &&
	hold && cp $d/a was && echo more >>$d/a && once && ends 0 &&
	says "new\t$name\t-" && resutil verify-pack "$objects"/$name.zip &&
	resutil cat-pack "$objects"/$name.zip a >a && test_cmp was a
'

test_expect_success FAULTS 'what is rewritten meanwhile is left out and named' '
	fresh && running && held check:a resutil send-pack x &&
	hold && echo 1 >$d/a && again && echo 22 >$d/a && once && ends 0 &&
	says "new\t$name\t-" && test_line_count = 1 err &&
	test_grep "a (changing).*left out" err &&
	resutil list-pack "$objects"/$name.zip >list && test_grep ! "	a$" list
'

test_expect_success FAULTS 'a large live one as well' '
	fresh && running && big >$d/big && big >$d/large &&
	held check:large resutil send-pack x && hold && cp $d/large was &&
	echo more >>$d/large && once && ends 0 &&
	resutil verify-pack "$objects"/$name.zip &&
	resutil cat-pack "$objects"/$name.zip large >got && cmp was got
'

test_expect_success 'its next revision replaces it' '
	fresh && running && resutil send-pack x && echo more >$d/more &&
	resutil update-exp --set info.x=1 x && resutil send-pack x >out &&
	says "grown\t$name\t-" && holds $d && resutil send-pack x >out &&
	says "same\t$name\t-"
'

test_expect_success 'a clone that never sent it replaces what has not ended' '
	make_conf other && mkdir other/results && cp -r $d other/results/ &&
	(cd other && resutil update-exp --set info.y=1 --set state=done x) &&
	others_send x >out && says "grown\t$name\t-" && holds other/$d
'

test_expect_success FAULTS 'a record that is written meanwhile goes with it' '
	fresh && held open:small resutil send-pack x && hold &&
	resutil update-exp --set info.x=1 x && once && ends 0 &&
	says "new\t$name\t-" && resutil send-pack x >out &&
	test_expect_code 0 resutil verify-pack "$objects"/$name.zip
'

test_expect_success FAULTS 'two send one name: one wins, the other is told' '
	fresh && held open:small resutil send-pack x && hold &&
	make_conf other && mkdir other/results &&
	(cd other && resutil add x >/dev/null) && others_send x >/dev/null &&
	once && ends 14 && says "conflict\t$name\t-" &&
	test_grep "another run" err && holds other/$d
'

test_expect_success FAULTS 'when both have the same there is no conflict' '
	fresh && held open:small resutil send-pack x && hold &&
	make_conf other && mkdir other/results && cp -a $d other/results/ &&
	others_send x >/dev/null && once && ends 0 &&
	says "same\t$name\t-" && test_must_be_empty err && holds $d
'

test_expect_success FAULTS 'when the other one is older it is replaced' '
	fresh && make_conf other && mkdir other/results && cp -a $d other/results/ &&
	others_send x >/dev/null && resutil send-pack x &&
	resutil update-exp --set info.x=2 x &&
	held open:small resutil send-pack x && hold &&
	touch "$objects"/$name.zip && once && ends 0 &&
	says "grown\t$name\t-" && holds $d
'

test_expect_success FAULTS 'what grew meanwhile and was sent from here is no conflict' '
	fresh && resutil send-pack x && resutil update-exp --set info.x=1 x &&
	held open:z resutil send-pack x && hold && cp out out.held &&
	resutil update-exp --set info.x=2 x && resutil send-pack x >second &&
	grep ^grown second && once && ends 0 && says "same\t$name\t-" &&
	test_must_be_empty err && holds $d
'

# Whichever is packed first waits, so that none is sent before the store goes.
test_expect_success FAULTS 'a store that goes away, and comes back' '
	fresh && y=$(resutil add y) && z=$(resutil add z) &&
	echo y >results/$y/small && echo z >results/$z/small &&
	held open:small resutil send-pack --patience=0 -j 1 x y z && hold &&
	mv "$store" away && once && ends 12 &&
	says "failed\t$name\t-" "failed\t$y\t-" "failed\t$z\t-" &&
	test_line_count = 3 err && test_path_is_missing "$store" &&
	mv away "$store" && resutil send-pack x y z >out && holds $d &&
	says "new\t$name\t-" "new\t$y\t-" "new\t$z\t-"
'

# two: an experiment that has grown, and a new one
two () {
	fresh && resutil send-pack x >/dev/null &&
	resutil update-exp --set info.x=1 x && echo more >$d/more &&
	y=$(resutil add y) && echo y >results/$y/y &&
	rm -rf keep && mkdir keep && cp -a results .resutil store keep/
}

back () {
	rm -rf results .resutil store && cp -a keep/results keep/.resutil keep/store .
}

# whole: what the store shows is the old or the new, and whole
whole () {
	for pack in "$objects"/*.zip
	do
		resutil verify-pack "$pack" >sum || return 1
		cut -f 1 sum | grep -q -F -x -f good || return 1
	done
}

# dies KIND: at each point that a send of two passes
dies () {
	two && resutil verify-pack store/project/*.zip | cut -f 1 >good &&
	resutil hash-experiment x y | cut -f 1 >>good &&
	with_faults RESUTIL_TEST_FAULT_LOG="$TRASH_DIRECTORY/points" \
		resutil send-pack x y >out && says "grown\t$name\t-" "new\t$y\t-" &&
	points=$(wc -l <points) && test $points -gt 20 && killed=0 &&
	for point in $(seq $points)
	do
		back && {
			with_faults RESUTIL_TEST_FAULT=any:$point:$1 \
				resutil send-pack x y >out 2>err
			status=$?
			test $status = 0 || test $status = 137 || return 1
			test $status = 0 || killed=$((killed + 1))
		} && whole && resutil send-pack x y >out &&
		test_line_count = 2 out && holds $d &&
		resutil send-pack x y >out &&
		says "same\t$name\t-" "same\t$y\t-" || {
			echo "at point $point of $points"
			return 1
		}
	done && rm points &&
	# Threads may come to a point or two less at another time.
	test $killed -gt $((points - 6))
}

test_expect_success FAULTS 'killed before any write, it ends as if never begun' '
	dies kill
'

test_expect_success FAULTS 'killed after any write as well' '
	dies kill-after
'

# dies_renaming KIND CHECK: at each point of a send --rename of the only one here;
# then CHECK, and another one ends with the run here and there
dies_renaming () {
	rm -rf keep && mkdir keep && cp -a results .resutil store keep/ &&
	resutil verify-pack store/project/*.zip | cut -f 1 >good &&
	resutil hash-experiment $(resutil list-exps) | cut -f 1 >>good &&
	point=1 && status=137 &&
	while test $status = 137
	do
		back && {
			with_faults RESUTIL_TEST_FAULT=any:$point:$1 \
				resutil send-pack --rename \
				$(resutil list-exps) >out 2>err
			status=$?
		} && whole && resutil list-exps >here &&
		test_line_count = 1 here &&
		resutil send-pack --rename --stdin <here >out 2>err &&
		resutil list-exps >here && resutil send-pack --stdin <here >out &&
		test_grep ^same out && name=$(cat here) && holds results/$name &&
		$2 || {
			echo "at point $point"
			return 1
		}
		point=$((point + 1))
	done && test $status = 0 && test $point -gt 10
}

# a store that was interrupted may keep the old name, too
one_there () {
	ls "$objects" >got && grep -x $name.zip got
}

two_there () {
	ls "$objects" >got && test_line_count = 2 got
}

test_expect_success FAULTS 'killed while it gives the object the name here' '
	for kind in kill kill-after
	do
		fresh && resutil send-pack x && mv $d ${d}y &&
		resutil update-exp --set info.x=1 ${name}y &&
		dies_renaming $kind one_there || return 1
	done
'

test_expect_success 'what a run wrote after its last record, before it died' '
	fresh && sed "s/^state: .*/state: running/" $d/resutil-exp.yaml >yaml &&
	mv yaml $d/resutil-exp.yaml && resutil send-pack x >out && says "new\t$name\t-" &&
	echo more >>$d/z && resutil send-pack x >out && says "grown\t$name\t-" &&
	holds $d && resutil send-pack x >out && says "same\t$name\t-" &&
	rm -rf other && mkdir -p other/results && cp -r $d other/results &&
	echo theirs >other/results/$name/z && others_send --force x >out &&
	echo again >>$d/z && test_expect_code 14 resutil send-pack x >out 2>err &&
	says "conflict\t$name\t-" && holds other/results/$name
'

test_expect_success FAULTS 'killed while it takes another name' '
	for kind in kill kill-after
	do
		fresh && resutil send-pack x && rm -r $d && resutil add x &&
		dies_renaming $kind two_there || return 1
	done
'

test_expect_success FAULTS 'no room, at any write: told, and the old ones stay' '
	two && resutil verify-pack store/project/*.zip | cut -f 1 >good &&
	resutil hash-experiment x y | cut -f 1 >>good &&
	for point in $(seq 1 12)
	do
		back && {
			with_faults RESUTIL_TEST_FAULT=write:$point:ENOSPC \
				resutil send-pack x y >out 2>err
			status=$?
		} && whole && if test $status = 0
		then
			test_line_count = 2 out
		else
			test -s err
		fi && resutil send-pack x y >out && holds $d || {
			echo "at write $point"
			return 1
		}
	done
'

test_done
