#!/bin/sh

test_description='Drive: who put a name dies, at each request'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-drive-claims.sh

# So long who watches waits for a sign of life.
RESUTIL_TEST_GDRIVE_CLAIM=700
export RESUTIL_TEST_GDRIVE_CLAIM

test_expect_success 'setup: a shared drive, two machines of two projects' '
	start_drive && claim_accounts a b &&
	echo of a >a.txt && echo of b >b.txt &&
	{ cat a.txt && head -c 9000000 /dev/zero; } >a.large
'

# what is held: of one who puts a small file, or a large one
point () {
	a='"account": "bot@a-"'
	list="$a, \"method\": \"GET\", \"path\": \"name = .$key\""
	case $1 in
	1)	echo "$a, \"method\": \"POST\", \"path\": \"/upload/\",
			\"when\": \"before\"" ;;
	2)	echo "$a, \"method\": \"POST\", \"path\": \"/upload/\",
			\"when\": \"after\"" ;;
	3)	echo "$list, \"when\": \"before\"" ;;
	4)	echo "$list, \"when\": \"after\"" ;;
	5)	echo "$a, \"method\": \"PATCH\", \"when\": \"before\"" ;;
	6)	echo "$a, \"method\": \"PATCH\", \"when\": \"after\"" ;;
	7)	echo "$list, \"nth\": 2, \"when\": \"before\"" ;;
	8)	echo '"method": "PUT", "nth": 2, "when": "before"' ;;
	9)	echo '"method": "PUT", "nth": 2, "when": "after"' ;;
	esac
}

# dies NR FILE: a dies at that request
dies () {
	key=dies-$nr-${2#*.} && google_pause $key "$(point $1)" &&
	claim_ids $((nr % 2 * 7 + 1)) &&
	begin a put-object --absent $key $2 && google_wait $key &&
	strike a && end a && statuses 137 a && claim_ids 4
}

for nr in 1 2 3 4 5
do
	test_expect_success "a dies at request $nr, and never had the name" '
		dies $nr a.txt &&
		test_expect_code 10 at b get-object $key 2>err &&
		at b put-object --absent $key b.txt && one_object $key b.txt &&
		# what was on its way arrives late, and is nobody'"'"'s
		google_release $key && at b get-object $key >got &&
		test_cmp b.txt got && files_of $key >files &&
		test "$(grep -c "^object" files)" = 1
	'
done

for nr in 6 7
do
	test_expect_success "a dies at request $nr, and has the name" '
		dies $nr a.txt && google_release $key &&
		test_expect_code 14 at b put-object --absent $key b.txt 2>err &&
		test_grep "is in .* already" err && one_object $key a.txt
	'
done

test_expect_success 'the smaller id of a dead one keeps nobody out' '
	nr=2 && claim_ids 1 && key=smaller && google_pause $key "$(point 2)" &&
	begin a put-object --absent $key a.txt && google_wait $key &&
	strike a && end a && claim_ids 4 && google_release $key &&
	files_of $key >files && grep "^pending" files &&
	at b put-object --absent $key b.txt && one_object $key b.txt
'

for nr in 8 9
do
	test_expect_success "a dies while it sends a large one (request $nr)" '
		dies $nr a.large && google_release $key &&
		at b put-object --absent $key b.txt && one_object $key b.txt
	'
done

test_expect_success 'who lives, but is slow, is told that it lost' '
	key=alive && claim_ids 8 &&
	google_pause 1 "$(point 5)" &&
	begin a put-object --absent $key a.txt && google_wait 1 &&
	claim_ids 4 && at b put-object --absent $key b.txt &&
	google_release 1 && end a && statuses 14 a && one_object $key b.txt
'

test_expect_success 'a file that its maker may not delete keeps nobody out' '
	mine=$(drive_folder mine) &&
	for who in a b
	do
		account=bot@$who-project.iam.gserviceaccount.com &&
		drive_quota $account null &&
		drive_share "$mine" $account writer &&
		sed "s/$base/$mine/" $who.url >url && mv url $who.url || return 1
	done && base=$mine && key=foreign && google_pause $key "$(point 2)" &&
	begin a put-object --absent $key a.txt && google_wait $key &&
	strike a && end a && google_release $key &&
	at b put-object --absent $key b.txt &&
	at b get-object $key >got && test_cmp b.txt got &&
	files_of $key >files && grep -c "^object" files >got && echo 1 >want &&
	test_cmp want got
'

test_done
