# Projects and stores to be checked, and what is found in them. After
# lib-experiments.sh.

one=aapfcd_20240704T111555_one
two=aapfcd_20240704T111556_two
six=aapfcd_20240704T111559_six

# fresh DIR: a project of its own, which the shell is then in; two experiments,
# nothing wrong
fresh () {
	cd "$TRASH_DIRECTORY" && rm -rf "$1" store && mkdir "$1" store &&
	cd "$1" && make_conf &&
	make_exp $one "id: $(test_id 1)" "revision: 1" "state: done" &&
	make_exp $two "id: $(test_id 2)" "revision: 1" "state: done" \
		"dependency: [$one]" "dependency_ids: {$one: $(test_id 1)}"
}

# check [OPTION...]: what check-store says, in `out`; in `told` the fields
# $check_fields of it, without the project's directory in the store
check () {
	resutil check-store "$@" >out 2>err
	check_status=$?
	cut -f "$check_fields" out | sed "s,project/,," >told
	return $check_status
}

# finds LINE...: exactly these were told, fields split by blanks
finds () {
	for finds_line
	do
		echo "$finds_line" | tr " " "\t"
	done >want &&
	test_cmp want told && test_must_be_empty err
}
