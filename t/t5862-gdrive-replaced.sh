#!/bin/sh

test_description='Drive: two replace one content, in every order of their requests'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-drive-claims.sh

test_expect_success 'setup: a shared drive, two machines of two projects' '
	start_drive && claim_accounts a b c &&
	for who in old a b
	do
		echo of $who >$who.txt || return 1
	done &&
	{ cat a.txt && head -c 9000000 /dev/zero; } >a.large &&
	{ cat b.txt && head -c 9000000 /dev/zero; } >b.large
'

# what is held; the pieces of a session go without a token, by nobody's name
point () {
	a='"account": "bot@a-"' change="\"method\": \"PATCH\", \"path\":" &&
	case $1 in
	1)	echo "$a, \"method\": \"GET\", \"path\": \"name = .$key\",
			\"when\": \"after\"" ;;
	2)	echo "$a, $change \"^/drive/\", \"when\": \"before\"" ;;
	3)	echo "$a, $change \"^/drive/\", \"when\": \"after\"" ;;
	4)	echo "$a, $change \"^/upload/\", \"when\": \"before\"" ;;
	5)	echo "$a, $change \"^/upload/\", \"when\": \"after\"" ;;
	6)	echo "$a, \"path\": \"/revisions\", \"when\": \"before\"" ;;
	7)	echo "$a, \"path\": \"/revisions\", \"when\": \"after\"" ;;
	8)	echo '"method": "PUT", "when": "before"' ;;
	9)	echo '"method": "PUT", "nth": 2, "when": "before"' ;;
	10)	echo '"method": "PUT", "nth": 2, "when": "after"' ;;
	esac
}

# race NR WINNER FILE-OF-A FILE-OF-B
race () {
	key=object-$1-${3#*.}-${4#*.} &&
	version=$(at a put-object --absent $key old.txt) &&
	google_pause "$key" "$(point $1)" &&
	begin a put-object --version=$version $key $3 &&
	google_wait "$key" &&
	begin b put-object --version=$version $key $4 &&
	# it has ended, or waits: looks at the file by its id
	settles b "files/${version%%.*}\"" 2 && google_release "$key" &&
	end a b &&
	case "$2" in
	a)	loser=b want=$3 ;;
	b)	loser=a want=$4 ;;
	esac &&
	statuses 0 $2 && statuses 14 $loser &&
	test_grep "somebody else" $loser.err && one_object $key "$want" &&
	at $loser get-object $key >got && cmp "$want" got
}

for nr in 1 2
do
	test_expect_success "b is first while a stops at request $nr" '
		race $nr b a.txt b.txt
	'
done

for nr in 3 4 5 6 7
do
	test_expect_success "a was first when it stops at request $nr" '
		race $nr a a.txt b.txt
	'
done

test_expect_success 'large ones: b is first while a sends' '
	race 8 b a.large b.txt && race 8 b a.large b.large
'

test_expect_success 'large ones: a was first when its last piece goes' '
	race 9 a a.large b.txt && race 10 a a.large b.txt
'

test_expect_success 'nobody says any more that it is about to' '
	google_admin drive_tree "{\"id\": \"$base\"}" >tree &&
	test_grep ! "resutil-by-" tree
'

# foreign KEY FILE: another program, which knows of no rules, replaces it
foreign () {
	files_of "$1" >files && read -r _ _ _ id <files &&
	google_ask -X PATCH --data-binary @"$2" \
		"/upload/drive/v3/files/$id?uploadType=media&supportsAllDrives=true" >&4
}

test_expect_success 'another program is first: its content is put back' '
	# Drive promises this of the newest revision, and of kept ones
	google_admin drive "{\"old_revisions\": false}" >&4 &&
	for nr in 4 9
	do
		key=foreign-$nr && file=a.txt &&
		{ test $nr = 4 || file=a.large; } &&
		version=$(at a put-object --absent $key old.txt) &&
		google_pause $key "$(point $nr)" &&
		begin a put-object --version=$version $key $file &&
		google_wait $key && foreign $key b.txt &&
		google_release $key && end a && statuses 14 a &&
		test_grep "replaced by somebody else at the same time" a.err &&
		one_object $key b.txt &&
		# old, that of the other, ours, that of the other
		read -r _ _ revisions _ <files &&
		test "$revisions" = 4 || return 1
	done
'

test_expect_success 'the same bytes need not be a revision' '
	google_admin drive "{\"same_revision\": true}" >&4 &&
	version=$(at a put-object --absent equal old.txt) &&
	at a put-object --version=$version equal old.txt &&
	one_object equal old.txt &&
	google_admin drive "{\"same_revision\": false}" >&4
'

test_expect_success 'who dies at it keeps nobody out for long' '
	RESUTIL_TEST_GDRIVE_CLAIM=700 && export RESUTIL_TEST_GDRIVE_CLAIM &&
	test_when_finished "unset RESUTIL_TEST_GDRIVE_CLAIM" &&
	for nr in 3 4
	do
		key=dies-$nr && version=$(at a put-object --absent $key old.txt) &&
		google_pause $key "$(point $nr)" &&
		begin a put-object --version=$version $key a.txt &&
		google_wait $key && strike a && end a &&
		at b put-object --version=$version $key b.txt &&
		one_object $key b.txt || return 1
	done
'

test_expect_success 'of three, two are told' '
	version=$(at a put-object --absent third old.txt) &&
	for who in a b
	do
		google_pause $who "\"method\": \"PATCH\", \"when\": \"before\",
			\"account\": \"bot@$who-\"" &&
		begin $who put-object --version=$version third $who.txt &&
		google_wait $who || return 1
	done &&
	echo of c >c.txt &&
	at c put-object --version=$version third c.txt &&
	google_release a && google_release b && end a b &&
	statuses 14 a b && one_object third c.txt
'

test_expect_success 'who lets anything be replaced replaces it' '
	version=$(at a put-object --absent any old.txt) &&
	google_pause any "\"path\": \"^/upload/\", \"when\": \"before\",
		\"account\": \"bot@a-\"" &&
	begin a put-object any a.txt && google_wait any &&
	at b put-object any b.txt &&
	google_release any && end a && statuses 0 a && one_object any a.txt
'

test_expect_success 'it was removed meanwhile: told, and nothing is there' '
	version=$(at a put-object --absent gone old.txt) &&
	google_pause gone "$(point 4)" &&
	begin a put-object --version=$version gone a.txt && google_wait gone &&
	at b remove-object gone && google_release gone && end a &&
	statuses 14 a && test_expect_code 10 resutil get-object \
		--remote "$(cat b.url)" gone 2>err
'

test_expect_success 'it was renamed meanwhile: told, and has its old content' '
	version=$(at a put-object --absent from old.txt) &&
	google_pause from "$(point 4)" &&
	begin a put-object --version=$version from a.txt && google_wait from &&
	files_of from >files && read -r _ _ _ id <files &&
	google_admin drive_change "{\"id\": \"$id\", \"name\": \"to\"}" >&4 &&
	google_release from && end a && statuses 14 a &&
	one_object to old.txt && files_of from >files &&
	test_must_be_empty files
'

test_done
