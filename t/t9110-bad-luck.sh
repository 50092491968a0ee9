#!/bin/sh

test_description='story: sharing, and all that can go wrong

Stores that vanish, names and objects that mean harm, programs that still
write, packs that are replaced while they are read, two file systems, thousands
of experiments, many commands at once. RESUTIL_TEST_EXPENSIVE=1 also runs what
takes long.
'
expensive=${RESUTIL_TEST_EXPENSIVE:-}
. ./test-lib.sh
unset RESUTIL_NO_REMOTE
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-held.sh

# other_fs: a directory on another file system than the scratch directory's
other_fs () {
	for other_dir in /dev/shm /var/tmp /tmp
	do
		if test -w $other_dir && test "$(stat -c %d $other_dir)" != \
			"$(stat -c %d "$TRASH_DIRECTORY")"
		then
			echo $other_dir
			return 0
		fi
	done
	return 1
}
test_lazy_prereq OTHER_FS 'other_fs'
test_lazy_prereq EXPENSIVE 'test -n "$expensive"'

# the N-th name; they sort by N
nth () {
	printf 'aapfup_20240704T19%02d%02d_n%s' $(($1 / 60)) $(($1 % 60)) "$1"
}

# experiment N [DIR]: one that has ended, with a few files
experiment () {
	exp_name=$(nth $1) &&
	exp_dir=${2:-.}/results/$exp_name &&
	mkdir -p "$exp_dir/sub" &&
	cat >"$exp_dir/resutil-exp.yaml" <<-END &&
	resutil: 1
	id: $(test_id $1)
	revision: 2
	name: $exp_name
	at:
	  created: "2024-07-04T19:15:55.000000+00:00"
	  finished: "2024-07-04T19:16:55.000000+00:00"
	state: done
	exit_code: 0
	END
	echo "result $1" >"$exp_dir/result" &&
	seq 1 $((100 + $1)) >"$exp_dir/sub/numbers"
}

# fresh DIR: a project with the store $store (default: store)
fresh () {
	rm -rf "$1" &&
	mkdir -p "$1" "$1/results" &&
	cat >"$1/resutil-conf.yaml" <<-END
	project_name: project
	results_dir: results
	storage_type: dir
	storage_config:
	  path: ${store:-$TRASH_DIRECTORY/store}
	END
}

# in_store: names in it, by looking at the files
in_store () {
	(cd "${1:-store}/project" && ls | sed -n "s/\.zip$//p")
}

# might_die COMMAND...: SIGKILL is fine as well
might_die () {
	"$@"
	case $? in
	126|127|"$TEST_SANITIZER_STATUS") return 1 ;;
	esac
}

# no_leftovers: nothing half-done in the store, nor here in DIR...
no_leftovers () {
	find store "$@" -name ".resutil-put-*" -o -name ".*.tmp" >left &&
	test_must_be_empty left
}

# ---- few open files ----------------------------------------------------------

test_expect_success 'few files may be open: fewer are on their way at once' '
	test_when_finished "rm -rf store few other" &&
	mkdir store && fresh few && fresh other &&
	for i in $(seq 1 59)
	do
		experiment $i few || return 1
	done &&
	(ulimit -n 32 && resutil -C few push -A) >out 2>err &&
	test_must_be_empty err &&
	test_grep "^59 sent" out &&
	(ulimit -n 32 && resutil -C other pull -A) >out 2>err &&
	test_must_be_empty err &&
	test_grep "^59 fetched" out
'

# ---- a store that vanishes ---------------------------------------------------

# send_held SECONDS: four experiments are sent, one after the other; the first has
# been stored, the second is about to be packed, and the store goes away. It is
# tried again for so long.
send_held () {
	rm -rf p store away && mkdir store && fresh p &&
	for i in 1 2 3 4
	do
		experiment $i p || return 1
	done &&
	cd p &&
	RESUTIL_TRACE="$PWD/trace" && export RESUTIL_TRACE &&
	held open:result resutil send-pack -j 1 --patience "$1" "$(nth 1)" \
		"$(nth 2)" "$(nth 3)" "$(nth 4)" &&
	unset RESUTIL_TRACE &&
	hold && again &&
	mv ../store ../away &&
	once
}

test_expect_success FAULTS 'a store vanishes in mid-push and comes back: all is sent' '
	send_held 30 &&
	test_wait_for 20 grep "store: .*failed for now" trace &&
	mv ../away ../store &&
	ends 0 &&
	resutil list-exps >want &&
	resutil list-remote >got &&
	test_cmp want got &&
	resutil verify-pack $(cat want) &&
	cd .. &&
	no_leftovers p
'

test_expect_success FAULTS 'it does not come back: named, nothing is half there' '
	send_held 0 &&
	ends 3 &&
	test_grep "no directory" err &&
	test_path_is_missing ../store &&
	cut -f1 out | sort >got &&
	printf "%s\n" failed failed failed new >want &&
	test_cmp want got &&
	mv ../away ../store &&
	cd .. &&
	in_store >got &&
	awk "\$1 == \"new\" { print \$2 }" p/out >want &&
	test_cmp want got &&
	no_leftovers p
'

test_expect_success FAULTS 'later push -A sends the rest, and only that' '
	(
		cd p &&
		rm -f trace &&
		RESUTIL_TRACE="$PWD/trace" resutil push -A >out &&
		grep -c "store: put" trace >puts &&
		echo 3 >want &&
		test_cmp want puts &&
		resutil list-exps >want &&
		resutil list-remote >got &&
		test_cmp want got
	)
'

test_expect_success 'a store that is not there is never made' '
	rm -rf p store && fresh p && experiment 1 p &&
	test_expect_code 12 resutil -C p push "$(nth 1)" 2>err &&
	test_grep "store" err &&
	test_path_is_missing store &&
	test_expect_code 12 resutil -C p pull -A &&
	test_path_is_missing store &&
	resutil -C p list >out 2>err &&
	test_grep "$(nth 1)" out &&
	test_path_is_missing store
'

test_expect_success 'a run whose store is away is kept and says how to retry' '
	resutil -C p run -m kept -- sh -c "exit 7" >out 2>err ||
	test $? = 7 &&
	kept=$(resutil -C p rev-exp kept) &&
	test_grep "resutil push" err &&
	test_path_is_missing store &&
	mkdir store &&
	resutil -C p push kept &&
	in_store >got &&
	echo "$kept" >want &&
	test_cmp want got
'

test_expect_success FAULTS 'answers that are lost are asked for again, and believed' '
	rm -rf p store && mkdir store && fresh p &&
	for i in 1 2 3
	do
		experiment $i p || return 1
	done &&
	with_faults RESUTIL_TEST_STORE_FAULT=put:1:lost,put:3:transient \
		resutil -C p send-pack "$(nth 1)" "$(nth 2)" "$(nth 3)" >out &&
	resutil -C p list-exps >want &&
	resutil -C p list-remote >got &&
	test_cmp want got &&
	resutil -C p verify-pack "$(nth 1)" "$(nth 2)" "$(nth 3)" &&
	fresh q &&
	with_faults RESUTIL_TEST_STORE_FAULT=get:2:half,get:4:transient \
		resutil -C q pull -A &&
	diff -r p/results q/results
'

test_expect_success FAULTS 'killed at each request of a push: the next one ends it' '
	for when in kill kill-after
	do
		for n in 1 2 3 4 5 6
		do
			rm -rf p store && mkdir store && fresh p &&
			experiment 1 p && experiment 2 p &&
			might_die with_faults \
				RESUTIL_TEST_STORE_FAULT=any:$n:$when \
				resutil -C p send-pack -j 1 "$(nth 1)" \
				"$(nth 2)" >out 2>err &&
			resutil -C p push -A >out &&
			resutil -C p list-exps >want &&
			in_store >got &&
			test_cmp want got &&
			fresh q &&
			resutil -C q pull -A >out &&
			diff -r p/results q/results || return 1
		done
	done
'

test_expect_success FAULTS 'killed at each request of a pull: the next one ends it' '
	for when in kill kill-after
	do
		for n in 1 2 3 4 5 6 7 8
		do
			fresh q &&
			might_die with_faults \
				RESUTIL_TEST_STORE_FAULT=any:$n:$when \
				resutil -C q fetch-exp -j 1 "$(nth 1)" \
				"$(nth 2)" >out 2>err &&
			resutil -C q list-exps >names &&
			while read -r name
			do
				diff -r "p/results/$name" "q/results/$name" ||
				return 1
			done <names &&
			resutil -C q pull -A >out &&
			diff -r -x ".*" p/results q/results || return 1
		done
	done
'

# ---- programs that still write ----------------------------------------------

has_more_rows () {
	test "$(cat p/results/*_alive/rows | wc -l)" -gt "$1"
}

test_expect_success 'push of a run that still writes: what is there is whole' '
	rm -rf p store && mkdir store && fresh p &&
	mkfifo p/enough &&
	{ (
		cd p &&
		resutil run -m alive --no-push -- sh -c "
			cd \"\$RESUTIL_EX_DIR\" && i=0 &&
				while test ! -e ../../stop && test \$i -lt 1000000
			do
				i=\$((i + 1)) &&
				echo \"line \$i\" &&
				echo \"row \$i\" >>rows || exit 1
			done" >/dev/null
	) & } &&
	pid=$! &&
	test_when_finished ": >p/stop; wait" &&
	test_wait_for 20 sh -c "test -s p/results/*_alive/rows" &&
	alive=$(resutil -C p rev-exp alive) &&
	lines=0 &&
	for n in 1 2 3
	do
		test_wait_for 20 has_more_rows $lines &&
		resutil -C p update-exp --set info.step=$n alive &&
		resutil -C p push alive >out 2>err &&
		resutil -C p verify-pack "$alive" &&
		resutil -C p cat-pack "$alive" rows >rows &&
		test $(wc -l <rows) -gt $lines &&
		lines=$(wc -l <rows) &&
		seq 1 $lines | sed "s/^/row /" >want &&
		test_cmp want rows || return 1
	done &&
	fresh q && resutil -C q pull alive &&
	: >p/stop &&
	wait $pid &&
	resutil -C p push alive &&
	resutil -C q pull alive &&
	diff -r "p/results/$alive" "q/results/$alive"
'

test_expect_success 'a pack that is replaced all the time is fetched whole' '
	rm -rf p q store && mkdir store && fresh p &&
	name=$(nth 7) &&
	for v in 1 2
	do
		rm -rf p/results p/.resutil store/project &&
		experiment 7 p &&
		for f in 1 2 3 4 5 6 7 8
		do
			seq $v 20000 | sed "s/\$/ $v $f/" \
				>"p/results/$name/file-$f" || return 1
		done &&
		resutil -C p push "$name" &&
		cp -R p/results v$v && cp "store/project/$name.zip" v$v.zip ||
		return 1
	done &&
	{ (
		n=0
		while test ! -e enough && test $n -lt 5000
		do
			n=$((n + 1))
			cp v$((n % 2 + 1)).zip store/.resutil-put-0123456789abcdef &&
			mv store/.resutil-put-0123456789abcdef \
				"store/project/$name.zip"
		done
	) & } &&
	test_when_finished ": >enough; wait" &&
	for n in 1 2 3 4 5 6 7 8 9 10
	do
		fresh q &&
		test_might_fail resutil -C q fetch-exp "$name" >out 2>err &&
		if test -e "q/results/$name"
		then
			diff -r v1 q/results >/dev/null ||
			diff -r v2 q/results >/dev/null || return 1
		else
			test_grep "$name" err || return 1
		fi || return 1
	done &&
	: >enough &&
	wait &&
	fresh q && resutil -C q fetch-exp "$name"
'

# ---- what else lies in a store ------------------------------------------------

# hostile STORE: keys that are as bad as a file system allows
hostile () {
	python3 - "$1" <<-\EOF
	import os, sys
	top = os.fsencode(sys.argv[1])
	good = b"aapfup_20240704T191555_"
	names = [
	    good + b"\x1b]0;owned\x07", good + b"\x1b[2J", good + b"a\nb",
	    good + b"\xff\xfe", good + b"\xc2\x9b31m", good + b"a\tb",
	    good + b"\r", good + b"x" * 220, good + b"\xe2\x80\xae",
	    b"..", b"...", b". ", b"-rf", b"--help", b"~", b"*", b"%s%n%s",
	    good + b"a:b", good + b"a|b", good + b"<b>", good + b"*",
	    b"aapfup_20240704T191555\\..\\x", b".", b"", b" ",
	    b"@", b"@~1", b"origin", b"_debug", b"$(touch owned)",
	    b"`touch owned`", b"aapfup_20240704T191555_\xed\xa0\x80",
	]
	for name in names:
	    path = os.path.join(top, b"project", name + b".zip")
	    with open(path, "wb") as f:
	        f.write(b"PK\x05\x06" + b"\0" * 18)
	deep = os.path.join(top, b"project", *[b"d" * 200] * 4)
	os.makedirs(deep)
	for path in (os.path.join(deep, good + b"deep.zip"),
	             os.path.join(top, good + b"top.zip")):
	    with open(path, "wb") as f:
	        f.write(b"x")
	os.symlink(b"/etc/passwd", os.path.join(top, b"project", good + b"l.zip"))
	os.symlink(b"../..", os.path.join(top, b"project", b"up"))
	os.mkfifo(os.path.join(top, b"project", good + b"fifo.zip"))
	os.mkdir(os.path.join(top, b"project", good + b"dir.zip"))
	EOF
}

# quiet_terminal FILE...: nothing in them moves a cursor
quiet_terminal () {
	for quiet_file
	do
		tr -d "\n\t" <"$quiet_file" >flat &&
		LC_ALL=C test_grep ! "[[:cntrl:]]" flat &&
		python3 - flat <<-\EOF || return 1
		import sys, unicodedata
		text = open(sys.argv[1], "rb").read().decode("utf-8")
		bad = [c for c in text if unicodedata.category(c) == "Cc"]
		assert not bad, bad
		EOF
	done
}

test_expect_success PYTHON 'hostile names and objects are passed over by all commands' '
	rm -rf p q store && mkdir -p store/project && fresh p && experiment 1 p &&
	hostile store &&
	echo "$(nth 1)" >want &&
	resutil -C p push -A >out 2>err && quiet_terminal out err &&
	resutil -C p list-remote >out 2>err && quiet_terminal out err &&
	test_grep -x "$(nth 1)" out &&
	resutil -C p list >out 2>err && quiet_terminal out err &&
	resutil -C p list-objects >out 2>err && quiet_terminal out err &&
	fresh q &&
	test_might_fail resutil -C q pull -A >out 2>err && quiet_terminal out err &&
	diff -r "p/results/$(nth 1)" "q/results/$(nth 1)" &&
	test_path_is_missing p/owned && test_path_is_missing q/owned &&
	test_path_is_missing q/results/up &&
	find q -name "passwd*" >found && test_must_be_empty found &&
	resutil clone "dir:$PWD/store/project" cloned >out 2>err &&
	quiet_terminal out err && rm -rf cloned
'

test_expect_success PYTHON 'and nothing of it was changed' '
	test_path_is_link "store/project/aapfup_20240704T191555_l.zip" &&
	test -p "store/project/aapfup_20240704T191555_fifo.zip" &&
	(cd store/project && ls -A | wc -l) >count &&
	test "$(cat count)" -ge 35
'

test_expect_success 'a pack that tells of paths outside is refused, the rest comes' '
	rm -rf p q store && mkdir store && fresh p &&
	experiment 1 p && experiment 2 p && resutil -C p push -A &&
	python3 - "store/project/$(nth 3).zip" <<-\EOF &&
	import sys, zipfile
	with zipfile.ZipFile(sys.argv[1], "w") as z:
	    z.writestr("resutil-exp.yaml", "cmd: x\ndependency: []\n")
	    z.writestr("../../../escaped", "owned\n")
	EOF
	fresh q &&
	test_expect_code 3 resutil -C q pull -A >out 2>err &&
	test_grep "$(nth 3)" err &&
	find . -name escaped >found && test_must_be_empty found &&
	test_path_is_missing "q/results/$(nth 3)" &&
	diff -r p/results q/results
'

test_expect_success 'what is said of a run and not true is refused' '
	rm -rf p q store && mkdir store && fresh p &&
	experiment 1 p && experiment 2 p && resutil -C p push -A &&
	python3 - "store/project/$(nth 1).zip" <<-\EOF &&
	import sys
	with open(sys.argv[1], "r+b") as f:
	    data = bytearray(f.read())
	    data[len(data) // 3] ^= 1
	    f.seek(0)
	    f.write(data)
	EOF
	fresh q &&
	test_expect_code 3 resutil -C q pull -A >out 2>err &&
	test_grep "$(nth 1)" err &&
	test_path_is_missing "q/results/$(nth 1)" &&
	diff -r "p/results/$(nth 2)" "q/results/$(nth 2)"
'

# ---- dependencies ----------------------------------------------------------------

test_expect_success 'pull of a run whose dependency is gone: named, the rest is done' '
	rm -rf p q store && mkdir store && fresh p &&
	experiment 1 p && experiment 2 p && experiment 3 p &&
	printf "dependency:\n- %s\n- %s\n" "$(nth 1)" "$(nth 2)" \
		>>"p/results/$(nth 3)/resutil-exp.yaml" &&
	resutil -C p push "$(nth 3)" &&
	rm "store/project/$(nth 1).zip" &&
	fresh q &&
	test_expect_code 3 resutil -C q pull "$(nth 3)" >out 2>err &&
	test_grep "$(nth 1)" err &&
	resutil -C q list-exps >got &&
	printf "%s\n" "$(nth 2)" "$(nth 3)" >want &&
	test_cmp want got
'

test_expect_success 'runs that need each other in a circle are sent and fetched once' '
	rm -rf p q store && mkdir store && fresh p &&
	experiment 1 p && experiment 2 p &&
	printf "dependency:\n- %s\n" "$(nth 2)" \
		>>"p/results/$(nth 1)/resutil-exp.yaml" &&
	printf "dependency:\n- %s\n" "$(nth 1)" \
		>>"p/results/$(nth 2)/resutil-exp.yaml" &&
	RESUTIL_TRACE="$PWD/trace" resutil -C p push "$(nth 1)" &&
	grep -c "store: put" trace >got &&
	echo 2 >want &&
	test_cmp want got &&
	fresh q &&
	resutil -C q pull "$(nth 2)" &&
	diff -r p/results q/results
'

test_expect_success 'a conflict that is renamed stays a conflict' '
	rm -rf p q store && mkdir store && fresh p && fresh q &&
	experiment 1 p && resutil -C p push -A && resutil -C q pull -A &&
	resutil -C p update-exp --set info.p=1 "$(nth 1)" &&
	resutil -C p push -A &&
	resutil -C q update-exp --set info.q=1 "$(nth 1)" &&
	resutil -C q update-exp --set info.q=2 "$(nth 1)" &&
	test_expect_code 14 resutil -C q push -A &&
	resutil -C q comment "$(nth 1)" renamed &&
	cp store/project/*_renamed.zip before.zip &&
	test_expect_code 14 resutil -C q push -A 2>err &&
	test_grep "force" err &&
	cmp before.zip store/project/*_renamed.zip
'

# ---- file systems ----------------------------------------------------------------

for where in project store
do
	test_expect_success OTHER_FS "the $where on another file system" '
		other=$(mktemp -d "$(other_fs)/resutil-t9110.XXXXXX") &&
		test_when_finished "rm -rf \"$other\"" &&
		rm -rf p q store &&
		if test $where = store
		then
			store=$other/store a=p b=q
		else
			store=$TRASH_DIRECTORY/store a=$other/p b=$other/q
		fi &&
		mkdir "$store" && fresh "$a" && fresh "$b" &&
		experiment 1 "$a" && experiment 2 "$a" &&
		resutil -C "$a" push -A &&
		resutil -C "$b" pull -A &&
		diff -r "$a/results" "$b/results" &&
		resutil -C "$b" update-exp --set info.x=1 "$(nth 1)" &&
		resutil -C "$b" push "$(nth 1)" &&
		resutil -C "$a" pull "$(nth 1)" &&
		diff -r "$a/results" "$b/results" &&
		resutil -C "$a" comment "$(nth 2)" renamed &&
		resutil -C "$a" rm -r -y "$(nth 1)" &&
		unset store
	'
done

test_expect_success AS_USER 'a store that may only be read is read' '
	rm -rf p q store && mkdir store && fresh p && experiment 1 p &&
	resutil -C p push -A &&
	fresh q && chmod -R a+rwX q && chmod -R a+rX,a-w store &&
	test_when_finished "chmod -R u+w store" &&
	as_user resutil -C q pull -A &&
	diff -r p/results q/results &&
	experiment 2 q && chmod -R a+rwX q &&
	test_expect_code 11 as_user resutil -C q push "$(nth 2)" 2>err &&
	test_grep "$(nth 2)" err
'

# ---- many ------------------------------------------------------------------------

# thousands N: N experiments there and back
thousands () {
	rm -rf p q store && mkdir store && fresh p && fresh q &&
	rmdir p/results &&
	make-workload w3x10 p/results $((10000 / $1)) &&
	resutil -C p push -A >out &&
	resutil -C p list-remote >got &&
	resutil -C p list-exps >want &&
	test_line_count = $1 want &&
	test_cmp want got &&
	resutil -C q pull -A >out &&
	resutil -C q list-exps >got &&
	test_cmp want got &&
	resutil -C p hash-experiment $(cat want) >one &&
	resutil -C q hash-experiment $(cat want) >two &&
	test_cmp one two &&
	for who in p q
	do
		rm -f trace &&
		RESUTIL_TRACE="$PWD/trace" resutil -C $who push -A &&
		test_grep ! "store: \(put\|get\|stat\)" trace &&
		rm -f trace &&
		RESUTIL_TRACE="$PWD/trace" resutil -C $who pull -A &&
		test_grep ! "store: \(put\|get\|stat\)" trace || return 1
	done &&
	resutil -C q list --json >out &&
	test_line_count = $1 out
}

test_expect_success '2,000 experiments there and back, then nothing to do' '
	thousands 2000
'

test_expect_success EXPENSIVE '10,000 experiments' '
	thousands 10000
'

test_expect_success '30 pushes and pulls at once, in three clones of one store' '
	rm -rf p q store && mkdir store &&
	for who in a b c
	do
		fresh $who || return 1
	done &&
	for i in 1 2 3 4 5 6 7 8 9 10
	do
		experiment $i a && experiment $((i + 10)) b &&
		experiment $((i + 20)) c || return 1
	done &&
	for i in 1 2 3 4 5
	do
		for who in a b c
		do
			for what in push pull
			do
				{
					resutil -C $who $what -A \
						>$who.$what.$i 2>&1 ||
					echo $what $who >>failed
				} &
			done
		done
	done &&
	wait &&
	test_path_is_missing failed &&
	for who in a b c
	do
		resutil -C $who push -A && resutil -C $who pull -A || return 1
	done &&
	for who in a b c
	do
		resutil -C $who pull -A &&
		resutil -C $who list-exps >names &&
		test_line_count = 30 names || return 1
	done &&
	diff -r a/results b/results &&
	diff -r a/results c/results &&
	no_leftovers a b c
'

test_expect_success 'ten push one run at once: one object, nobody is refused' '
	rm -rf p store && mkdir store && fresh p && experiment 1 p &&
	for i in 1 2 3 4 5 6 7 8 9 10
	do
		{
			resutil -C p push "$(nth 1)" >out.$i 2>&1 ||
			echo $i >>failed
		} &
	done &&
	wait &&
	test_path_is_missing failed &&
	in_store >got && echo "$(nth 1)" >want && test_cmp want got &&
	no_leftovers p
'

test_done
