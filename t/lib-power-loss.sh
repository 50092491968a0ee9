# A journal of what programs with fault points do in the directory d, and what a
# power failure leaves of it (helper/power-loss.py).

if ! test_have_prereq FAULTS || ! test_have_prereq PYTHON
then
	test_skip_all 'needs a build with fault points (make FAULTS=1), and python3'
fi

power_loss () {
	python3 -I -S "$TEST_DIRECTORY/helper/power-loss.py" "$@"
}

# noted COMMAND...: in the directory d, with a journal of it
noted () {
	rm -rf journal journal.blobs &&
	(
		cd d &&
		with_faults RESUTIL_TEST_JOURNAL="$TRASH_DIRECTORY/journal" \
			RESUTIL_TEST_JOURNAL_ROOT="$TRASH_DIRECTORY/d" "$@"
	)
}
