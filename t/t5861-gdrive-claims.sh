#!/bin/sh

test_description='Drive: two put one name, in every order of their requests'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-drive-claims.sh

test_expect_success 'setup: a shared drive, two machines of two projects' '
	start_drive && claim_accounts a b &&
	echo of a >a.txt && echo of b >b.txt
'

# members of what is held, by number: what a put asks for, and when
point () {
	list="\"method\": \"GET\", \"path\": \"name = .$key\""
	case $1 in
	1)	echo '"method": "POST", "path": "/upload/", "when": "before"' ;;
	2)	echo '"method": "POST", "path": "/upload/", "when": "after"' ;;
	3)	echo "$list, \"when\": \"before\"" ;;
	4)	echo "$list, \"when\": \"after\"" ;;
	5)	echo '"method": "PATCH", "when": "before"' ;;
	6)	echo '"method": "PATCH", "when": "after"' ;;
	7)	echo "$list, \"nth\": 2, \"when\": \"before\"" ;;
	8)	echo "$list, \"nth\": 2, \"when\": \"after\"" ;;
	esac
}

# hold_a NR: the machine a stops there
hold_a () {
	google_pause "$key" "$(point $1), \"account\": \"bot@a-\""
}

for order in smaller larger
do
	for nr in 1 2 3 4 5 6 7 8
	do
		test_expect_success "a stops at request $nr and has the $order id" '
			key=$order-$nr && hold_a $nr &&
			if test $order = smaller
			then
				claim_ids 1
			else
				claim_ids 8
			fi &&
			begin a put-object --absent $key a.txt &&
			google_wait $key && claim_ids 4 &&
			begin b put-object --absent $key b.txt &&
			settles b $key 3 && google_release $key && end a b &&
			case "$(cat a.status),$(cat b.status)" in
			0,14)	winner=a loser=b ;;
			14,0)	winner=b loser=a ;;
			*)	cat a.err b.err >&4 && false ;;
			esac &&
			test_must_be_empty $winner.err &&
			test_grep "'\''$key'\'' in\|'\''$key'\'' is in" $loser.err &&
			one_object $key $winner.txt &&
			at $loser get-object $key >got &&
			test_cmp $winner.txt got
		'
	done
done

test_done
