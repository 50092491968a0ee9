#!/bin/sh

test_description='check-store: what is wrong with a store'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh
. "$TEST_DIRECTORY"/lib-checks.sh

three=aapfcd_20240704T111557_three
check_fields=1-5

# begin: three experiments, all of them in the store
begin () {
	rm -rf "$store" results .resutil cache && mkdir "$store" &&
	make_exp $one "id: $(test_id 1)" "revision: 1" "state: done" &&
	make_exp $two "id: $(test_id 2)" "revision: 1" "state: done" \
		"dependency: [$one]" "dependency_ids: {$one: $(test_id 1)}" &&
	make_exp $three "id: $(test_id 3)" "revision: 1" "state: done" &&
	echo 0.5 >results/$one/loss && seq 1 3000 >results/$two/log &&
	echo 1 >results/$three/x && send $one $two $three
}

# begin_large: the same, longer than what is read of each at once
begin_large () {
	begin && rm -r "$objects" .resutil && for begin_name in $one $two $three
	do
		head -c 100000 /dev/urandom >results/$begin_name/a-weights ||
		return 1
	done && send $one $two $three
}

# break_at NAME OFFSET: another byte there; negative: from the end
break_at () {
	python3 -c "
import sys
with open(sys.argv[1], 'r+b') as f:
    at = int(sys.argv[2])
    f.seek(at, 2 if at < 0 else 0)
    byte = f.read(1)
    f.seek(at, 2 if at < 0 else 0)
    f.write(bytes([byte[0] ^ 1]))
" "$objects/$1.zip" "$2"
}

# break_file NAME: the first byte of the file after the record
break_file () {
	break_file_at=$(python3 -c "
import sys
data = open(sys.argv[1], 'rb').read()
at = data.index(b'PK\\3\\4', 4)
print(at + 30 + data[at + 26] + data[at + 28])
" "$objects/$1.zip") &&
	break_at "$1" "$break_file_at"
}

# break_directory NAME: where its last file begins
break_directory () {
	break_directory_at=$(python3 -c "
import sys
print(open(sys.argv[1], 'rb').read().rindex(b'PK\\1\\2') + 42)
" "$objects/$1.zip") &&
	break_at "$1" "$break_directory_at"
}

test_expect_success 'setup' '
	make_conf && begin
'

test_expect_success 'nothing is wrong' '
	check && finds && check --read-data && finds &&
	check --read-data --repair --prune --older-than=0 -j 1 && finds &&
	resutil check-store --json >out && test_must_be_empty out
'

test_expect_success 'an empty store, and one of other projects' '
	mkdir empty && resutil check-store --remote dir:empty >out &&
	test_must_be_empty out && mkdir empty/other &&
	echo no pack >empty/other/$one.zip && echo >empty/project &&
	resutil check-store --remote dir:empty >out && test_must_be_empty out
'

test_expect_success 'what is no experiment is nothing' '
	begin && echo hello >"$objects"/README &&
	echo hello >"$objects"/notes.zip && mkdir "$objects"/$one.zip.d &&
	echo hello >"$objects"/$one.zip.d/$one.zip && check && finds
'

for size in 0 1 21 100
do
	test_expect_success "a pack that was cut to $size bytes" '
		begin && head -c $size "$objects"/$two.zip >cut &&
		cp cut "$objects"/$two.zip && test_expect_code 1 check &&
		finds "error pack-damaged open $two.zip $two"
	'
done

test_expect_success 'another byte in the archive comment, the directory, a file' '
	begin && break_at $two -1 && test_expect_code 1 check &&
	finds "error pack-damaged open $two.zip $two" &&
	begin && break_directory $two && test_expect_code 1 check &&
	finds "error pack-damaged open $two.zip $two" &&
	begin && break_at $two -19 && test_expect_code 1 check &&
	finds "error pack-damaged open $two.zip $two" &&
	begin && break_file $two && test_expect_code 1 check &&
	finds "error pack-damaged open $two.zip $two" &&
	grep "$two.: .log.: " out
'

test_expect_success 'any other byte in a content, a name or the comment' '
	begin && mkdir -p flipped/project && python3 -c "
import datetime, struct, sys
data = open(sys.argv[1], \"rb\").read()
places, at = [], 0
while data[at:at + 4] == b\"PK\\3\\4\":
    packed, = struct.unpack_from(\"<I\", data, at + 18)
    name, extra = struct.unpack_from(\"<HH\", data, at + 26)
    begin = at + 30 + name + extra
    places += [*range(at + 30, at + 30 + name), *range(begin, begin + packed)]
    at = begin + packed
places += range(data.rindex(b\"resutil-pack \") + 13, len(data))
when = datetime.datetime(2024, 7, 4, 11, 15)
for place in places:
    bad = bytearray(data)
    bad[place] ^= 1 << place % 8
    when += datetime.timedelta(seconds=1)
    name = when.strftime(\"aapfcd_%Y%m%dT%H%M%S\") + \"_at%d.zip\" % place
    open(\"flipped/project/\" + name, \"wb\").write(bad)
" "$objects"/$one.zip && ls flipped/project | sed "s/\.zip$//" >want &&
	test $(wc -l <want) -gt 300 &&
	test_expect_code 1 resutil check-store --remote dir:flipped >out &&
	grep "^error	pack-damaged	open	" out | cut -f 5 >got &&
	test_cmp want got
'

test_expect_success 'of many bad files three are named' '
	begin && rm "$objects"/$three.zip && for i in 1 2 3 4 5
	do
		echo 0.5 >results/$three/loss$i || return 1
	done && send --force $three &&
	sed "s/0[.]5/0.4/" <"$objects"/$three.zip >forged.zip &&
	cp forged.zip "$objects"/$three.zip && test_expect_code 1 check &&
	finds "error pack-damaged open $three.zip $three" &&
	grep "loss1.*; .*loss2.*; .*loss3.*; and 2 more" out &&
	test_grep ! loss4 out
'

test_expect_success 'of a long pack the content is read on demand' '
	begin_large && break_file $two && check && finds &&
	test_expect_code 1 check --read-data &&
	finds "error pack-damaged open $two.zip $two" &&
	grep "$two.: .a-weights.: " out
'

# forge: the comment of the pack, and another record
forge () {
	rm -rf forged && cp -r results/$one forged &&
	echo "tags: [x]" >>forged/resutil-exp.yaml &&
	resutil pack-exp -o forged.zip forged && python3 -c "
import sys
good, forged = (open(name, 'rb').read() for name in sys.argv[1:])
comment = good[good.rindex(b'resutil-pack '):]
old = forged[forged.rindex(b'resutil-pack '):]
assert len(old) == len(comment)
open(sys.argv[1], 'wb').write(forged[:-len(old)] + comment)
" "$objects"/$one.zip forged.zip
}

test_expect_success 'the record of a pack is not what it promises' '
	begin && forge && test_expect_code 1 check &&
	finds "error pack-damaged open $one.zip $one" && grep "record" out &&
	begin_large && forge && test_expect_code 1 check &&
	finds "error pack-damaged open $one.zip $one" && grep "its record" out
'

test_expect_success 'a pack of a later version is not damaged' '
	begin && sed "s/resutil-pack 1 /resutil-pack 2 /" \
		<"$objects"/$two.zip >later && cp later "$objects"/$two.zip &&
	test_expect_code 1 check --repair &&
	finds "error unreadable open $two.zip $two" &&
	test_cmp_bin later "$objects"/$two.zip
'

test_expect_success 'nor is one beyond the limits, where nothing is unpacked' '
	begin && resutil -c unpack.max-size=1 check-store >out &&
	test_must_be_empty out &&
	test_expect_code 1 resutil -c unpack.max-entries=1 check-store >out &&
	cut -f 1-2 out >told && for name in $one $two $three
	do
		printf "error\tunreadable\n" || return 1
	done >want && test_cmp want told && grep "raise unpack.max-entries" out
'

test_expect_success 'packs of other tools are fine, but not without a record' '
	begin && rm "$objects"/$three.zip && (
		cd results/$three && python3 -c "
import zipfile
with zipfile.ZipFile(\"$objects/$three.zip\", \"w\") as z:
    z.write(\"resutil-exp.yaml\")
"
	) && check && finds && check --read-data && finds &&
	mkdir plain && echo x >plain/file &&
	resutil pack-exp -o "$objects"/$three.zip plain &&
	test_expect_code 1 check &&
	finds "error pack-no-record open $three.zip $three" &&
	printf "a: b: c\n" >plain/resutil-exp.yaml && (
		cd plain && python3 -c "
import zipfile
with zipfile.ZipFile(\"$objects/$three.zip\", \"w\") as z:
    z.write(\"resutil-exp.yaml\")
"
	) && test_expect_code 1 check &&
	finds "error pack-no-record open $three.zip $three"
'

test_expect_success 'one run under two names' '
	begin && cp "$objects"/$three.zip "$objects"/${three}_copy.zip &&
	test_expect_code 1 check &&
	finds "error duplicate-id open ${three}_copy.zip ${three}_copy" &&
	mkdir -p .resutil/renames && : >.resutil/renames/$three &&
	test_when_finished "rm .resutil/renames/$three" &&
	check && test_must_be_empty out
'

test_expect_success 'a dependency that is nowhere' '
	begin && rm "$objects"/$one.zip && test_expect_code 1 check &&
	finds "warning vanished open $one.zip $one" &&
	rm -r results/$one && test_expect_code 1 check &&
	finds "warning vanished open $one.zip $one" \
		"warning dependency-missing open $two.zip $two"
'

test_expect_success 'a dependency under another comment is there' '
	begin && mv "$objects"/$one.zip "$objects"/${one}_renamed.zip &&
	rm -r results/$one && check && finds
'

test_expect_success 'a dependency that is another run' '
	begin && rm -r results/$one "$objects"/$one.zip .resutil &&
	make_exp $one "id: $(test_id 9)" "revision: 1" &&
	send $one && test_expect_code 1 check &&
	finds "error dependency-differs open $two.zip $two"
'

test_expect_success 'what has vanished, and was removed on purpose' '
	begin && rm "$objects"/$three.zip && test_expect_code 1 check &&
	finds "warning vanished open $three.zip $three" &&
	grep "resutil push $three" out && send $three && check && finds &&
	resutil remove-exp --remote origin $three && check && finds
'

test_expect_success 'what vanished and is nowhere is forgotten on demand' '
	begin && rm -r "$objects"/$three.zip results/$three &&
	test_expect_code 1 check &&
	finds "warning vanished open $three.zip $three" &&
	test_expect_code 1 check -n --repair && finds "warning vanished would $three.zip $three" &&
	check --repair && finds "warning vanished mended $three.zip $three" &&
	check && finds
'

test_expect_success 'findings come in byte order of keys, in any form' '
	begin && rm "$objects"/$one.zip && break_at $two -1 &&
	cp "$objects"/$three.zip "$objects"/${three}_copy.zip &&
	test_expect_code 1 check -j 4 &&
	finds "warning vanished open $one.zip $one" \
		"error pack-damaged open $two.zip $two" \
		"error duplicate-id open ${three}_copy.zip ${three}_copy" &&
	test_expect_code 1 resutil check-store -z >nul &&
	tr "\0" "\n" <nul >lines && test_cmp out lines &&
	test_expect_code 1 resutil check-store --json >json &&
	test_line_count = 3 json && sed -n 2p json >second &&
	python3 -S "$TEST_DIRECTORY/helper/json-lines.py" second >keys &&
	grep -Fx "id=pack-damaged" keys && grep -Fx "state=open" keys &&
	grep -Fx "where=project/$two.zip" keys
'

test_expect_success 'a part of the packs is read whole, and n of n read each' '
	begin_large && for name in $one $two $three
	do
		break_file $name || return 1
	done && test_expect_code 1 check --read-data && mv told all &&
	test_line_count = 3 all && >parts &&
	for part in 1/3 2/3 3/3
	do
		check --read-data-subset=$part
		cat told >>parts || return 1
	done && sort parts >sorted && test_cmp all sorted &&
	test_expect_code 1 check --read-data-subset=1% &&
	test_line_count = 1 told &&
	test_expect_code 1 check --read-data-subset=66.7% &&
	test_line_count = 3 told &&
	test_expect_code 1 check --read-data-subset=100% &&
	test_cmp all told && check --read-data-subset=10 && finds &&
	test_expect_code 1 check --read-data-subset=10G && test_cmp all told
'

for bad in 0/3 4/3 1/0 1/ /3 1/3x -1/3 0% 101% % x% 1.% 1% 0 x 10Q ""
do
	test "$bad" != 1% || continue
	test_expect_success "'$bad' is no part" '
		test_expect_code 129 resutil check-store \
			--read-data-subset="$bad" 2>err &&
		grep "is no part of the packs" err
	'
done

test_expect_success 'wrong words' '
	test_expect_code 129 resutil check-store x &&
	test_expect_code 129 resutil check-store -z --json &&
	test_expect_code 129 resutil check-store --older-than=soon 2>err &&
	grep "is no age" err &&
	test_expect_code 10 resutil check-store --remote none
'

test_expect_success 'a store that is not there' '
	begin && mv store away && test_expect_code 12 check &&
	test_must_be_empty told && test_line_count = 1 err && mv away store
'

test_expect_success 'the store is listed once, and each pack is one read' '
	begin && rm -rf "$HOME/.cache" &&
	RESUTIL_TRACE="$(pwd)/trace" resutil check-store &&
	grep "store: list project/" trace >lists &&
	grep -v "project/resutil-test-" lists >of-packs &&
	test_line_count = 1 of-packs && test_line_count = 2 lists &&
	grep -c "store: get " trace >count &&
	echo 3 >want && test_cmp want count && test_grep ! "store: stat" trace
'

test_expect_success 'a record that was read in this version is not read again' '
	begin && head -c 100000 /dev/urandom >results/$three/weights &&
	resutil update-exp --set state=done $three && send $three &&
	rm -rf "$HOME/.cache" trace &&
	RESUTIL_TRACE="$(pwd)/trace" resutil check-store &&
	grep -c "store: get .*three" trace >count && echo 2 >want &&
	test_cmp want count && rm trace &&
	RESUTIL_TRACE="$(pwd)/trace" resutil check-store &&
	grep -c "store: get .*three" trace >count && echo 1 >want &&
	test_cmp want count
'

test_expect_success 'a large pack is read by ranges' '
	begin && head -c 20000000 /dev/urandom >results/$three/weights &&
	resutil update-exp --set state=done $three && send $three &&
	check --read-data && finds && break_at $three 15000000 &&
	check && finds && test_expect_code 1 check --read-data &&
	finds "error pack-damaged open $three.zip $three"
'

test_expect_success FAULTS 'a pack that is removed or replaced meanwhile is no finding' '
	begin && with_faults RESUTIL_TEST_STORE_FAULT=get:1:conflict \
		resutil check-store -j 1 >out && test_must_be_empty out &&
	with_faults RESUTIL_TEST_STORE_FAULT=get:1+:conflict \
		resutil check-store -j 1 >out && test_must_be_empty out
'

test_expect_success FAULTS 'what the store does not give is told, the rest is checked' '
	begin && break_at $three -1 &&
	test_expect_code 1 with_faults RESUTIL_TEST_STORE_FAULT=get:1:refused \
		resutil check-store -j 1 >out &&
	cut -f 1-4 out >told && printf "error\t%s\topen\tproject/%s.zip\n" \
		unreadable $one pack-damaged $three >want && test_cmp want told
'

test_expect_success FAULTS 'a store that goes away ends the check, after what was found' '
	begin && break_at $one -1 &&
	test_expect_code 12 with_faults \
		RESUTIL_TEST_STORE_FAULT=get:2+:unreachable,stat:2+:unreachable \
		resutil check-store -j 1 >out 2>err && test_line_count = 1 err &&
	cut -f 1-4 out >told &&
	printf "error\tpack-damaged\topen\tproject/%s.zip\n" $one >want &&
	test_cmp want told
'

# By its URL, since what another clone removes has vanished for this one. An
# upload that has not begun to hold what it writes begins again with another.
test_expect_success 'others push, grow, rename and remove all the time' '
	begin && rm -rf other stop && mkdir other && (cd other && make_conf) &&
	{
		(
			cd other && i=0 && while ! test -e ../stop
			do
				i=$((i + 1)) &&
				name=$(resutil add $i) &&
				seq 1 2000 >results/$name/log &&
				resutil send-pack $name &&
				resutil update-exp --set info.x=$i $name &&
				resutil send-pack $name &&
				resutil -q comment $name then$i &&
				resutil -q rm -y -l -r then$i || exit 1
			done
		) >others 2>&1 &
	} && others=$! && for i in 1 2 3 4 5 6 7 8 9 10 11 12
	do
		resutil check-store --remote "dir:$store" --read-data \
			--prune --older-than=0 || echo "status $?"
	done >found 2>&1; >stop && wait $others &&
	test_grep ! -v "^leftover	upload-rest	removed	" found &&
	grep "^grown" others
'

test_expect_success 'a store that may only be read' '
	begin && break_at $two -1 && chmod -R a+rX . && chmod 777 . &&
	find "$store" -type d -exec chmod 555 {} + &&
	test_expect_code 1 as_user env HOME="$HOME" resutil check-store >out &&
	cut -f 1-4 out >told &&
	printf "error\tpack-damaged\topen\tproject/%s.zip\n" $two >want &&
	test_cmp want told &&
	find "$store" -type d -exec chmod 755 {} +
'

test_done
