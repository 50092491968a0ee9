#!/bin/sh
test_description='ssh: many objects, in bounded memory

RESUTIL_TEST_EXPENSIVE=1 lists 100,000 of them.
'
objects=10000
if test -n "${RESUTIL_TEST_EXPENSIVE:-}"
then
	objects=100000
fi
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh
. "$TEST_DIRECTORY"/lib-ssh-tools.sh

start_sshd && ssh_shared && mkdir "$SSH_STORES/store" || exit 1
url=$(ssh_url lab store)
store=$SSH_STORES/store

test_expect_success "setup: $objects objects" '
	/usr/bin/python3 - "$store" $objects <<-\EOF &&
	import os, sys
	for i in range(int(sys.argv[2])):
	    if i % 1000 == 0:
	        d = "%s/project-%03d" % (sys.argv[1], i // 1000)
	        os.mkdir(d)
	    name = "aapfup_20240704T191555_%06d_%s.zip" % (i, "x" * 120)
	    os.close(os.open(d + "/" + name, os.O_CREAT | os.O_WRONLY))
	EOF
	resutil list-objects --remote "dir:$store" >want
'

test_expect_success 'all are listed' '
	resutil list-objects --remote "$url" >got && test_cmp want got
'

test_expect_success 'also where stat is asked for each of them' '
	ssh_busybox && resutil list-objects --remote "$url" >got &&
	test_cmp want got && ssh_remote
'

test_expect_success 'a level of many directories' '
	resutil list-objects --one-level --remote "$url" >got &&
	test_line_count = $((objects / 1000)) got
'

test_expect_success 'of many others only those with the prefix' '
	resutil list-objects --remote "$url" \
		project-003/aapfup_20240704T191555_00300 >got &&
	grep project-003/aapfup_20240704T191555_00300 want >some &&
	test_line_count = 10 some && test_cmp some got
'

test_done
