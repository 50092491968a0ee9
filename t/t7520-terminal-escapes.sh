#!/bin/sh

test_description='nothing foreign moves a terminal

Comments, records, logs, names of files and objects, settings, the words of a
command line: each holds what clears a screen, sets a title, goes back, turns
the direction of text around, or is no text. Each command is looked at.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test "$(python3 -c "print(1)" 2>/dev/null)" = 1 ||
test_skip_all "python3 is missing"
test -x "$BUILD_DIRECTORY/helper/pty-run" || test_skip_all "no terminals"

esc=$(printf "\033")
rlo=$(printf "\342\200\256")
# a title, a cleared screen, CSI in one character, one back, no character
evil=$(printf "evil\033]0;t\007\033[2J\302\233A\b\177\330\234\342\200\256\377")
# what a comment may hold
bidi="turned${rlo}gpj"
head=aapfup_20240704T191555
name=${head}_$bidi

# on_screen COMMAND...: on a terminal; what it shows is in `screen`.
on_screen () {
	RESUTIL_PAGER=cat NO_COLOR=1 TERM=xterm \
		pty-run --raw --screen=screen "$@"
}

# calm: the screen got nothing that does something to it. Most of the time it is
# printable ASCII, newlines, tabs, CR and NUL alone, and nothing is to be asked.
calm () {
	LC_ALL=C tr -d "\000\011\012\015\040-\176" <screen >other &&
	{
		! test -s other ||
		python3 -S -E "$TEST_DIRECTORY/helper/terminal-bytes.py" screen
	}
}

test_expect_success 'setup: the check sees each of them' '
	for bytes in "\033[2J" "\033" "\007" "\b" "\177" "\302\233" \
		"\342\200\256" "\342\200\250" "\330\234" "\377"
	do
		printf "text $bytes text" >screen &&
		test_must_fail calm || return 1
	done &&
	printf "text \\303\\251 \\r\\033[Ktext\\n" >screen && calm
'

test_expect_success 'setup: a project with evil in all that is shown' '
	make_conf && mkdir store store/project && git init -q . &&
	cat >>resutil-conf.yaml <<-\END &&
	note: "evil\e]0;t\a\e[2J"
	meta: {"evil\e[2J\u202e": [echo, "evil\e[2J\u202e"], spy: [echo, "\e[2J"]}
	END
	make_exp "$name" "id: $(test_id 1)" "revision: 1" \
		"state: fail" "exit_code: 1" >/dev/null &&
	for key in cmd cwd tid error host user executor tag
	do
		printf "%s\n" "$key: \"evil\\e]0;t\\a\\e[2J\\x9bA\\b\\x7f\\u061c\\u202e\"" ||
		return 1
	done >>"results/$name/resutil-exp.yaml" &&
	cat >>"results/$name/resutil-exp.yaml" <<-\END &&
	argv: ["evil\e[2J", "a"]
	params: {"evil\e[2J": "evil\e[2J", list: ["evil\e[2J"]}
	tags: ["evil\e[2J\u202e"]
	info: {"evil\e[2J": {"evil\u202e": "\e]0;t\a"}}
	result: {"evil\e[2J": "\e]0;t\a"}
	dependency: ["evil\e[2J\u202e"]
	meta: {"evil\e[2J": "evil\e[2J\x9b"}
	git: {commit_hash: "evil\e[2J", branch: "evil\e[2J\u202e",
	  remote: "evil\e[2J", uncommited_files: ["evil\e[2J\u202e"],
	  left_out: [{path: "evil\e[2J", size: 1, reason: "evil\e[2J"}]}
	inputs: [{path: "evil\e[2J", experiment: "evil\e[2J", size: 1}]
	renamed_from: ["evil\e[2J"]
	unknown: "evil\e[2J"
	at: {created: "2024-07-04T19:15:55.000000+00:00",
	  started: "evil\e[2J", finished: "evil\e[2J"}
	END
	echo "$evil" | tee "results/$name/$evil" >"results/$name/stdout.log" &&
	mkdir "results/$name/dir" && : >"results/$name/dir/$evil" &&
	printf "at,step,loss\342\200\256\302\233A,\033[2J,note\n1,2,3,4,%s\n2,3,4,5,6\n" \
		"\"\"\"evil\\u001b[2J\"\"\"" \
		>"results/$name/metrics-0000.csv" &&
	make_exp aapfuq_20240704T191655_bad &&
	printf "a: \"%s\n\033[2J: [" "$evil" \
		>results/aapfuq_20240704T191655_bad/resutil-exp.yaml &&
	resutil send-pack "$name" >/dev/null &&
	: >"store/project/$evil.zip" &&
	: >"store/project/${head}_$evil.zip" &&
	printf "no zip \033[2J" >"store/project/aapfus_20240704T191855_$bidi.zip" &&
	cp "store/project/$name.zip" pack.zip &&
	printf "no zip" >"$evil.zip" && echo text >"$evil" &&
	mkdir evil-runs &&
	printf ":W&B\341\276\0" >"evil-runs/run-$evil.wandb" &&
	echo "$evil" >evil && cp -r "results/$name" kept
'

# The command, its status (*: any but those of a crash), what it must show of
# the evil, its words. In this order, for what removes comes last.
cat >commands <<\END
add|0|202e|add -n "$bidi"
add|129|U+001B|add -n "$evil"
ask-line|1|nobody|--no-interactive ask-line --default "$evil" "$evil"
attach|10|x1b|attach --exp "$name" "no $evil"
attach|129|x1b|attach --exp "$name" --as "../$evil" evil
bench|127|x1b|bench -n 1 --overhead 0 -- "./no $evil"
bench|1|x1b|bench -n 1 --overhead 0 -m evil -- sh -c 'printf "%s\n" "$1" >&2; exit 1' "$evil" "$evil"
bench|1|base64|bench -n 1 --overhead 0 -m evil --json -- sh -c 'printf "%s\n" "$1" >&2; exit 1' "$evil" "$evil"
bench|1|x1b|bench -n 1 --overhead 0 -m evil --format=csv -- sh -c 'exit 1' "$evil"
bucket|10|x1b|bucket --find "no $evil"
bucket|129|x1b|bucket --find "/$evil"
capture-runs|0|x1b|capture-runs --list evil-runs
capture-runs|10|x1b|capture-runs --list "no $evil"
cat-pack|0|x1b|cat-pack pack.zip stdout.log
cat-pack|10|x1b|cat-pack pack.zip "no $evil"
cat-pack|13|x1b|cat-pack "$evil.zip" a
check-project|*|202e|check-project
check-project|*||check-project -z
check-project|*||check-project --json
check-store|*|202e|check-store --remote origin
check-store|*||check-store --remote origin -z --read-data
check-store|*||check-store --remote origin --json
checkpoint|10|x1b|checkpoint --exp "$evil"
clone|129|URL|clone "dir:$evil" there
collect-meta|0|host|collect-meta
config|1|202e|config --trusted
config|1|u202e|config --trusted --json
config|0|x1b|config --trust
config|0|x1b|config --untrust "no $evil"
config|10|x1b|config --trusted "no $evil"
comment|0|202e|comment -n "$name" "other$rlo"
comment|129|U+001B|comment "$name" "$evil"
copy-pack|10|x1b|copy-pack --from origin --to "no $evil" "$name"
copy-pack|10|evil|copy-pack --from origin --to "dir:$TRASH_DIRECTORY" "no $evil"
diff|0|x1b|diff "$name" @
diff|0|x1b|diff --stat @ "$name"
diff|0|033|diff --name-only "$name" @
diff|129|x1b|diff --only "$evil" "$name" @
fetch-exp|10|evil|fetch-exp "$evil"
fsck|*|202e|fsck
fsck|*||fsck --remote -v
gc|*||gc -n
get-object|0|x1b|get-object --remote origin "project/aapfus_20240704T191855_$bidi.zip"
get-object|10|x1b|get-object --remote origin "$evil"
graph|3|202e|graph
graph|3|x1b|graph --all --format dot
graph|3|u001b|graph --json "evil$(printf "\033[2J")$rlo"
graph|10|x1b|graph "no $evil"
hash-experiment|0|200|hash-experiment "results/$name"
hash-experiment|10|evil|hash-experiment "./$evil/$evil"
help|10|evil|help "$evil"
help|10|evil|help evil
hook|0|x1b|hook install --name=evil -- echo "$evil"
hook|0|x1b|hook list
hook|0|base64|hook list --json
hook|0|x1b|hook list --format "%(cmd)"
hook|129|x1b|hook install --on "$evil" -- true
hook|129|x1b|hook install --name "$evil" -- true
hook|0|x1b|hook remove
hook|129|x1b|hook "$evil"
import|10|x1b|import mlflow "no $evil"
import|129|x1b|import "no $evil" .
import|0|x1b|import wandb evil-runs
inform|10|x1b|inform --exp "$evil" a=1
inform|129|x1b|inform --exp "$name" "$evil"
init|129|name|init --project-name "$evil" there
list|3|202e|list
list|3|x1b|list --format "%(name) %(cmd) %(tags) %(params)"
list|3|x1b|list --format csv
list|3|033|list --format tsv
list|3|evil|list --json
list|3|evil|list -z
list|3|202e|list --remote origin --offline
list-exps|0|202e|list-exps
list-exps|0|202e|list-exps -z
list-exps|0|200|list-exps --path
list-objects|0|033|list-objects --remote origin
list-objects|0|x1b|list-objects --remote origin -z
list-objects|0|base64|list-objects --remote origin --json
list-pack|0|033|list-pack pack.zip
list-pack|0|x1b|list-pack -z pack.zip
list-pack|0|base64|list-pack --json pack.zip
list-pack|0|x1b|list-pack --format "%(path)" pack.zip
list-pack|13|x1b|list-pack "$evil.zip"
list-remote|0|202e|list-remote
list-remote|0|202e|list-remote -z
list-remote|0|202e|list-remote --json
list-unpushed|0|aapfuq|list-unpushed
log|3|x1b|log
log|3|x1b|log --oneline
log|3|u001b|log --json
login-store|10|x1b|login-store "$evil"
login-store|129|URL|login-store "gdrive://$evil"
match-keys|129|x1b|match-keys "/$evil"
meter|10|x1b|meter --exp "$evil" a=1
meter|129|x1b|meter --exp "$name" "$evil=1"
metrics|0|202e|metrics "$name"
metrics|0|x1b|metrics --format=table "$name"
metrics|0|evil|metrics --json "$name"
metrics|0|202e|metrics --last --format=markdown "$name"
metrics|0|202e|metrics --list "$name"
metrics|0|evil|metrics --list --json -A
metrics|10|evil|metrics -s "$evil" "$name"
metrics|10|evil|metrics "$evil"
metrics|129|x1b|metrics --every "$evil" "$name"
name-exp|0|202e|name-exp --comment "$bidi"
name-exp|0|202e|name-exp --decode "$name"
name-exp|129|U+001B|name-exp --comment "$evil"
pack-exp|10|evil|pack-exp -o p.zip "$evil/no"
plot|0|202e|plot "$name"
plot|0|202e|plot --style=braille --title="$evil" "$name"
plot|0|202e|plot -o - "$name"
plot|10|x1b|plot --y "$evil" "$name"
plot|10|x1b|plot --scatter --x "$evil" --y duration
plot|129|x1b|plot --log "$evil" "$name"
pull|10|evil|pull "$evil"
pull|3|202e|pull -A
push|10|evil|push "$evil"
put-object|0|-|put-object --remote origin "$evil" "$evil"
bucket|0|033|bucket --find --packs "e*"
bucket|0|033|bucket --list
bucket|0|033|bucket --download -n --root results "e*"
bucket|0|x1b|bucket --find -z "e*"
summarize|13|x1b|summarize --input=numbers evil
summarize|10|x1b|summarize --column "no $evil" --input=tsv evil
sync-keys|0|033|sync-keys --compare "e*"
sync-keys|0|033|sync-keys --download -n "e*"
sync-keys|10|x1b|sync-keys --download "no $evil"
query|3|x1b|query "SELECT name, cmd, tags, user FROM runs"
query|3|x1b|query --format csv "SELECT * FROM params"
query|3|u001b|query --json "SELECT * FROM fields"
query|129|UTF-8|query "SELECT $evil"
query|129|x1b|query "SELECT \"$(printf "no\033[2J")\" FROM runs"
read-deps|3|x1b|read-deps "$name"
read-exp|0|e[2J|read-exp "$name"
read-exp|0|u001b|read-exp --json "$name"
read-exp|0|033|read-exp --key cmd "$name"
read-exp|0|x1b|read-exp -z --key cmd "$name"
read-trials|3|033|read-trials results
read-trials|3|u001b|read-trials --json results
record-runs|129|no arguments|record-runs "$evil"
remote|129|evil|remote add "$evil" "$evil"
remote|0|evil|remote add evil "dir:$TRASH_DIRECTORY/$rlo"
remote|0|202e|remote list -v
remote|129|evil|remote rm "$evil"
remove-exp|10|evil|remove-exp "$evil"
remove-object|0||remove-object --remote origin "$evil"
rename-exp|129|evil|rename-exp --remote origin "$name" "$evil"
report|3|202e|report
report|3|202e|report --format=markdown --columns "**"
report|3|x1b|report --columns "result.**,params.**"
report|3||report --columns "**"
report|3|evil|report --format=html --columns "**"
report|3|evil|report --format=latex --columns "**"
report|3|evil|report --format=csv --columns "**"
report|3|evil|report --json --columns "**"
report|3|evil|report --where "host ~ evil" --group-by host
report|129|evil|report --where "$evil"
report|3|x1b|report --columns "$evil"
report|129|x1b|report --sort "$evil"
report|3|x1b|report --columns "\"$evil\""
report|129|x1b|report --format "$evil"
report|0|state|report "./$evil"
rev-exp|0|202e|rev-exp "$head"
rerun|129|x1b|--no-interactive rerun "$name"
rerun|10|x1b|rerun "no $evil"
rerun|*|x1b|rerun --as-me -n "$name"
rerun|*|x1b|rerun --script "$name"
rev-exp|0|202e|rev-exp -z "$head"
rev-exp|10|evil|rev-exp "$evil"
rm|10|evil|rm -l -y "$evil"
rm|0|202e|rm -l -n "$name"
run|0|033|run -n -m "$bidi" -- echo "$evil"
run|127|x1b|run -- "./no $evil"
run|125|U+001B|run -m "$evil" -- true
scan-deps|0|202e|scan-deps "results/$name/$evil"
scan-deps|0|202e|scan-deps --inputs "results/$name/$evil"
scan-deps|0|202e|scan-deps --inputs -z "results/$name/$evil"
send-pack|10|evil|send-pack "$evil"
show|0|x1b|show "$name"
show|0|u001b|show --json "$name"
show|0|x1b|show --format "%(cmd)%(info)" "$name"
show|0|x1b|show "$name:stdout.log"
show|0|033|show "$name:"
show|0|x1b|show "$name:$evil"
show|10|x1b|show "$name:no $evil"
show|13|line 1|show aapfuq
snapshot-code|0|033|snapshot-code -n
stat-remote|3|202e|stat-remote "$name" aapfus_20240704T191855_$bidi
status|3|x1b|status -a
tag|0|202e|tag -n "t$rlo" "$name"
tag|129|U+001B|tag "$evil" "$name"
tag|10|x1b|tag good "no $evil"
test-store|129|URL|test-store "dir:$evil"
tid|0|x1b|tid --exp "$name"
unpack-exp|0||unpack-exp -C unpacked pack.zip
unpack-exp|13|evil|unpack-exp -C un2 "$evil.zip"
unpack-exp|10|evil|unpack-exp -C "un$evil" "no $evil.zip"
update-exp|10|evil|update-exp "$evil" --set a=b
update-index|3||update-index --stats
url|129||url "no $evil"
url|129||url --remote "dir:$evil" "$name"
verify-pack|0|pack.zip|verify-pack pack.zip
verify-pack|13|evil|verify-pack "$evil.zip" "$evil.zip"
version|0|resutil|version --build-options
write-exp|129|evil|write-exp --name "$evil"
push|3|202e|push -y "$name" aapfuq
rename-exp|0|202e|rename-exp "$name" "${head}_o$rlo"
remove-object|0||remove-object --remote origin "project/$evil.zip"
remove-exp|14|202e|remove-exp --remote origin "${head}_o$rlo"
rm|0|202e|rm -l -y "$name"
END

sed -n "s/^COMMAND(\"\([a-z-]*\)\".*/\1/p; s/^	\"\([a-z-]*\)\",.*/\1/p" \
	"$TEST_DIRECTORY/../command-list.h" | sort >expect

while IFS="|" read -r command status shows line
do
	grep -qx "$command" expect || continue
	test_expect_success "$command: $line" '
		eval "set -- $line" &&
		if test "$status" = "*"
		then
			test_might_fail on_screen resutil "$@"
		else
			test_expect_code "$status" on_screen resutil "$@"
		fi &&
		calm &&
		if test -n "$shows"
		then
			grep -F -e "$shows" screen
		fi
	'
done <commands

test_expect_success 'setup: the experiment again' '
	test_might_fail resutil rm -l -y aapfup aapfuq aapfus &&
	rm -rf results unpacked && mkdir results &&
	cp -r kept "results/$name"
'

test_expect_success 'a pipe gets the bytes' '
	resutil show "$name:stdout.log" >out && test_cmp evil out &&
	resutil cat-pack pack.zip stdout.log >out && test_cmp evil out &&
	resutil get-object --remote origin \
		"project/aapfus_20240704T191855_$bidi.zip" >out &&
	printf "no zip \033[2J" >want && test_cmp want out &&
	echo "$name" >want &&
	resutil list-exps >out && test_cmp want out &&
	resutil show --format "%(branch)" "$name" >out &&
	printf "evil\033[2J$rlo\n" >want && test_cmp want out
'

test_expect_success 'a pager is read by a person' '
	RESUTIL_PAGER="cat >screen" NO_COLOR=1 \
		pty-run --screen=none resutil show "$name" &&
	calm && grep -F x1b screen &&
	RESUTIL_PAGER="cat >screen" NO_COLOR=1 \
		pty-run --screen=none resutil show "$name:stdout.log" &&
	calm && grep -F x1b screen
'

test_expect_success 'nor do traces' '
	test_might_fail env RESUTIL_TRACE=2 pty-run --raw --screen=screen \
		resutil run -m x --name-file "$TRASH_DIRECTORY/$evil.name" -- \
		echo "$evil" >/dev/null &&
	grep -v "^evil" screen >rest && mv rest screen &&
	calm && grep -F "x1b]0" screen &&
	RESUTIL_TRACE=2 on_screen resutil list-objects --remote origin &&
	calm && grep -F "store: " screen
'

test_expect_success 'nor do questions' '
	on_screen --expect="?" --send="n\n" resutil rm -l "$name" ||
	test $? -lt 126 &&
	calm && grep -F 202e screen &&
	echo "$evil" >offered &&
	on_screen --expect="evil" --send="\t\r" \
		resutil ask-line --complete-from=offered "$evil" &&
	grep -F "x1b]0" screen
'

test_expect_success 'no command was forgotten' '
	cut -d "|" -f 1 commands | sort -u >actual &&
	comm -23 expect actual >forgotten &&
	test_must_be_empty forgotten
'

test_done
