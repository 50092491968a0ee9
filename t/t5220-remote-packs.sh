#!/bin/sh

test_description='list-pack, cat-pack, verify-pack: packs that are in a store'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

one=aapfcd_20240704T111555_one
two=aapfcd_20240704T111556_two
big=aapfcd_20240704T111557_big
many=aapfcd_20240704T111558_many

store () {
	resutil pack-exp "$1" >"store/project/$1.zip"
}

# requests COMMAND...: runs it, and leaves a line in `trace` for each time that
# it asks the store, and the bytes that it got in `bytes`.
requests () {
	rm -f all trace &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/all" "$@" >out
	requests_status=$?
	sed -n 's/.* store: \(list\|stat\|get\|read\) .*/\1/p' all >trace
	sed -n 's/.* store: get .* -> \([0-9]*\) bytes.*/\1/p' all |
	awk '{ n += $1 } END { print n + 0 }' >bytes
	return $requests_status
}

test_expect_success 'setup' '
	mkdir -p store/project && make_conf &&
	make_exp $one "state: done" && echo 0.5 >results/$one/loss.txt &&
	mkdir results/$one/d && echo x >results/$one/d/x &&
	make_exp $two && make_exp $big && make_exp $many &&
	head -c 52000000 /dev/urandom >results/$big/weights &&
	echo small >results/$big/zzz && echo first >results/$big/aaa &&
	mkdir results/$many/d &&
	(
		cd results/$many/d &&
		seq 1 10000 | split -l 1 -a 4 - f
	) &&
	for name in $one $two $big $many
	do
		store $name || return 1
	done &&
	mkdir packs && cp store/project/*.zip packs/ && rm -r results
'

test_expect_success 'the same words as of a file' '
	resutil list-pack packs/$one.zip >want &&
	resutil list-pack $one >out && test_cmp want out &&
	resutil list-pack --info packs/$one.zip >want &&
	resutil list-pack --info one >out && test_cmp want out &&
	resutil cat-pack packs/$one.zip loss.txt d/x >want &&
	resutil cat-pack $one loss.txt d/x >out && test_cmp want out &&
	resutil verify-pack packs/$one.zip >out && cut -f 1 out >want &&
	resutil verify-pack $one >out && printf "%s\t%s\n" "$(cat want)" $one >want &&
	test_cmp want out
'

test_expect_success 'which words are experiments' '
	echo 0.5 >want &&
	for word in $one one aapfcd_20240704T111555_onex origin/@~3
	do
		case $word in
		*_onex)
			test_expect_code 10 resutil cat-pack $word loss.txt
			;;
		*)
			resutil cat-pack $word loss.txt >out &&
			test_cmp want out
			;;
		esac || return 1
	done &&
	resutil cat-pack --remote "dir:$TRASH_DIRECTORY/store" one loss.txt >out &&
	test_cmp want out && resutil cat-pack --remote origin @~3 loss.txt >out &&
	test_cmp want out
'

test_expect_success 'which words are files' '
	cp packs/$one.zip one && resutil cat-pack one d/x >out &&
	echo "not the store" >d && echo x >want && test_cmp want out &&
	rm one && mkdir one && resutil list-pack one >out && rmdir one &&
	resutil cat-pack - loss.txt <packs/$one.zip >out &&
	test_expect_code 10 resutil list-pack ./one 2>err && grep "./one" err &&
	test_expect_code 10 requests resutil list-pack one.zip 2>err &&
	test_must_be_empty trace &&
	(
		cd / && test_expect_code 10 resutil list-pack nothing
	)
'

test_expect_success 'what is not there' '
	test_expect_code 10 resutil cat-pack $one nothing 2>err &&
	grep "no .nothing. in .origin:$one." err &&
	test_expect_code 10 resutil list-pack aapfcd_20240704T111559 2>err &&
	grep "no experiment .aapfcd_20240704T111559. in .origin." err &&
	test_expect_code 129 resutil list-pack aapfcd 2>err &&
	grep ambiguous err && grep "  $two" err &&
	test_expect_code 10 resutil list-pack --remote nowhere $one 2>err &&
	grep nowhere err
'

test_expect_success 'list-pack is one stat and one read' '
	requests resutil list-pack $big && printf "stat\nget\n" >want &&
	test_cmp want trace && test $(cat bytes) -le 66000
'

test_expect_success 'a small file of a large pack is little to read' '
	for file in aaa zzz resutil-exp.yaml
	do
		requests resutil cat-pack $big $file &&
		unzip -p packs/$big.zip $file >want && test_cmp want out &&
		test $(wc -l <trace) -le 4 && test $(cat bytes) -lt 1000000 ||
		return 1
	done
'

test_expect_success 'a large file is read on, not by little pieces' '
	requests resutil cat-pack $big weights &&
	unzip -p packs/$big.zip weights >want && cmp want out && rm want out &&
	test $(wc -l <trace) -le 80 && test $(cat bytes) -lt 56000000
'

test_expect_success 'many small files are read together' '
	requests resutil verify-pack $many &&
	size=$(stat -c %s packs/$many.zip) &&
	test $(wc -l <trace) -lt 200 && test $(cat bytes) -lt $((size * 3))
'

test_expect_success 'verify-pack of several' '
	resutil verify-pack $one $two $big >out && cut -f 2 out >names &&
	printf "%s\n" $one $two $big >want && test_cmp want names &&
	cp packs/$one.zip bad.zip &&
	printf "9" | dd of=bad.zip bs=1 conv=notrunc 2>/dev/null \
		seek=$(($(grep -abo "0.5" bad.zip | head -n 1 | cut -d : -f 1))) &&
	cp bad.zip store/project/$one.zip &&
	test_when_finished "cp packs/$one.zip store/project/" &&
	test_expect_code 13 resutil verify-pack $one >out 2>err &&
	test_must_be_empty out &&
	grep "origin:$one.: .loss.txt.: its content has another CRC" err &&
	test_expect_code 3 resutil verify-pack $one $two packs/$one.zip >out 2>err &&
	test_line_count = 2 out &&
	test_expect_code 13 resutil verify-pack --json $one >out 2>err &&
	grep "\"file\":\"$one\",\"good\":false" out
'

test_expect_success 'an unreachable store' '
	mv store away && test_when_finished "mv away store" &&
	for command in "list-pack $one" "cat-pack $one x" "verify-pack $one"
	do
		test_expect_code 12 resutil $command >out 2>err &&
		test_must_be_empty out && test_line_count = 1 err || return 1
	done && test_path_is_missing store
'

test_expect_success 'limits' '
	test_expect_code 13 resutil list-pack --max-entries=2 $one 2>err &&
	grep max-entries err &&
	test_expect_code 13 resutil -c unpack.max-size=1M cat-pack $big zzz 2>err &&
	grep max-size err
'

test_done
