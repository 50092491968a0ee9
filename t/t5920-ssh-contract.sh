#!/bin/sh
test_description='store contract: ssh'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

start_sshd && mkdir "$SSH_STORES/store" || exit 1
STORE_URL=$(ssh_url lab store)
. "$TEST_DIRECTORY"/lib-transport.sh

test_done
