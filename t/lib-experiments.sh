# Projects and experiments made by hand, for tests of what reads them.

# make_conf [DIR]: a project without a store that works.
make_conf () {
	mkdir -p "${1:-.}" &&
	cat >"${1:-.}"/resutil-conf.yaml <<-END
	project_name: project
	results_dir: results
	storage_type: dir
	storage_config:
	  path: $TRASH_DIRECTORY/store
	END
}

# make_exp NAME [LINE...]: an experiment whose record has these lines besides
# its name.
make_exp () {
	mkdir -p "results/$1" &&
	printf 'resutil: 1\nname: "%s"\n' "$1" >"results/$1/resutil-exp.yaml" &&
	make_exp_record=results/$1/resutil-exp.yaml &&
	shift &&
	for make_exp_line
	do
		printf '%s\n' "$make_exp_line" || return 1
	done >>"$make_exp_record"
}

# an id that ends in the given digits
test_id () {
	printf '11111111-2222-4333-8444-%012d\n' "$1"
}
