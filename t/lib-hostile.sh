# For tests of packs that want to do harm. Sourced after test-lib.sh.
#
# Everything happens in arena/: `place` is where the target, `place/new`, would
# be made; whatever else is there must stay as it is.

test "$(python3 -c "print(1)" 2>/dev/null)" = 1 ||
test_skip_all "python3 is missing"

# What raw-zip.py does with a script on stdin.
raw_zip () {
	python3 -S -E "$TEST_DIRECTORY/helper/raw-zip.py"
}

make_arena () {
	mkdir -p arena/outside/dir arena/place/neighbour &&
	echo secret >arena/outside/secret &&
	echo keep >arena/outside/dir/keep &&
	echo near >arena/place/neighbour/file &&
	ln -s ../outside arena/place/way-out &&
	chmod 640 arena/outside/secret
}

# Names, kinds, modes, owners, sizes, targets and content; no times of
# directories, since one was made and removed in `place`.
arena_state () {
	(
		cd arena &&
		ls -1lARn . |
		sed -e "s/^\([^ ]* *\)[0-9]* /\1/" -e "/^total/d" \
			-e "s/^\(d[^ ]* *[0-9]* *[0-9]* *\).* \([^ ]*\)$/\1\2/" &&
		find . -type f -exec cksum {} + | sort
	)
}

# is_clear PHRASE: stderr is one line, for people, that holds the phrase;
# stdout is empty. Nothing in it can move a terminal. Asked a thousand times, so
# the shell reads it itself.
is_clear () {
	if test -s out
	then
		echo "error: there is something on stdout" >&4
		return 1
	fi
	clear_line= clear_more=
	{
		IFS= read -r clear_line && ! IFS= read -r clear_more
	} <err && test -z "$clear_more" &&
	case "$clear_line" in
	*[[:cntrl:]]*)		false ;;
	"resutil: "*"$1"*)	;;
	*)			false ;;
	esac || {
		echo "error: not one clear line with '$1':" >&4
		cat err >&4
		return 1
	}
}

# untouched: nothing in the arena is other than before. What was so for one
# command of a test is what the next one begins with.
arena_known=
untouched () {
	arena_known= &&
	arena_state >arena.after &&
	test_cmp arena.before arena.after &&
	arena_known=$test_count
}

remember_arena () {
	test "$arena_known" = "$test_count" || arena_state >arena.before
}

# fine COMMAND...: without a word on stderr.
fine () {
	if test_expect_code 0 "$@" >out 2>err
	then
		test_must_be_empty err
	else
		cat err >&4
		return 1
	fi
}

# not_unpacked CODE FILE PHRASE [OPTION...]
not_unpacked () {
	hostile_code=$1 hostile_file=$2 hostile_phrase=$3
	shift 3
	remember_arena &&
	test_expect_code "$hostile_code" \
		resutil unpack-exp "$@" -C arena/place/new "$hostile_file" \
		>out 2>err &&
	is_clear "$hostile_phrase" && untouched
}

# refused FILE PHRASE: as soon as it is opened, by every command.
refused () {
	test_expect_code 13 resutil list-pack "$1" >out 2>err &&
	is_clear "$2" &&
	test_expect_code 13 resutil verify-pack "$1" >out 2>err &&
	is_clear "$2" &&
	test_expect_code 13 resutil verify-pack --quick "$1" >out 2>err &&
	is_clear "$2" &&
	test_expect_code 13 resutil cat-pack "$1" a >out 2>err &&
	is_clear "$2" &&
	not_unpacked 13 "$1" "$2"
}

# refused_local FILE PATH PHRASE: the directory at the end is fine, what
# stands before the entry is not.
refused_local () {
	fine resutil list-pack "$1" &&
	test_expect_code 13 resutil verify-pack --quick "$1" >out 2>err &&
	is_clear "$3" &&
	test_expect_code 13 resutil verify-pack "$1" >out 2>err &&
	is_clear "$3" &&
	test_expect_code 13 resutil cat-pack "$1" "$2" >out 2>err &&
	is_clear "$3" &&
	not_unpacked 13 "$1" "$3"
}

# refused_content FILE PATH PHRASE: the headers are fine, the content is not.
refused_content () {
	fine resutil list-pack "$1" &&
	fine resutil verify-pack --quick "$1" &&
	test_expect_code 13 resutil verify-pack "$1" >out 2>err &&
	is_clear "$3" &&
	test_expect_code 13 resutil cat-pack "$1" "$2" >out 2>err &&
	is_clear "$3" &&
	not_unpacked 13 "$1" "$3"
}

# refused_late FILE PATH PHRASE: the same, but there is much of it before it
# turns out to be bad.
refused_late () {
	fine resutil list-pack "$1" &&
	fine resutil verify-pack --quick "$1" &&
	test_expect_code 13 resutil verify-pack "$1" >out 2>err &&
	is_clear "$3" &&
	test_expect_code 13 resutil cat-pack "$1" "$2" >out 2>err &&
	: >out && is_clear "$3" &&
	not_unpacked 13 "$1" "$3"
}

# taken FILE: it is a pack, and unpacks into arena/place/new.
taken () {
	arena_known=
	rm -rf arena/place/new &&
	fine resutil verify-pack "$1" &&
	fine resutil list-pack "$1" && cp out list &&
	fine resutil unpack-exp -C arena/place/new "$1" &&
	mv arena/place/new unpacked.$$ && rm -rf unpacked &&
	mv unpacked.$$ unpacked
}
