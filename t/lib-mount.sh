# File systems of a test's own. An ordinary user has neither of the prereqs.

# A disk of a few bytes needs MOUNT.

test_lazy_prereq MOUNT '
	test "$(id -u)" = 0 &&
	mkdir m &&
	mount -t tmpfs -o size=64k none m &&
	umount m
'

# disk SIZE DIR [OPTIONS]: mounted there until the test ends. A session of a
# server that has just been left may be in it for a moment yet.
disk () {
	mkdir -p "$2" &&
	mount -t tmpfs -o "size=$1${3:+,$3}" none "$2" &&
	test_when_finished "test_wait_for 10 umount \"$PWD/$2\""
}

# A file system that folds case, in folded/, needs CASE_FOLDING: ext4 where the
# kernel can, or NTFS as on Windows.
mount_folding () {
	mkdir -p folded && rm -f folding &&
	if mkfs.ext4 -V
	then
		truncate -s 16M folding &&
		mkfs.ext4 -q -O casefold -E encoding=utf8 folding &&
		mount -o loop folding folded && mkdir folded/place &&
		chattr +F folded/place && return 0
		umount folded
	fi
	truncate -s 16M folding && mkntfs -q -F -f folding &&
	lowntfs-3g -o ignore_case folding folded && mkdir folded/place
}

test_lazy_prereq CASE_FOLDING '
	mount_folding && touch folded/place/A && test -e folded/place/a
	status=$?
	umount folded
	test $status = 0
'
