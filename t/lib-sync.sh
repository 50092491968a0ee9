# A store beside the project, and what send-pack and fetch-exp say of it.

store=$TRASH_DIRECTORY/store
objects=$store/project

# send ARG..., fetch ARG...: runs the command and keeps in `told` what it says,
# without sizes, in byte order.
send () {
	lib_sync_tell send-pack "$@"
}

fetch () {
	lib_sync_tell fetch-exp "$@"
}

lib_sync_tell () {
	resutil "$@" >out 2>err
	lib_sync_status=$?
	awk -F "\t" -v OFS="\t" '{ print $1, $2, $4 }' out | sort >told
	return $lib_sync_status
}

# says LINE...: exactly these
says () {
	for lib_sync_line
	do
		printf "%b\n" "$lib_sync_line"
	done | sort >want &&
	test_cmp want told
}

# hash_of NAME: of its tree and of its record
hash_of () {
	lib_sync_hashes=$(resutil hash-experiment --record "$1") &&
	printf "%s\n" "$lib_sync_hashes" | cut -f 1,3
}
