#!/bin/sh
test_description='ssh: what a host has instead of the programs that it lacks'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh
. "$TEST_DIRECTORY"/lib-ssh-tools.sh

start_sshd && ssh_shared && mkdir -p "$SSH_STORES/store/sub" here/sub || exit 1
url=$(ssh_url lab store)
store=$SSH_STORES/store

test_expect_success 'setup' '
	printf one >"$store/a" && printf two >"$store/sub/b
c" && : >"$store/ d " && printf four >"$store/e//" 2>/dev/null
	printf old >"$store/old" && touch -d 2021-02-03T04:05:06Z "$store/old" &&
	printf older >"$store/older" &&
	touch -d 1969-12-31T23:59:58Z "$store/older" &&
	cp -R "$store/." here && printf Two >"here/sub/b
c" &&
	resutil list-objects -z --remote "dir:$store" >want
'

# lists_as_dir: the same sizes, versions and times as the directory backend
lists_as_dir () {
	resutil list-objects -z --remote "$url" >is && test_cmp_bin want is
}

# puts_and_reads: and the version that a listing has is that of what is read
puts_and_reads () {
	echo content >content &&
	resutil put-object --remote "$url" "put/k
ey" content >out &&
	resutil list-objects --remote "$url" put/ >listed &&
	version=$(cut -f 2 listed) &&
	resutil get-object --remote "$url" --version="$version" --offset=1 \
		--length=3 "put/k
ey" >got && printf ont >part && test_cmp part got &&
	resutil remove-object --remote "$url" --version="$version" "put/k
ey"
}

test_expect_success 'busybox' '
	ssh_busybox && lists_as_dir && puts_and_reads
'

# As FreeBSD and macOS have it, to the extent that is asked for.
write_script bsd-stat <<\EOF
test "$1" = -f || { echo "stat: illegal option -- ${1#-}" >&2; exit 1; }
format=
case $2 in
'%i %z %Fm') format='%i %s %.9Y' ;;
'%i %z %Fm %N//') format='%i %s %.9Y %n//' ;;
*) exit 1 ;;
esac
shift 2
test $# != 0 || set -- -
exec /usr/bin/stat -c "$format" "$@"
EOF

test_expect_success 'stat of BSD and macOS' '
	ssh_posix stat="$PWD/bsd-stat" && lists_as_dir && puts_and_reads
'

test_expect_success 'stat of GNU with a find that only executes' '
	ssh_posix stat && lists_as_dir && puts_and_reads
'

# What -z gives, as (size, inode, length, nanoseconds, key).
cat >read_versions.py <<\EOF
def records(path):
    for r in open(path, 'rb').read().split(b'\0')[:-1]:
        size, version, key = r.split(b'\t', 2)
        inode, length, time = (int(x, 16) for x in version.split(b'-'))
        yield size, inode, length, time - (time >> 63 << 64), key
EOF

# same_within NANOSECONDS A B: but for times that differ by no more
same_within () {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=. /usr/bin/python3 -c "
import sys
from read_versions import records
a, b = (list(records(x)) for x in sys.argv[2:])
rest = [[r[:3] + r[4:] for r in x] for x in (a, b)]
far = [(x, y) for x, y in zip(a, b) if abs(x[3] - y[3]) > int(sys.argv[1])]
sys.exit(str((rest, far)) if not a or rest[0] != rest[1] or far else 0)
" "$@"
}

# minutes FILE: what -z gives, its times in whole minutes
minutes () {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=. /usr/bin/python3 -c "
import sys
from read_versions import records
for r in records(sys.argv[1]):
    print(*r[:3], r[3] // (60 * 10**9), r[4])" "$1"
}

# Its times are doubles, whose last digit is a quarter of a microsecond now.
test_expect_success 'perl' '
	ssh_posix perl && resutil list-objects -z --remote "$url" >is &&
	same_within 1000 want is && puts_and_reads
'

test_expect_success 'ls alone tells minutes, or days' '
	touch -d 2021-02-03T00:00:00Z "$store/old" &&
	resutil list-objects -z --remote "dir:$store" >now &&
	ssh_posix && resutil list-objects -z --remote "$url" >is &&
	minutes now >minutes-want && minutes is >minutes-is &&
	grep -v older minutes-want >want && grep -v older minutes-is >is &&
	test_cmp want is && puts_and_reads
'

# As FreeBSD has it; its name comes first there, too.
write_script bsd-sha256 <<\EOF
/usr/bin/sha256sum | /usr/bin/cut -d" " -f1
EOF

# compares MEMBER: what is the same and what differs, by a checksum that is made
# there (store: sum), or of what is read (store: get)
compares () {
	rm -f trace &&
	RESUTIL_TRACE="$PWD/trace" resutil sync-keys --remote "$url" -z \
		--root here --compare "*" >out &&
	tr "\n\0" "N\n" <out | cut -f 1,4 | sort >is &&
	printf "%s\t%s\n" differs "sub/bNc" same " d " same a same old \
		same older | sort >want && test_cmp want is &&
	grep "store: $1 a" trace
}

for tool in sha256sum shasum openssl sha256 md5sum
do
	test_expect_success "a checksum by $tool is compared" '
		set -- $tool && test "$1" != sha256 || set -- sha256="$PWD/bsd-sha256" &&
		test "$tool" != shasum || set -- shasum perl &&
		ssh_posix stat "$@" && compares sum
	'
done

test_expect_success 'cksum tells too little, so what is there is read' '
	ssh_posix stat && compares get
'

test_expect_success 'a program that is there and does not work is not asked' '
	write_script sha256sum <<-\EOF &&
	echo "sha256sum: not in this image" >&2
	exit 1
	EOF
	ssh_posix stat md5sum sha256sum="$PWD/sha256sum" && compares sum
'

test_done
