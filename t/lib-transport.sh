# The contract of stores, clause by clause: each clause of `resutil test-store`
# is a test. The file that includes this has set STORE_URL to a store that is
# there; what it holds is left alone.

# clause NR: what test-store said of it
clause () {
	sed -n -e "/^ok $1 /p" -e "/^not ok $1 /,/^\(not \)\{0,1\}ok /p" tap
}

# clause_kept NR: it was kept, or skipped
clause_kept () {
	clause "$1" >said &&
	if ! grep -q "^ok $1 - " said
	then
		cat said >&4
		return 1
	fi
}

test_expect_success "test-store can use $STORE_URL" '
	status=0 &&
	{ resutil test-store "$STORE_URL" >tap 2>tap.err || status=$?; } &&
	test_must_be_empty tap.err &&
	{ test $status = 0 || test $status = 1; } &&
	grep -x "1\.\.[0-9]*" tap >plan &&
	sed "s/^1\.\.//" plan >clauses &&
	grep -c "^\(not \)\{0,1\}ok " tap >counted &&
	test_cmp clauses counted
'

clause_nr=0
while test $clause_nr -lt "$(cat clauses 2>/dev/null || echo 0)"
do
	clause_nr=$((clause_nr + 1))
	clause_sentence=$(clause $clause_nr | sed -n '1s/^.*ok [0-9]* - //p')
	test_expect_success "${clause_sentence%% # SKIP*}" '
		clause_kept $clause_nr
	'
done

test_expect_success 'the test removes what it made' '
	resutil list-objects --remote "$STORE_URL" resutil-test- >out &&
	test_must_be_empty out
'
