#!/bin/sh

test_description='Drive: two replace one content, in every order of their requests'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-drive-claims.sh

test_expect_success 'setup: a shared drive, two machines of two projects' '
	start_drive && claim_accounts a b &&
	for who in old a b
	do
		echo of $who >$who.txt || return 1
	done &&
	{ cat a.txt && head -c 9000000 /dev/zero; } >a.large &&
	{ cat b.txt && head -c 9000000 /dev/zero; } >b.large
'

# what is held; the pieces of a session go without a token, by nobody's name
point () {
	a='"account": "bot@a-"' &&
	case $1 in
	1)	echo "$a, \"method\": \"GET\", \"path\": \"name = .$key\",
			\"when\": \"after\"" ;;
	2)	echo "$a, \"method\": \"PATCH\", \"when\": \"before\"" ;;
	3)	echo "$a, \"method\": \"PATCH\", \"when\": \"after\"" ;;
	4)	echo "$a, \"path\": \"/revisions\", \"when\": \"before\"" ;;
	5)	echo "$a, \"path\": \"/revisions\", \"when\": \"after\"" ;;
	6)	echo '"method": "PUT", "when": "before"' ;;
	7)	echo '"method": "PUT", "nth": 2, "when": "before"' ;;
	8)	echo '"method": "PUT", "nth": 2, "when": "after"' ;;
	esac
}

# race NR WINNER FILE-OF-A FILE-OF-B
race () {
	key=object-$1-${3#*.}-${4#*.} &&
	version=$(at a put-object --absent $key old.txt) &&
	google_pause "$key" "$(point $1)" &&
	begin a put-object --version=$version $key $3 &&
	google_wait "$key" &&
	begin b put-object --version=$version $key $4 && end b &&
	google_release "$key" && end a &&
	case "$2" in
	a)	loser=b ;;
	b)	loser=a ;;
	esac &&
	statuses 0 $2 && statuses 14 $loser &&
	test_grep "somebody else" $loser.err &&
	eval "winner=\$$((2 + $(echo $2 | tr ab 12)))" &&
	one_object $key "$winner" &&
	at $loser get-object $key >got && cmp "$winner" got
}

for nr in 1 2
do
	test_expect_success "b is first while a stops at request $nr" '
		race $nr b a.txt b.txt
	'
done

for nr in 3 4 5
do
	test_expect_success "a was first when it stops at request $nr" '
		race $nr a a.txt b.txt
	'
done

test_expect_success 'large ones: b is first while a sends' '
	race 6 b a.large b.txt && race 7 b a.large b.large
'

test_expect_success 'large ones: a was first when its last piece is there' '
	race 8 a a.large b.txt
'

test_expect_success 'what is put back has no metadata of the loser' '
	google_admin drive_tree "{\"id\": \"$base\"}" >tree &&
	test_grep ! "resutil-state\": " tree
'

test_expect_success 'both contents are in the history of the file' '
	files_of object-2-txt-txt >files && read -r _ _ revisions _ <files &&
	echo 4 >want && echo "$revisions" >got && test_cmp want got
'

test_expect_success 'a third one who was overwritten by neither is told, too' '
	version=$(at a put-object --absent third old.txt) &&
	for who in a b
	do
		google_pause $who "\"method\": \"PATCH\", \"when\": \"before\",
			\"account\": \"bot@$who-\"" &&
		begin $who put-object --version=$version third $who.txt &&
		google_wait $who || return 1
	done &&
	echo of c >c.txt &&
	at a put-object --version=$version third c.txt &&
	google_release a && end a && google_release b && end b &&
	statuses 14 a b && one_object third c.txt
'

test_expect_success 'who lets anything be replaced replaces it' '
	version=$(at a put-object --absent any old.txt) &&
	google_pause any "\"method\": \"PATCH\", \"when\": \"before\",
		\"account\": \"bot@a-\"" &&
	begin a put-object any a.txt && google_wait any &&
	at b put-object any b.txt &&
	google_release any && end a && statuses 0 a && one_object any a.txt
'

test_expect_success 'it was removed meanwhile: told, and nothing is there' '
	version=$(at a put-object --absent gone old.txt) &&
	google_pause gone "\"method\": \"PATCH\", \"when\": \"before\",
		\"account\": \"bot@a-\"" &&
	begin a put-object --version=$version gone a.txt && google_wait gone &&
	at b remove-object gone && google_release gone && end a &&
	statuses 14 a && test_expect_code 10 resutil get-object \
		--remote "$(cat b.url)" gone 2>err
'

test_expect_success 'it was renamed meanwhile: told, and has its old content' '
	version=$(at a put-object --absent from old.txt) &&
	google_pause from "\"method\": \"PATCH\", \"when\": \"before\",
		\"account\": \"bot@a-\"" &&
	begin a put-object --version=$version from a.txt && google_wait from &&
	files_of from >files && read -r _ _ _ id <files &&
	google_admin drive_change "{\"id\": \"$id\", \"name\": \"to\"}" >&4 &&
	google_release from && end a && statuses 14 a &&
	one_object to old.txt && files_of from >files &&
	test_must_be_empty files
'

test_done
