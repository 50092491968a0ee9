#!/bin/sh

test_description='list-objects: what lies in a store'
. ./test-lib.sh

TAB=$(printf "\t")

test_expect_success 'setup: a store as others fill it' '
	mkdir -p store/p/sub store/q/empty store/empty/deep &&
	printf 12345 >store/p/b && printf 1 >store/p/a &&
	: >store/p/sub/nothing && printf 12 >store/px && printf x >store/Z &&
	printf 3 >"store/p/new
line" &&
	printf 4 >store/.resutil-lock && mkdir store/.resutil-x &&
	printf 5 >store/.resutil-x/y && printf 6 >store/p/.resutil-put-1 &&
	ln -s a store/p/link && ln -s p store/linked && mkfifo store/p/fifo &&
	touch -d 2024-07-04T10:15:57.5Z store/p/a
'

test_expect_success 'regular files are objects, in byte order of keys' '
	resutil list-objects --remote dir:store >out 2>err &&
	test_must_be_empty err && cut -f 1,3 out >short &&
	cat >want <<-\EOF &&
	1	Z
	1	p/a
	5	p/b
	1	"p/new\nline"
	0	p/sub/nothing
	2	px
	EOF
	test_cmp want short
'

test_expect_success 'a version is inode, size and time' '
	inode=$(stat -c %i store/p/a) &&
	printf "%x-1-%x\n" "$inode" 1720088157500000000 >want &&
	resutil list-objects --remote dir:store p/a >out && cut -f 2 out >is &&
	test_cmp want is
'

test_expect_success 'a prefix ends anywhere' '
	resutil list-objects --remote dir:store p >out &&
	cut -f 3 out >keys && test_line_count = 5 keys &&
	resutil list-objects --remote dir:store p/ >out &&
	test_line_count = 4 out &&
	resutil list-objects --remote dir:store p/b >out &&
	test_line_count = 1 out &&
	resutil list-objects --remote dir:store p/b/ >out &&
	test_must_be_empty out &&
	resutil list-objects --remote dir:store linked/ >out &&
	test_must_be_empty out &&
	resutil list-objects --remote dir:store gone/x/y >out &&
	test_must_be_empty out &&
	resutil list-objects --remote dir:store .resutil- >out &&
	test_must_be_empty out &&
	resutil list-objects --remote dir:store .resutil-x/ >out &&
	test_must_be_empty out
'

test_expect_success 'a prefix that none can have is wrong usage' '
	for prefix in / /p p//a ../ p/../q
	do
		test_expect_code 129 resutil list-objects --remote dir:store \
			$prefix >out 2>err || return 1
		test_must_be_empty out && grep "the prefix .$prefix" err ||
			grep "the prefix" err || return 1
	done
'

test_expect_success '--one-level stops at the next slash' '
	resutil list-objects --remote dir:store --one-level >out &&
	cut -f 1,3 out >short &&
	cat >want <<-\EOF &&
	1	Z
	-	p/
	2	px
	EOF
	test_cmp want short &&
	resutil list-objects --remote dir:store --one-level p/s >out &&
	printf "%s\t%s\t%s\n" - - p/sub/ >want && test_cmp want out
'

test_expect_success '-z quotes nothing' '
	resutil list-objects --remote dir:store -z p/n >out &&
	printf "p/new\nline\0" >want && cut -f 3- out >is && tr -d "\n" <want >want1 &&
	tr -d "\n" <is >is1 && test_cmp want1 is1
'

test_expect_success '--json and --format' '
	resutil list-objects --remote dir:store --json p/a >out &&
	grep "^{\"size\":1,\"version\":\"[0-9a-f]*-1-[0-9a-f]*\",\"modified\":\"2024-07-04T10:15:57Z\",\"key\":\"p/a\"}\$" out &&
	resutil list-objects --remote dir:store --one-level --json p/s >out &&
	grep "^{\"size\":null,\"version\":null,\"modified\":null,\"key\":\"p/sub/\"}\$" out &&
	resutil list-objects --remote dir:store --format "%(key) %(size)" p >out &&
	head -n 1 out >first && echo "p/a 1" >want && test_cmp want first &&
	test_expect_code 129 resutil list-objects --remote dir:store \
		--format "%(x)" 2>err && grep modified err
'

test_expect_success 'a project has its stores, and relative paths count from it' '
	mkdir -p project/sub && cat >project/resutil-conf.yaml <<-\EOF &&
	project_name: p
	results_dir: results
	storage_type: dir
	storage_config:
	  path: ../store
	remotes:
	  second:
	    type: dir
	    config:
	      path: ../store/p
	EOF
	(cd project/sub && resutil list-objects p/a) >out &&
	test_line_count = 1 out &&
	(cd project/sub && resutil list-objects --remote second a) >out &&
	test_line_count = 1 out &&
	(cd project/sub && resutil list-objects --remote dir:../../store p/a) >out &&
	test_line_count = 1 out &&
	(cd project && test_expect_code 10 resutil list-objects --remote third \
		2>../err) && grep second err
'

test_expect_success 'no project and no URL' '
	test_expect_code 128 resutil list-objects >out 2>err &&
	test_must_be_empty out && grep "URL" err
'

test_expect_success 'a store that is not there is unreachable, at once' '
	test_expect_code 12 timeout 10 resutil list-objects --remote dir:gone \
		>out 2>err &&
	test_must_be_empty out && grep "gone.*make it, or mount" err &&
	! test -e gone &&
	test_expect_code 12 resutil list-objects --remote dir:store/p/a 2>err
'

test_expect_success AS_USER 'a store that may not be read is refused' '
	mkdir closed && test_when_finished "chmod 755 closed" &&
	chmod 0 closed &&
	test_expect_code 11 as_user resutil list-objects --remote dir:closed 2>err &&
	grep "closed" err
'

test_expect_success '--match prints what the pattern means' '
	mkdir -p matched/Data/sub matched/Data2 matched/.git matched/project &&
	pack=project/aapfup_20240704T191555.zip &&
	for key in Data/a.txt Data/sub/b.txt Data/c.bin Data2/c.txt \
		.git/config .env $pack
	do
		echo "$key" >"matched/$key" || return 1
	done &&
	keys () {
		resutil list-objects --remote dir:matched --format "%(key)" "$@"
	} &&
	keys --match "Data/*.txt" >out &&
	printf "%s\n" Data/a.txt Data/sub/b.txt >want && test_cmp want out &&
	keys --match "Data" >out && test_must_be_empty out &&
	keys --match "*" >out &&
	printf "%s\n" Data/a.txt Data/c.bin Data/sub/b.txt Data2/c.txt >want &&
	test_cmp want out &&
	keys --match "p*" --packs >out && echo $pack >want &&
	test_cmp want out && keys --match $pack >out &&
	test_must_be_empty out &&
	keys --match .env >out && echo .env >want && test_cmp want out &&
	resutil list-objects --remote dir:matched --match ./Data/c.bin >out &&
	resutil list-objects --remote dir:matched Data/c.bin >want &&
	test_line_count = 1 want && test_cmp want out
'

test_expect_success '--match asks for what the pattern begins with' '
	asked () {
		RESUTIL_TRACE="$(pwd)/trace" resutil list-objects \
			--remote dir:matched --match "$1" >out &&
		sed -n "/store: open/d; s/.*store: //p" trace >requests &&
		rm trace
	} &&
	asked "Data/s*/?.txt" && echo "list Data/s -> 1 objects" >want &&
	test_cmp want requests && test_line_count = 1 out &&
	asked "*" && grep "^list  *-> 7 objects" requests &&
	asked Data/a.txt && grep "^stat Data/a.txt" requests &&
	test_line_count = 1 requests && test_line_count = 1 out &&
	asked Data/gone && test_must_be_empty out &&
	asked Data && test_must_be_empty out
'

test_expect_success '--match with what it excludes is wrong usage' '
	for words in "--match x y" "--match x --one-level" "--match /x" \
		"--match ../x" "--match="
	do
		test_expect_code 129 resutil list-objects --remote dir:matched \
			$words >out 2>err || return 1
		test_must_be_empty out || return 1
	done &&
	resutil list-objects --remote dir:matched --match "[" >out 2>err &&
	test_must_be_empty out && grep "its .\]. is missing" err
'

test_expect_success 'a thousand come in byte order' '
	mkdir many && (cd many && awk "BEGIN {
		for (i = 0; i < 1000; i++) {
			s = sprintf(\"%d\", (i * 7919) % 1000)
			while (length(s) < 200) s = s \"x\"
			print s
		}
	}" | xargs touch) &&
	resutil list-objects --remote dir:many --format "%(key)" >out &&
	LC_ALL=C sort out >want && test_cmp want out &&
	test_line_count = 1000 out
'

test_expect_success 'one request for a listing' '
	RESUTIL_TRACE="$(pwd)/trace" resutil list-objects --remote dir:store \
		p/ >out &&
	grep -o "store: .*" trace >requests &&
	cat >want <<-EOF &&
	store: open dir:$(pwd)/store
	store: list p/ -> 4 objects
	EOF
	test_cmp want requests
'

test_done
