#!/bin/sh

test_description='pack-exp while files change'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-held.sh

test_lazy_prereq UNZIP 'unzip -v'

# holds PACK PATH FILE: in the pack, PATH is what is in FILE
holds () {
	unzip -p "$1" "$2" >content && cmp content "$3"
}

big () {
	seq 400000 | head -c 2500000
}

fresh () {
	rm -rf d x.zip && mkdir d && echo one >d/a && echo two >d/small &&
	big >d/big && echo last >d/z
}

# live: an experiment of a program that is running
live () {
	rm -rf x.zip results && (
		RESUTIL_TEST_NOW=1720091755 resutil add >name
	) && name=$(cat name) && d=results/$name &&
	echo one >$d/a && echo two >$d/small && big >$d/big && echo last >$d/z &&
	sed -e "s/^state: .*/state: running/" \
		-e "s/^host: .*/host: elsewhere.example/" \
		$d/resutil-exp.yaml >yaml && mv yaml $d/resutil-exp.yaml
}

test_have_prereq FAULTS || test_skip_all 'the build has no fault points'

test_expect_success UNZIP 'a small file that changes is read once more' '
	fresh && held check:small resutil pack-exp -o x.zip d &&
	hold && echo changed >d/small && once && ends 0 &&
	test_must_be_empty err && holds x.zip small d/small
'

test_expect_success UNZIP 'also into a pipe' '
	fresh && held check:small resutil pack-exp d &&
	hold && echo changed >d/small && once && ends 0 &&
	mv out x.zip && holds x.zip small d/small
'

test_expect_success UNZIP 'one that keeps changing: all is begun anew once' '
	fresh && held check:small resutil pack-exp -o x.zip d &&
	hold && echo changed >d/small && again && echo more >>d/small &&
	once && ends 0 && unzip -tq x.zip && holds x.zip small d/small &&
	unzip -Z1 x.zip >names && test_line_count = 4 names
'

test_expect_success 'then it is an error, and the old file stays' '
	fresh && echo old >x.zip && held check:small resutil pack-exp -o x.zip d &&
	hold && echo 1 >d/small && again && echo 22 >d/small &&
	again && echo 333 >d/small && again && echo 4444 >d/small &&
	once && ends 14 && test_grep "d/small" err && test_line_count = 1 err &&
	echo old >want && test_cmp want x.zip && ls >files &&
	! grep "tmp$" files
'

test_expect_success 'a pipe cannot be begun anew' '
	fresh && held check:small resutil pack-exp d &&
	hold && echo 1 >d/small && again && echo 22 >d/small &&
	once && ends 14 && test_grep "d/small" err
'

test_expect_success UNZIP 'a large file that changes: begun anew, or an error' '
	fresh && held check:big resutil pack-exp -o x.zip d &&
	hold && echo more >>d/big && once && ends 0 && unzip -tq x.zip &&
	holds x.zip big d/big &&
	fresh && held check:big resutil pack-exp -o x.zip d &&
	hold && echo more >>d/big && again && echo more >>d/big &&
	once && ends 14 && test_grep "d/big" err && test_path_is_missing x.zip &&
	fresh && held check:big resutil pack-exp d &&
	hold && echo more >>d/big && once && ends 14 && test_grep "d/big" err
'

test_expect_success UNZIP 'a large file that becomes shorter, small, or goes' '
	fresh && held open:big resutil pack-exp -o x.zip d &&
	hold && big | head -c 2000000 >d/big && once && ends 0 &&
	unzip -tq x.zip && holds x.zip big d/big &&
	fresh && held open:big resutil pack-exp -o x.zip d &&
	hold && echo small >d/big && once && ends 0 && unzip -tq x.zip &&
	holds x.zip big d/big &&
	fresh && held open:big resutil pack-exp d &&
	hold && : >d/big && once && ends 0 && mv out x.zip &&
	holds x.zip big d/big &&
	fresh && held open:big resutil pack-exp -o x.zip d &&
	hold && rm d/big && once && ends 0 && unzip -Z1 x.zip >names &&
	printf "%s\n" a small z >want && test_cmp want names &&
	fresh && held open:big resutil pack-exp d &&
	hold && rm d/big && once && ends 14 && test_grep "d/big" err
'

test_expect_success UNZIP 'a small file that becomes large, goes, or is no file' '
	fresh && held open:small resutil pack-exp -o x.zip d &&
	hold && cp d/big d/small && once && ends 0 && unzip -tq x.zip &&
	holds x.zip small d/big &&
	fresh && held open:small resutil pack-exp -o x.zip d &&
	hold && rm d/small && once && ends 0 && unzip -Z1 x.zip >names &&
	printf "%s\n" a big z >want && test_cmp want names &&
	fresh && held open:small resutil pack-exp -o x.zip d &&
	hold && rm d/small && mkfifo d/small && once && ends 0 &&
	test_grep "small (FIFO)" err && unzip -Z1 x.zip >names &&
	test_cmp want names &&
	fresh && held open:small resutil pack-exp -o x.zip d &&
	hold && rm d/small && ln -s z d/small && once && ends 0 &&
	unzip -p x.zip small >target && printf z >want && cmp want target
'

test_expect_success UNZIP 'a directory that something is added to' '
	fresh && mkdir d/sub && touch -d @1720091755 d/sub &&
	held open:sub/ resutil pack-exp -o x.zip d &&
	hold && echo new >d/sub/new && once && ends 0 &&
	holds x.zip sub/new d/sub/new &&
	fresh && mkdir d/sub && touch -d @1720091755 d/sub &&
	held open:sub/ resutil pack-exp d &&
	hold && echo new >d/sub/new && once && ends 14 && test_grep "d/sub/" err
'

test_expect_success UNZIP 'a change that keeps the size and the time' '
	fresh && touch -r d/small stamp && held check:small \
		resutil pack-exp -o x.zip d &&
	hold && echo owt >d/small && touch -r stamp d/small && once &&
	ends 0 && holds x.zip small d/small
'

test_expect_success UNZIP 'a link that goes, and a directory that does' '
	links () {
		fresh && mkdir d/sub && ln -s a d/sub/link
	} &&
	links && held open:sub/ resutil pack-exp -o x.zip d &&
	hold && rm d/sub/link && once && ends 0 && unzip -Z1 x.zip >names &&
	printf "%s\n" a big small sub/ z >want && test_cmp want names &&
	links && held open:sub/ resutil pack-exp -o x.zip d &&
	hold && rm -r d/sub && once && ends 0 && unzip -Z1 x.zip >names &&
	printf "%s\n" a big small z >want && test_cmp want names &&
	links && held open:sub/ resutil pack-exp -o x.zip d &&
	hold && rm -r d/sub && echo file >d/sub && once && ends 0 &&
	holds x.zip sub d/sub &&
	links && echo x >d/sub/x && held open:sub/x resutil pack-exp d &&
	hold && rm -r d/sub && echo file >d/sub && once && ends 14 &&
	test_grep "d/sub" err
'

test_expect_success UNZIP 'a file that is a socket, FIFO or directory by now' '
	fresh && held open:big resutil pack-exp -o x.zip d &&
	hold && rm d/big && mkfifo d/big && once && ends 0 &&
	test_grep "big (FIFO)" err && unzip -Z1 x.zip >names &&
	printf "%s\n" a small z >want && test_cmp want names &&
	fresh && held open:small resutil pack-exp -o x.zip d &&
	hold && rm d/small && mkdir d/small && once && ends 0 &&
	unzip -Z1 x.zip >names && printf "%s\n" a big small/ z >want &&
	test_cmp want names &&
	fresh && held open:big resutil pack-exp -o x.zip d &&
	hold && rm d/big && ln -s a d/big && once && ends 0 &&
	unzip -p x.zip big >target && printf a >want && cmp want target &&
	fresh && held open:small resutil pack-exp -o x.zip d &&
	hold && rm d/small && python3 -c "
import socket
socket.socket(socket.AF_UNIX).bind(\"d/small\")" && once && ends 0 &&
	test_grep "small (socket)" err
'

# ---- the second reading of a long file, for its hash ----

# packed_past SIZE FILE: so much has been written
packed_past () {
	test "$(wc -c <"$2")" -gt $1
}

# late: the long file is packed and has been looked at, and is not hashed yet:
# what is written comes from the file after it
late () {
	head -c 5000000 /dev/urandom >$1/random
}

# same_tree PACK DIR: the hash in the comment is that of what it holds
same_tree () {
	rm -rf copy && resutil unpack-exp -C copy "$1" &&
	resutil verify-pack "$1"
}

test_expect_success UNZIP 'a long file that changes before it is hashed' '
	fresh && late d && held hash:big resutil pack-exp -j 2 d &&
	hold && test_wait_for 20 packed_past 4000000 out &&
	printf 7 | dd of=d/big conv=notrunc 2>dd && once && ends 14 &&
	test_grep "d/big" err && test_line_count = 1 err
'

test_expect_success UNZIP 'one that becomes shorter, or is packed anew' '
	fresh && late d && held hash:big resutil pack-exp -j 2 d &&
	hold && test_wait_for 20 packed_past 4000000 out &&
	truncate -s 2000000 d/big && once && ends 14 && test_grep "d/big" err &&
	fresh && late d && mkdir o && test_when_finished "rm -r o" &&
	held hash:big resutil pack-exp -j 2 -o o/x.zip d &&
	hold && test_wait_for 20 eval "packed_past 4000000 o/*" &&
	printf 7 | dd of=d/big conv=notrunc 2>dd && once && ends 0 &&
	test_must_be_empty err && holds o/x.zip big d/big && same_tree o/x.zip
'

test_expect_success UNZIP 'one that grows, or has its bytes written again' '
	fresh && late d && cp d/big big && held hash:big \
		resutil pack-exp -j 2 d &&
	hold && test_wait_for 20 packed_past 4000000 out &&
	cp big d/big && once && ends 0 && mv out x.zip &&
	holds x.zip big big && same_tree x.zip &&
	fresh && late d && held hash:big resutil pack-exp -j 2 d &&
	hold && test_wait_for 20 packed_past 4000000 out &&
	echo more >>d/big && once && ends 0 && mv out x.zip &&
	holds x.zip big big && same_tree x.zip
'

# crowd DIR: more long files than stay open; the first is hashed last
crowd () {
	big >$1/f00 && head -c 5000000 /dev/urandom >$1/f01 &&
	for nr in $(seq 102 170)
	do
		truncate -s 1100000 $1/f${nr#1} || return 1
	done
}

test_expect_success UNZIP 'also when more long files follow than stay open' '
	rm -rf d && mkdir d && crowd d && held hash:f00 \
		resutil pack-exp -j 2 d &&
	hold && test_wait_for 20 packed_past 4000000 out &&
	printf 7 | dd of=d/f00 conv=notrunc 2>dd && once && ends 14 &&
	test_grep "d/f00" err
'

# ---- a program is still running ----

test_expect_success UNZIP 'live: a file that only grows is taken as it was opened' '
	make_project >out && live && cp $d/small small && cp $d/big big &&
	held check:small resutil pack-exp -o x.zip $name &&
	hold && echo more >>$d/small && once && ends 0 &&
	test_must_be_empty err && unzip -tq x.zip && holds x.zip small small &&
	live && held check:big resutil pack-exp $name &&
	hold && echo more >>$d/big && once && ends 0 &&
	test_must_be_empty err && mv out x.zip && unzip -tq x.zip &&
	holds x.zip big big
'

test_expect_success UNZIP 'live: a small file that is rewritten is left out' '
	live && held check:small resutil pack-exp $name &&
	hold && echo 222 >$d/small && again && echo 3333 >$d/small &&
	once && ends 0 && mv out x.zip &&
	echo "resutil: warning: left out '\''small (changing)'\''" >want &&
	test_cmp want err && unzip -tq x.zip && unzip -Z1 x.zip >names &&
	printf "%s\n" resutil-exp.yaml a big z >want && test_cmp want names
'

test_expect_success UNZIP 'live: so is a large one, if it can be undone' '
	live && held check:big resutil pack-exp --json -o x.zip $name &&
	hold && printf 0 | dd of=$d/big conv=notrunc 2>dd && once && ends 0 &&
	test_grep "\"skipped\":\[\"big (changing)\"\]" out &&
	test_grep "big (changing)" err && unzip -tq x.zip &&
	unzip -Z1 x.zip >names &&
	printf "%s\n" resutil-exp.yaml a small z >want && test_cmp want names &&
	live && held check:big resutil pack-exp $name &&
	hold && printf 0 | dd of=$d/big conv=notrunc 2>dd && once && ends 14 &&
	test_grep "/big" err
'

test_expect_success UNZIP 'live: shorter by now, or gone' '
	live && held check:big resutil pack-exp -o x.zip $name &&
	hold && : >$d/big && once && ends 0 && test_grep "big (changing)" err &&
	live && held open:big resutil pack-exp $name &&
	hold && rm $d/big && once && ends 0 && mv out x.zip &&
	test_grep "big (changing)" err && unzip -Z1 x.zip >names &&
	printf "%s\n" resutil-exp.yaml a small z >want && test_cmp want names &&
	live && held open:small resutil pack-exp $name &&
	hold && rm $d/small && once && ends 0 && test_grep "small (changing)" err
'

test_expect_success UNZIP 'live: a small file that grows beyond a megabyte' '
	live && cp $d/small small && held open:small resutil pack-exp $name &&
	hold && cat $d/big >>$d/small && once && ends 0 && mv out x.zip &&
	test_must_be_empty err && unzip -tq x.zip && holds x.zip small small
'

test_expect_success UNZIP 'live: the record is replaced as ever' '
	live && cp $d/resutil-exp.yaml before &&
	held check:resutil-exp.yaml resutil pack-exp $name &&
	hold && sed "s/^revision: .*/revision: 7/" before >new &&
	mv new $d/resutil-exp.yaml && once && ends 0 && mv out x.zip &&
	unzip -tq x.zip && holds x.zip resutil-exp.yaml before
'

test_expect_success UNZIP 'live: a long file that changes before it is hashed' '
	live && late $d && held hash:big resutil pack-exp -j 2 $name &&
	hold && test_wait_for 20 packed_past 4000000 out &&
	printf 7 | dd of=$d/big conv=notrunc 2>dd && once && ends 14 &&
	test_grep "/big" err &&
	live && late $d && mkdir o && test_when_finished "rm -r o" &&
	held hash:big resutil pack-exp -j 2 -o o/x.zip $name &&
	hold && test_wait_for 20 eval "packed_past 4000000 o/*" &&
	printf 7 | dd of=$d/big conv=notrunc 2>dd && once && ends 0 &&
	test_grep "big (changing)" err && unzip -Z1 o/x.zip >names &&
	printf "%s\n" resutil-exp.yaml a random small z >want &&
	test_cmp want names && same_tree o/x.zip
'

test_expect_success UNZIP 'live: also when many long files follow' '
	live && crowd $d && mkdir o && test_when_finished "rm -r o" &&
	held hash:f00 resutil pack-exp -j 2 -o o/x.zip $name &&
	hold && test_wait_for 20 eval "packed_past 4000000 o/*" &&
	printf 7 | dd of=$d/f00 conv=notrunc 2>dd && once && ends 0 &&
	echo "resutil: warning: left out '\''f00 (changing)'\''" >want &&
	test_cmp want err && same_tree o/x.zip
'

test_expect_success UNZIP 'live: something is added to a directory' '
	live && mkdir $d/sub && touch -d @1720091755 $d/sub &&
	held open:sub/ resutil pack-exp $name &&
	hold && echo new >$d/sub/new && once && ends 0 &&
	test_must_be_empty err && mv out x.zip && unzip -Z1 x.zip >names &&
	printf "%s\n" resutil-exp.yaml a big small sub/ z >want &&
	test_cmp want names
'

test_expect_success UNZIP 'live: a directory that goes, with what was in it' '
	live && mkdir $d/sub && echo x >$d/sub/x && ln -s x $d/sub/y &&
	held open:sub/ resutil pack-exp --json -o x.zip $name &&
	hold && rm -r $d/sub && once && ends 0 && unzip -Z1 x.zip >names &&
	printf "%s\n" resutil-exp.yaml a big small z >want &&
	test_cmp want names && same_tree x.zip &&
	test_grep "\"entries\":5," out &&
	test_grep "\[\"sub/ (changing)\",\"sub/x (changing)\",\"sub/y (changing)\"\]" out
'

test_expect_success UNZIP 'live: a record that is rewritten in place is left out' '
	live && held check:resutil-exp.yaml resutil pack-exp $name &&
	hold && echo "info: 1" >$d/resutil-exp.yaml && again &&
	echo "info: 22" >$d/resutil-exp.yaml && once && ends 0 &&
	mv out x.zip && test_grep "resutil-exp.yaml (changing)" err &&
	unzip -z x.zip >comment && test_grep "tree=[0-9a-f]*$" comment &&
	same_tree x.zip
'

test_expect_success UNZIP 'an experiment that has ended is not a live one' '
	live && sed "s/^state: .*/state: finished/" $d/resutil-exp.yaml >yaml &&
	mv yaml $d/resutil-exp.yaml &&
	held check:small resutil pack-exp $name &&
	hold && echo 1 >$d/small && again && echo 22 >$d/small &&
	once && ends 14 && test_grep "/small" err
'

# What the cache remembers is told apart by the clock: all is old by then.
test_expect_success UNZIP 'live: the cache has nothing of what was cut off' '
	for point in open:small check:small check:big
	do
		file=${point#*:} &&
		live && touch -d @1720091755 $d/small $d/big &&
		held $point env RESUTIL_TEST_NOW=8000000000 \
			resutil pack-exp $name &&
		hold && big >>$d/$file && once && ends 0 &&
		test_must_be_empty err && mv out x.zip && same_tree x.zip &&
		RESUTIL_TEST_NOW=8000000000 resutil hash-experiment $name >got &&
		resutil hash-experiment --no-cache $name >want &&
		test_cmp want got || return 1
	done
'

test_done
