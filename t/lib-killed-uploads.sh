# Large packs on their way into a store behind a proxy that kills.

. "$TEST_DIRECTORY"/lib-experiments.sh

NAME=aapfup_20240704T191555_large
KEY=project/$NAME.zip
NOTE=.resutil/uploads/origin/$NAME.json

there () {
	resutil verify-pack --remote=origin "$NAME"
}

remove_there () {
	resutil remove-exp --force --remote=origin "$NAME"
}

# dies RULE [OPTION...]: a push during which the proxy says: kill `pid`
dies () {
	proxy_rules "$1" && shift &&
	test_expect_code 137 sh -c 'echo $$ >pid; exec resutil "$@"' - \
		send-pack "$@" "$NAME" &&
	rm pid &&
	test_wait_for 20 is_quiet
}

# What was under way when it died has come to its end.
is_quiet () {
	is_quiet_before=$(wc -l <"$PROXY_LOG") &&
	sleep 0.2 &&
	test "$is_quiet_before" = "$(wc -l <"$PROXY_LOG")"
}
