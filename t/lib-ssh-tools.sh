# Hosts that have less than Debian has, for tests about ssh: sessions from then
# on find these programs, and nothing else. Behind lib-ssh.sh.

# ssh_busybox [NAME=PROGRAM]...: busybox, which is also the shell
ssh_busybox () {
	test_busybox=$(command -v busybox) &&
	for test_applet in $("$test_busybox" --list)
	do
		set -- "$test_applet=$test_busybox" "$@"
	done &&
	ssh_tools "$@"
}

# ssh_refusing NAME OPTION...: a program without some options; prints its path
ssh_refusing () {
	mkdir -p "$SSH_DIR/refusing" &&
	test_refusing=$SSH_DIR/refusing/$1 &&
	test_found=$(PATH=/usr/bin:/bin && command -v "$1") && shift &&
	{
		echo "#!/bin/sh" &&
		echo "for a do case \$a in" &&
		printf "%s) echo \"no option \$a\" >&2; exit 1 ;;\n" "$@" &&
		echo "esac; done" &&
		echo "exec '$test_found' \"\$@\""
	} >"$test_refusing" && chmod +x "$test_refusing" &&
	printf "%s\n" "$test_refusing"
}

# ssh_posix [NAME=PROGRAM]...: what POSIX has (and sync), and its options
ssh_posix () {
	for test_tool in awk cat chmod cksum cmp cp cut date expr grep ln link \
		ls mkdir mkfifo mv printf=/usr/bin/printf rm rmdir sed sleep \
		sort sync tail tee touch tr uname uniq wc
	do
		set -- "$test_tool" "$@"
	done &&
	test_find=$(ssh_refusing find -printf -print0 -quit "-m*depth") &&
	test_head=$(ssh_refusing head "-c*") &&
	test_dd=$(ssh_refusing dd "iflag=*") &&
	ssh_tools find="$test_find" head="$test_head" dd="$test_dd" "$@"
}
