#!/bin/sh
test_description='store contract: ssh, a host that has only what POSIX has'
expensive=${RESUTIL_TEST_EXPENSIVE:-}
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh
. "$TEST_DIRECTORY"/lib-ssh-tools.sh

# A minute for each; what differs is in t5925 of every run.
test -n "$expensive" || test_skip_all EXPENSIVE

start_sshd && mkdir "$SSH_STORES/store" && ssh_posix || exit 1
STORE_URL=$(ssh_url lab store)
. "$TEST_DIRECTORY"/lib-transport.sh

test_done
