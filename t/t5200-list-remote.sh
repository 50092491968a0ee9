#!/bin/sh

test_description='list-remote: which experiments a store holds'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

one=aapfcd_20240704T111555_one
two=aapfcd_20240704T111556_two
six=aapfcd_20240704T111600

# store NAME: what is here is packed into the store, by hand.
store () {
	resutil pack-exp "$1" >"store/project/$1.zip"
}

# requests COMMAND...: runs it, and leaves a line in `trace` for each time that
# it asks the store.
requests () {
	rm -f all trace &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/all" "$@" >out &&
	sed -n 's/.* store: \(list\|stat\|get\|read\) .*/\1/p' all >trace
}

test_expect_success 'setup' '
	mkdir -p store/project && make_conf &&
	make_exp $one "id: $(test_id 1)" "revision: 3" "state: done" \
		"user: ada" "host: h1" "at:" \
		"  created: \"2024-07-04T11:15:55.000000+09:00\"" \
		"dependency: [$six]" "tags: [a, b]" &&
	make_exp $two "id: $(test_id 2)" "state: running" &&
	make_exp $six
'

test_expect_success 'a store that holds nothing' '
	resutil list-remote >out 2>err && test_must_be_empty out &&
	test_must_be_empty err
'

test_expect_success 'names in byte order' '
	store $two && store $six && store $one &&
	printf "%s\n" $one $two $six >want &&
	resutil list-remote >out && test_cmp want out &&
	resutil list-remote --remote origin >out && test_cmp want out &&
	resutil list-remote --remote "dir:$TRASH_DIRECTORY/store" >out &&
	test_cmp want out &&
	resutil list-remote -z >out && tr "\0" "\n" <out >lines &&
	test_cmp want lines
'

test_expect_success 'a listing is one request, and reads nothing' '
	requests resutil list-remote && echo list >want &&
	test_cmp want trace
'

test_expect_success 'garbage is passed over, and never shown' '
	d=store/project && esc=$(printf "\033[31m") &&
	cp $d/$one.zip $d/_debug.zip && cp $d/$one.zip $d/notes.zip &&
	cp $d/$one.zip "$d/$one.ZIP" && cp $d/$one.zip $d/$one &&
	cp $d/$one.zip "$d/${one}_${esc}x.zip" &&
	cp $d/$one.zip "$d/$one.zip.zip" && cp $d/$one.zip $d/x$one.zip &&
	cp $d/$one.zip "$d/aapfcd_20240704T111559_a
b.zip" && : >$d/.zip && : >store/$six.zip &&
	mkdir -p $d/sub $d/aapfcd_20240704T111601.zip store/other &&
	cp $d/$one.zip $d/sub/$six.zip && cp $d/$one.zip store/other/ &&
	resutil list-remote --long --json >out 2>err &&
	test_must_be_empty err && ! grep "$esc" out &&
	resutil list-remote >out && printf "%s\n" $one $two $six >want &&
	echo "$one.zip" >>want && sort want >sorted && sort out >names &&
	rm "$d/$one.zip.zip" && test_cmp sorted names
'

test_expect_success '--long tells what is in the packs' '
	resutil list-remote --long --format "%(name),%(state),%(user),%(id),%(revision),%(created)" >out &&
	cat >want <<-EOF &&
	$one,done,ada,$(test_id 1),3,2024-07-04T11:15:55.000000+09:00
	$two,running,,$(test_id 2),,
	$six,,,,,
	EOF
	test_cmp want out &&
	resutil list-remote --long --json >out &&
	grep "\"name\":\"$one\".*\"tags\":\\[\"a\",\"b\"\\],\"dependency\":\\[\"$six\"\\]" out &&
	resutil list-remote --long >out &&
	test "$(head -n 1 out | cut -f 1,4,6)" = "$(printf "%s\tdone\tada" $one)"
'

test_expect_success 'hashes are those of the pack' '
	resutil list-pack --info store/project/$one.zip >info &&
	resutil list-remote --long --format "%(tree) %(record)" >out &&
	echo "$(sed -n "s/^tree	//p" info) $(sed -n "s/^record	//p" info)" >want &&
	head -n 1 out >line && test_cmp want line
'

# What differs from day to day is compared with where it comes from, or cut.
test_expect_success 'the keys of --json, and no others' '
	when="[0-9]*-[0-9]*-[0-9]*T[0-9]*:[0-9]*:[0-9]*Z" &&
	size=$(($(wc -c <store/project/$one.zip))) &&
	tree=$(sed -n "s/^tree	//p" info) &&
	record=$(sed -n "s/^record	//p" info) &&
	cat >want <<-EOF &&
	{"name":"$one","size":$size,"version":V,"modified":T,
	"id":"$(test_id 1)","revision":3,"tree":"$tree","record":"$record",
	"state":"done","created":"2024-07-04T11:15:55.000000+09:00",
	"started":null,"finished":null,"user":"ada","host":"h1",
	"executor":null,"tags":["a","b"],"dependency":["$six"],
	"dependency_ids":null,"seen":T,"problem":null}
	EOF
	resutil list-remote --long --json >out && head -n 1 out >line &&
	sed -e "s/\"version\":\"[0-9a-f-]*\"/\"version\":V/" \
		-e "s/\"$when\"/T/g" line >got &&
	tr -d "\n" <want >joined && echo >>joined && test_cmp joined got
'

test_expect_success 'what is known is not read again' '
	rm -rf "$HOME/.cache" && requests resutil list-remote --long &&
	printf "list\n" >want && printf "get\n%.0s" 1 2 3 >>want &&
	sort trace >sorted && sort want >want.sorted &&
	test_cmp want.sorted sorted &&
	requests resutil list-remote --long && echo list >want &&
	test_cmp want trace && cp out known &&
	make_exp $two "id: $(test_id 2)" "state: done" && store $two &&
	requests resutil list-remote --long && sort trace >sorted &&
	printf "get\nlist\n" >want && test_cmp want sorted &&
	sed "s/running/done/" known | cut -f 1,4 >want && cut -f 1,4 out >short &&
	test_cmp want short
'

# The directory of such a pack is longer than what is read of its end.
test_expect_success 'of a pack of many files little is read' '
	many=aapfcd_20240704T111540_many &&
	make_exp $many "user: eve" && (
		cd results/$many && seq 1 3000 | split -l 1 -a 4 - file
	) && store $many && rm -r results/$many &&
	test_when_finished "rm store/project/$many.zip" &&
	requests resutil list-remote --long && grep "^$many	.*	eve$" out &&
	printf "get\nget\nlist\n" >want && sort trace >sorted &&
	test_cmp want sorted &&
	sed -n "s/.* store: get .* -> \([0-9]*\) bytes.*/\1/p" all >bytes &&
	test $(awk "{ n += \$1 } END { print n }" bytes) -lt 140000 &&
	requests resutil list-remote --long && echo list >want &&
	test_cmp want trace
'

# Whoever writes a record that has not the hash of the comment is found out.
test_expect_success 'a record that is not the promised one' '
	many=aapfcd_20240704T111540_many &&
	make_exp $many "user: eve" &&
	head -c 200000 /dev/urandom >results/$many/data && store $many &&
	test_when_finished "rm -r results/$many store/project/$many.zip" &&
	sed "s/user: eve/user: bob/" store/project/$many.zip >forged &&
	cp forged store/project/$many.zip &&
	resutil list-remote --long --format "%(name):%(user):%(problem)" >out &&
	grep "^$many::.*resutil-exp.yaml.*CRC" out
'

cache () {
	find "$HOME/.cache" -path "*remotes/origin"
}

test_expect_success 'a cache that says nothing new is not written' '
	resutil list-remote --long >want && c=$(cache) && test -n "$c" &&
	stat -c %i "$c" >before && cp "$c" copy &&
	resutil list-remote --long >out && stat -c %i "$c" >after &&
	test_cmp before after && test_cmp copy "$c" && test_cmp want out
'

test_expect_success 'a bad cache is as if it were not there' '
	resutil list-remote --long >want && c=$(cache) && cp "$c" good &&
	for edit in "s/^resutil-known 1/resutil-known 9/" "s/	done	/	/" \
		"3,\$s/	/ /3" "3,\$s/{/[/" "3,\$s/	2	1	/	7	1	/" \
		"s/$one	/$one	9/" "2s/project/x/" "3,\$s/$/	more/"
	do
		sed "$edit" good >"$c" &&
		resutil list-remote --long >out 2>err &&
		test_must_be_empty err && test_cmp want out || return 1
	done &&
	head -c 300 good >"$c" && resutil list-remote --long >out &&
	test_cmp want out && head -c 4000 /dev/urandom >"$c" &&
	resutil list-remote --long >out && test_cmp want out &&
	rm "$c" && mkdir "$c" && resutil list-remote --long >out &&
	test_cmp want out && rmdir "$c" && ln -s /etc/passwd "$c" &&
	resutil list-remote --long >out && test_cmp want out
'

test_expect_success 'without a place for caches' '
	resutil list-remote --long >want &&
	(
		unset HOME XDG_CACHE_HOME &&
		resutil list-remote --long >out &&
		test_cmp want out &&
		test_expect_code 10 resutil list-remote --cached
	)
'

test_expect_success '--cached asks nobody' '
	rm -rf "$HOME/.cache" &&
	test_expect_code 10 resutil list-remote --cached 2>err &&
	grep "never asked" err &&
	RESUTIL_TEST_NOW=1720091755 resutil list-remote --long >want &&
	mv store away &&
	test_when_finished "mv away store" &&
	requests resutil list-remote --cached --long &&
	test_must_be_empty trace && test_cmp want out &&
	resutil list-remote --cached --format "%(seen)" >out &&
	sort -u out >line && echo 2024-07-04T11:15:55Z >want &&
	test_cmp want line
'

test_expect_success '--cached is what was last seen, not what was there before' '
	RESUTIL_TEST_NOW=1720091755 resutil list-remote >want &&
	RESUTIL_TEST_NOW=1720099999 resutil list-remote >out &&
	resutil list-remote --cached --format "%(seen)" >out &&
	grep 2024-07-04T13:33:19Z out &&
	mv store/project/$two.zip . && resutil list-remote >want &&
	resutil list-remote --cached >out && test_cmp want out &&
	mv $two.zip store/project/ && resutil list-remote >/dev/null
'

test_expect_success 'another store under the same name is not known' '
	resutil list-remote >out && mkdir -p empty &&
	cp resutil-conf.yaml keep && sed "s|/store|/empty|" keep >resutil-conf.yaml &&
	test_when_finished "mv keep resutil-conf.yaml" &&
	test_expect_code 10 resutil list-remote --cached
'

test_expect_success 'a bad pack has a problem, and is no failure' '
	bad=aapfcd_20240704T111550 && cut=aapfcd_20240704T111551 &&
	d=store/project &&
	echo "no zip" >$d/$bad.zip && head -c 60 $d/$one.zip >$d/$cut.zip &&
	: >$d/aapfcd_20240704T111552.zip &&
	test_when_finished "rm $d/$bad.zip $d/$cut.zip $d/aapfcd_20240704T111552.zip" &&
	resutil list-remote --long --format "%(name) %(problem)" >out 2>err &&
	test_must_be_empty err &&
	grep "^$bad .*origin:$bad.* no zip" out && grep "^$cut .*cut" out &&
	grep "^aapfcd_20240704T111552 .*no" out && grep "^$one $" out
'

test_expect_success PYTHON 'a zip that resutil did not write' '
	d=store/project && foreign=aapfcd_20240704T111553_py &&
	python3 -c "
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1], \"w\")
z.writestr(\"a.txt\", \"x\")
z.writestr(\"resutil-exp.yaml\", \"name: n\\ncmd: train.py\\ndependency:\\n- results/$one\\n\")
z.close()
z = zipfile.ZipFile(sys.argv[2], \"w\")
z.writestr(\"only.txt\", \"x\")
z.close()" $d/$foreign.zip $d/aapfcd_20240704T111554.zip &&
	test_when_finished "rm $d/$foreign.zip $d/aapfcd_20240704T111554.zip" &&
	resutil list-remote --long --format "%(name) %(tree) %(dependency) %(problem)" >out &&
	grep -x "$foreign  \\[\"$one\"\\] " out &&
	grep -x "aapfcd_20240704T111554   " out &&
	requests resutil list-remote --long && echo list >want &&
	test_cmp want trace
'

test_expect_success 'a store that is not there is unreachable' '
	mv store away && test_when_finished "mv away store" &&
	test_expect_code 12 resutil list-remote --timeout 5 >out 2>err &&
	test_must_be_empty out && grep "store" err && test_path_is_missing store
'

test_expect_success 'a project that the store does not have holds nothing' '
	mkdir fresh && test_expect_code 0 \
		resutil list-remote --remote "dir:$TRASH_DIRECTORY/fresh" >out &&
	test_must_be_empty out
'

test_expect_success '--timeout that is long enough changes nothing' '
	resutil list-remote --long >want &&
	resutil list-remote --long --timeout 60 >out && test_cmp want out &&
	resutil list-remote --long --cached --timeout 60 >out && test_cmp want out
'

test_expect_success FAULTS 'a store that never answers' '
	test_expect_code 12 with_faults RESUTIL_TEST_STORE_FAULT=list:1:hang \
		timeout 20 resutil list-remote --timeout 1 >out 2>err &&
	test_must_be_empty out && grep "origin.* 1 second" err
'

test_expect_success FAULTS 'what cannot be learnt in time stays empty' '
	resutil list-remote --long --format "%(name),%(record)" >want &&
	rm -rf "$HOME/.cache" &&
	with_faults RESUTIL_TEST_STORE_FAULT=get:2:hang timeout 20 \
		resutil list-remote --long --timeout 1 \
		--format "%(name),%(record)" >out 2>err &&
	test_must_be_empty err && test_line_count = 3 out &&
	test $(grep -c ",$" out) = 1 && grep -v ",$" out >learnt &&
	grep -xFf learnt want >both && test_cmp learnt both &&
	requests resutil list-remote --long --format "%(name),%(record)" &&
	test_cmp want out && printf "get\nlist\n" >want && sort trace >sorted &&
	test_cmp want sorted
'

test_expect_success FAULTS 'a pack that is replaced while it is read' '
	resutil list-remote --long >want && rm -rf "$HOME/.cache" &&
	with_faults RESUTIL_TEST_STORE_FAULT=get:1:conflict \
		resutil list-remote --long >out && test_cmp want out &&
	rm -rf "$HOME/.cache" &&
	with_faults RESUTIL_TEST_STORE_FAULT=get:1+:conflict \
		resutil list-remote --long --format "%(problem)" >out &&
	test_line_count = 3 out && test $(grep -c conflict out) = 3 &&
	resutil list-remote --long >out && test_cmp want out
'

test_expect_success FAULTS 'a store that goes away in between' '
	resutil list-remote >want && rm -rf "$HOME/.cache" &&
	test_expect_code 12 with_faults \
		RESUTIL_TEST_STORE_FAULT=get:2+:unreachable \
		resutil list-remote --long --format "%(name)" >out 2>err &&
	test_cmp want out && test_line_count = 1 err &&
	test_expect_code 11 with_faults RESUTIL_TEST_STORE_FAULT=list:1:refused \
		resutil list-remote >out 2>err && test_must_be_empty out &&
	resutil list-remote --long >out && test_line_count = 3 out
'

test_expect_success 'wrong usage, unknown remotes' '
	test_expect_code 129 resutil list-remote x 2>err &&
	test_expect_code 129 resutil list-remote --timeout -1 2>err &&
	test_expect_code 129 resutil list-remote --format "%(nothing)" 2>err &&
	test_expect_code 10 resutil list-remote --remote nowhere 2>err &&
	grep nowhere err
'

test_done
