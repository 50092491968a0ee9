# What commands may take of memory.

# A sanitizer needs memory of its own.
if grep -qE '__(asan|tsan)_init' "$BUILD_DIRECTORY/resutil"
then
	test_skip_all '!SANITIZED'
fi

# bounded LIMIT COMMAND...: it and each of its children take no more bytes
bounded () {
	limit=$1 &&
	shift &&
	max-rss rss "$@" >out || return 1
	rss=$(($(cat rss) * 1024)) &&
	echo >&2 "$rss bytes of $limit: $*" &&
	test "$rss" -le "$limit"
}
