# A disk of a few bytes. Needs the prereq MOUNT, which an ordinary user does not
# have.

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
