#!/bin/sh

test_description='match-keys: which keys of a list a pattern means'
. ./test-lib.sh

PACK=aapfup_20240704T191555.zip

# means PATTERN KEY...: of the keys in `keys`, in their order
means () {
	pattern=$1 &&
	shift &&
	resutil match-keys "$pattern" <keys >out 2>err &&
	test_must_be_empty err &&
	for key
	do
		printf "%s\n" "$key"
	done >want &&
	test_cmp want out
}

test_expect_success 'setup: the keys of the page' '
	printf "%s\n" Data/a.txt Data/sub/b.txt Data2/c.txt \
		Model/t5-wise-419.bin Modelx/t5-likewise-419.bin >keys
'

# |`+PATTERN+` |`KEY`, `KEY` or none or all |`KEY`...
test_expect_success 'each line of the table of resutil-glob(7) is true' '
	page="$SOURCE_DIRECTORY"/Documentation/resutil-glob.adoc &&
	sed -n "s/^|\`+\(.*\)+\` |\(.*\) |\(.*\)\$/\1	\2	\3/p" "$page" |
		tr -d "\` " >table &&
	test_line_count -gt 15 table &&
	while IFS="	" read -r pattern hits misses
	do
		case $hits in
		none) : >want ;;
		all) cat keys >want ;;
		*) printf "%s\n" "$hits" | tr , "\n" >want ;;
		esac &&
		resutil match-keys -- "$pattern" <keys >out &&
		test_cmp want out &&
		printf "%s" "$misses" | tr , "\n" >not &&
		! grep -F -x -f not out || {
			echo "wrong: $pattern"
			return 1
		}
	done <table
'

test_expect_success 'what the S3 utilities got wrong' '
	means "Data/*" Data/a.txt Data/sub/b.txt &&
	means Data &&
	means "./D?ta/" Data/a.txt Data/sub/b.txt
'

test_expect_success 'order, doubles and odd keys stay as they are' '
	printf "%s\n" b a "" a "x y" "../x" "a//b" "-z" "\"a\"" >list &&
	resutil match-keys "*" <list >out && grep -v "^\$" list >want &&
	test_cmp want out &&
	resutil match-keys -- "-*" <list >out && echo -z >want &&
	test_cmp want out
'

test_expect_success 'the last line may lack its end' '
	printf "a\nb" | resutil match-keys "*" >out &&
	printf "a\nb\n" >want && test_cmp want out &&
	printf "b" | resutil match-keys a >out && test_must_be_empty out &&
	resutil match-keys "*" </dev/null >out && test_must_be_empty out
'

test_expect_success '-v prints the others, and no empty line' '
	printf "a\n\nb\n.git/config\n\nc\n" >list &&
	resutil match-keys -v "[ac]" <list >out &&
	printf "b\n.git/config\n" >want && test_cmp want out &&
	resutil match-keys --invert-match "*" <list >out &&
	echo .git/config >want && test_cmp want out
'

test_expect_success '-z: NUL, and a newline is a character' '
	printf "a\nb\0c\0\0a\0" >list &&
	resutil match-keys -z "a*" <list >out &&
	printf "a\nb\0a\0" >want && cmp want out &&
	resutil match-keys -z "a?b" <list >out &&
	printf "a\nb\0" >want && cmp want out &&
	printf "c" | resutil match-keys -z "*" >out &&
	printf "c\0" >want && cmp want out
'

test_expect_success 'bytes that are no UTF-8, and a NUL in a line' '
	printf "a\377b\nab\na\303\251b\na\0b\n" >list &&
	resutil match-keys "a?b" <list >out &&
	printf "a\377b\na\303\251b\na\0b\n" >want && cmp want out &&
	resutil match-keys "$(printf "a\377*")" <list >out &&
	printf "a\377b\n" >want && cmp want out &&
	resutil match-keys "$(printf "a[!\303\251]b")" <list >out &&
	printf "a\377b\na\0b\n" >want && cmp want out
'

test_expect_success 'brackets' '
	printf "%s\n" "]" a "[!]" "[" m z "[a" >keys &&
	means "[]a]" "]" a &&
	resutil match-keys "[!]" <keys >out 2>err &&
	echo "[!]" >want && test_cmp want out &&
	grep "its .\]. is missing" err &&
	means "[z-a]" &&
	means "[!z-a]" "]" a "[" m z &&
	means "[[]" "[" &&
	resutil match-keys "[a" <keys >out 2>err && echo "[a" >want &&
	test_cmp want out && test_line_count = 1 err
'

test_expect_success 'patterns that no key matches are wrong usage' '
	for pattern in "" / /a a/../b .. "*/.." . a/./b
	do
		test_expect_code 129 resutil match-keys "$pattern" <keys \
			>out 2>err || return 1
		test_must_be_empty out && grep "the pattern" err || return 1
	done &&
	long=$(printf "%4097s" "" | tr " " a) &&
	test_expect_code 129 resutil match-keys "$long" <keys 2>err &&
	grep "longer than 4096" err &&
	test_expect_code 129 resutil match-keys <keys 2>err &&
	grep "which pattern" err &&
	test_expect_code 129 resutil match-keys a b <keys 2>err &&
	grep "quote it" err
'

test_expect_success 'a pattern does nothing to a terminal' '
	test_expect_code 129 resutil match-keys "$(printf "/\033[31mx")" <keys 2>err &&
	! grep "$(printf "\033")" err
'

test_expect_success 'packs, private directories and secrets are not meant' '
	printf "%s\n" project/$PACK deep/er/$PACK project/x.zip .git/config \
		.GIT/config .gitignore .resutil/x .resutil-get-1 .env \
		sub/id_rsa sub/id_rsa.pub >keys &&
	means "*" project/x.zip .gitignore sub/id_rsa.pub &&
	resutil match-keys --packs "*.zip" <keys >out &&
	printf "%s\n" project/$PACK deep/er/$PACK project/x.zip >want &&
	test_cmp want out &&
	means ".git*" .gitignore &&
	means ".git/" .git/config &&
	means ".git/config" .git/config &&
	means .env .env &&
	means ".e*" &&
	means sub/id_rsa sub/id_rsa &&
	means .resutil-get-1
'

test_expect_success 'results_dir of a project is not meant, from anywhere in it' '
	mkdir -p project/sub && cat >project/resutil-conf.yaml <<-\EOF &&
	project_name: p
	results_dir: sub/results
	storage_type: dir
	storage_config:
	  path: ../store
	EOF
	printf "%s\n" results/x sub/results/x x >list &&
	(cd project && resutil match-keys "*" <../list) >out &&
	printf "%s\n" results/x x >want && test_cmp want out &&
	(cd project/sub && resutil match-keys "*" <../../list) >out &&
	printf "%s\n" sub/results/x x >want && test_cmp want out &&
	(cd project && resutil match-keys "sub/results/*" <../list) >out &&
	echo sub/results/x >want && test_cmp want out &&
	resutil match-keys "*" <list >out && test_cmp list out
'

test_expect_success 'lines of any length, over the ends of blocks' '
	awk "BEGIN {
		for (i = 0; i < 400; i++) {
			s = \"\"
			n = (i * 7919) % 5000
			while (length(s) < n) s = s \"0123456789\"
			print \"k\" i \"/\" s (i % 3 ? \".txt\" : \".bin\")
		}
		s = \"x\"
		for (i = 0; i < 20; i++) s = s s
		print s
		print \"end\"
	}" >list &&
	resutil match-keys "*.bin" <list >out && grep "bin\$" list >want &&
	test_cmp want out &&
	resutil match-keys "*" <list >out && cmp list out &&
	cat list | resutil match-keys -v "k*" >out && tail -n 2 list >want &&
	cmp want out
'

test_expect_success 'what is no list of keys is not held in memory' '
	test_expect_code 13 timeout 60 resutil match-keys "*" </dev/zero \
		>out 2>err &&
	test_must_be_empty out && grep "no list of keys" err &&
	(ulimit -v 200000 && printf "a\n" &&
		awk "BEGIN { while (n++ < 30000000) printf \"x\" }") >long &&
	test_expect_code 13 resutil match-keys "*" <long >out 2>err &&
	echo a >want && test_cmp want out
'

test_expect_success 'what cannot be read is told' '
	test_expect_code 128 resutil match-keys "*" <. >out 2>err &&
	grep "cannot read the keys" err
'

test_expect_success 'a full disk is told' '
	test -c /dev/full || return 0
	test_expect_code 128 resutil match-keys "*" <keys >/dev/full 2>err &&
	test -s err
'

test_expect_success !SANITIZED 'ten times the keys take no more memory' '
	awk "BEGIN { while (n++ < 100000) print \"Data/dir/file-\" n \".txt\" }" >list &&
	for times in 1 10
	do
		n=0 &&
		while test $n -lt $times
		do
			cat list && n=$((n + 1)) || return 1
		done | max-rss kib.$times resutil match-keys "*1.txt" >out ||
			return 1
	done &&
	grep -c "1.txt" list >once && test_line_count = $(($(cat once) * 10)) out &&
	test "$(cat kib.10)" -lt $(($(cat kib.1) + 1024))
'

# Exponential or quadratic ones would take hours.
test_expect_success 'hostile patterns take their time, and not more' '
	awk "BEGIN {
		s = \"a\"
		for (i = 0; i < 10; i++) s = s s
		for (i = 0; i < 2000; i++) print s
	}" >list &&
	for pattern in "*a*a*a*a*a*a*a*a*a*b" "*?*?*?*?*?*?*?*b" \
		"*a?a?a?a?a?a?a?a?b*" "*[ab][ab][ab]*[ab][ab]?c*" \
		"a*aa*aaa*aaaa*aaaaa*aaaaaa*b"
	do
		timeout 20 resutil match-keys "$pattern" <list >out &&
		test_must_be_empty out || return 1
	done
'

test_done
