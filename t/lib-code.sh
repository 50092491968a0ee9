# For tests of the code state. Repositories lie side by side, without a project
# unless a test makes one.

# snap REPO [OPTION...]: its code state into snap/, the map into out (JSON
# into json).
snap () {
	snap_repo=$1
	shift
	rm -rf snap &&
	mkdir snap &&
	resutil -C "$snap_repo" snapshot-code --json "$@" \
		"$TRASH_DIRECTORY/snap" >json 2>err &&
	test_must_be_empty err &&
	python3 -S "$TEST_DIRECTORY/helper/json-lines.py" json >out
}

# has LINE...: the map has these ("branch=main", "left_out.0.reason=secret").
has () {
	for has_line
	do
		if ! grep -Fqx -e "$has_line" out
		then
			echo >&2 "error: no line '$has_line' in:"
			cat >&2 out
			return 1
		fi
	done
}

# has_not TEXT: nor anything like it.
has_not () {
	if grep -e "$1" out
	then
		echo >&2 "error: '$1' is in the map"
		return 1
	fi
}

# captured PATH...: exactly these were copied (in the order of bytes).
captured () {
	for captured_path
	do
		printf '%s\n' "$captured_path"
	done >expect.captured &&
	sed -n 's/^uncommited_files\.[0-9]*=//p' out >actual.captured &&
	test_cmp expect.captured actual.captured &&
	for captured_path
	do
		test -h "snap/uncommited_files/$captured_path" ||
		test_path_is_file "snap/uncommited_files/$captured_path" ||
		return 1
	done
}

# tree_of DIR: every file and link, with its mode for git and its content.
tree_of () {
	python3 -S "$TEST_DIRECTORY/helper/tree-lines.py" "$1"
}

# rebuild REPO: from the commit and snap/ alone, into again/, as the page of
# the format says.
rebuild () {
	rm -rf again &&
	rebuild_commit=$(sed -n 's/^commit_hash=//p' out) &&
	if test "$rebuild_commit" = null
	then
		git init -q again
	else
		git clone -q --no-checkout "$1" again &&
		git -C again checkout -q --detach "$rebuild_commit"
	fi &&
	if test -f snap/uncommited.patch
	then
		git -C again apply --whitespace=nowarn \
			"$TRASH_DIRECTORY/snap/uncommited.patch"
	fi &&
	if test -d snap/uncommited_files
	then
		cp -R --remove-destination snap/uncommited_files/. again/.
	fi
}

# rebuilds REPO: and what comes out is what is there.
rebuilds () {
	rebuild "$1" &&
	tree_of "$1" >expect.tree &&
	tree_of again >actual.tree &&
	test_cmp expect.tree actual.tree
}
