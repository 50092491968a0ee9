#!/bin/sh

test_description='patterns: what the S3 utilities hit, what we hit, and why

The table that the page has for those who come from there, and more: with it
stands a model of what they did, so that both columns are computed.'

. ./test-lib.sh

test_have_prereq PYTHON || test_skip_all "python3 is missing"

# The old rules. In the store: up to the first "*" a beginning, of which one
# slash at the end is lost; behind that the rest must match. Without a "*" a
# beginning alone. Here: the directory before the first "*" and what lies below
# it, hidden files left out; without a "*" the names in one directory.
cat >old.py <<\EOF
import fnmatch
import sys

side, pattern, keys = sys.argv[1], sys.argv[2], sys.argv[3:]


def there(key):
    if "*" not in pattern:
        return key.startswith(pattern)
    begin, rest = pattern.split("*", 1)
    begin = begin[:-1] if begin.endswith("/") else begin
    rest = "*" + rest
    return key.startswith(begin) and fnmatch.fnmatchcase(key[len(begin):], rest)


def here(key):
    plain = pattern[2:] if pattern.startswith("./") else pattern
    if "*" in plain:
        hidden = any(part.startswith(".") for part in key.split("/"))
        return not hidden and fnmatch.fnmatchcase(key, plain)
    if plain.endswith("/"):
        return key.startswith(plain)
    return "/" not in key[plain.rfind("/") + 1:] and \
        fnmatch.fnmatchcase(key, plain)


for key in keys:
    if (there if side == "there" else here)(key):
        print(key)
EOF

test_expect_success 'setup: the same files on both sides' '
	cat >keys <<-\EOF &&
	Data/.hidden.txt
	Data/a.txt
	Data/sub/b.txt
	Data/x.txt
	Data2/c.txt
	Model/Yelp/t5_model_wise-sky-249_epoch_1419/config.json
	Model2/t5-wise-419
	a[b
	EOF
	mkdir here store &&
	while read -r key
	do
		mkdir -p "here/${key%/*}" "store/${key%/*}" 2>/dev/null
		case $key in
		*/*)	echo "$key" >"here/$key" ;;
		*)	rmdir "here/$key" "store/$key"; echo "$key" >"here/$key" ;;
		esac &&
		cp "here/$key" "store/$key" || return 1
	done <keys
'

# keys as letters in a row; "-": none
letters () {
	sed -e "s,^Data/\.hidden\.txt$,h," -e "s,^Data/a\.txt$,a," \
		-e "s,^Data/sub/b\.txt$,b," -e "s,^Data/x\.txt$,x," \
		-e "s,^Data2/c\.txt$,c," -e "s,^Model/.*,m," \
		-e "s,^Model2/.*,n," -e "s,^a\[b$,o," >named &&
	all=$(sort named | tr -d "\n") && printf "%s\n" "${all:--}"
}

ours_there () {
	resutil bucket --remote dir:store --find "$1" >found 2>err
	status=$?
	case $status in
	0|10)	letters <found ;;
	*)	echo $status ;;
	esac
}

ours_here () {
	rm -rf nothing && mkdir nothing &&
	resutil bucket --remote dir:nothing --root here --upload -n -z "$1" \
		>found 2>err
	status=$?
	case $status in
	0|10)	tr "\0" "\n" <found | cut -f 4 | letters ;;
	*)	echo $status ;;
	esac
}

# pattern, theirs in the store, theirs here, ours on both sides, why
cat >table <<\EOF
Data	abchx	-	-	a name is that name, no beginning of others
Data/	abhx	abhx	abhx	all below
Data/*	abchx	abx	abhx	a slash stays one; hidden files are files
Data/*.txt	abchx	abx	abhx	the same
Data/a.txt	a	a	a	one key
Data/**/b.txt	b	b	b	two stars say no more than one
**/b.txt	b	b	b	at any depth
Model/*t5*wise*419*	mn	m	m	the slash again
*	abchmnox	abcmnox	abchmnox	all
*.txt	abchx	abcx	abchx	a star crosses directories
D?ta/*	-	abx	abhx	? works in the store, too
./Data/*	-	abx	abhx	./ is dropped
/Data/*	-	-	129	refused, as no key begins so
Data/[x].txt	-	x	x	sets work in the store, too
Data/[!a].txt	-	x	x	and their opposite
a[b	o	o	o	a bracket alone is itself
a[[]b	-	o	o	and can be written as a set
Data*	abchx	abcx	abchx	here the beginning is asked for
EOF

tab=$(printf "\t")
while IFS=$tab read -r pattern old_there old_here ours why
do
	test_expect_success "'$pattern': $why" "
		set -f && IFS='
' && set -- \$(cat keys) && IFS=' ' && set +f &&
		python3 old.py there '$pattern' \"\$@\" | letters >actual &&
		echo '$old_there' >expect && test_cmp expect actual &&
		python3 old.py here '$pattern' \"\$@\" | letters >actual &&
		echo '$old_here' >expect && test_cmp expect actual &&
		echo '$ours' >expect &&
		ours_there '$pattern' >actual && test_cmp expect actual &&
		ours_here '$pattern' >actual && test_cmp expect actual
	"
done <table

test_done
