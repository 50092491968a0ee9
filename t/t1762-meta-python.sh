#!/bin/sh

test_description='metadata: the Python of a command, and its packages'
. ./test-lib.sh

# about [WORD...]: the interpreter of a command
about () {
	resutil collect-meta --json python -- "$@"
}

# path_of [WORD...]: its path
path_of () {
	about "$@" | sed -n "s/.*\"path\":\"\([^\"]*\)\".*/\1/p"
}

# script_of FILE INTERPRETER: whose first line names it
script_of () {
	printf "#!%s\n" "$2" >"$1" && cat script >>"$1" && chmod +x "$1"
}

# packages [WORD...]: one line each
packages () {
	resutil collect-meta --json packages -- "$@" >json &&
	sed "s/^{\"packages\":\[\(.*\)\]}/\1/" json | sed "s/\",\"/\n/g" |
	tr -d "\"" >list
}

# add_dist DIR NAME VERSION [FORM]
add_dist () {
	mkdir -p "$1/$2-$3.dist-info" &&
	printf "Metadata-Version: 2.1\nName: %s\nVersion: %s\nSummary: x\n\n%s\n" \
		"$2" "$3" "Name: body" >"$1/$2-$3.dist-info/METADATA"
}

unset VIRTUAL_ENV CONDA_PREFIX PYENV_VERSION PYTHONPATH PYTHONUSERBASE \
	PYTHONNOUSERSITE

# the shell has one of its own
true=/bin/true
test -x "$true" || true=/usr/bin/true

test_expect_success 'setup: an installation, a venv, nothing of it runs' '
	echo "echo started >>\"$TRASH_DIRECTORY/started\"" >script &&
	mkdir -p base/bin base/lib/python3.9/site-packages bin &&
	cp "$true" base/bin/python3.9 &&
	ln -s python3.9 base/bin/python3 && ln -s python3 base/bin/python &&
	site=$TRASH_DIRECTORY/base/lib/python3.9/site-packages &&
	mkdir -p venv/bin venv/lib/python3.9/site-packages &&
	ln -s ../../base/bin/python3.9 venv/bin/python &&
	ln -s python venv/bin/python3 &&
	printf "home = %s\ninclude-system-site-packages = false\nversion = 3.9.1\n" \
		"$TRASH_DIRECTORY/base/bin" >venv/pyvenv.cfg &&
	make_project proj
'

test_expect_success 'python itself, by path, by PATH, by links' '
	about base/bin/python3.9 x.py >out &&
	cat >want <<-EOF &&
	{"python":{"version":"3.9","implementation":"CPython","path":"$TRASH_DIRECTORY/base/bin/python3.9"}}
	EOF
	test_cmp want out &&
	test "$(path_of base/bin/python)" = "$TRASH_DIRECTORY/base/bin/python" &&
	PATH="$TRASH_DIRECTORY/base/bin:$PATH" &&
	test "$(path_of python3)" = "$TRASH_DIRECTORY/base/bin/python3" &&
	resutil collect-meta --json python >out &&
	test_grep "$TRASH_DIRECTORY/base/bin/python3\"" out
'

test_expect_success 'the version stands in a header, or in the program' '
	mkdir -p base/include/python3.9 &&
	echo "#define PY_VERSION  	\"3.9.17\"" \
		>base/include/python3.9/patchlevel.h &&
	about base/bin/python3 >out && test_grep "\"version\":\"3.9.17\"" out &&
	rm -r base/include &&
	test_when_finished "cp \"$true\" base/bin/python3.9" &&
	printf "x3.9.4\0\0003.9.x\0003.9.18\0003.9.19\0" >>base/bin/python3.9 &&
	about base/bin/python3 >out && test_grep "\"version\":\"3.9.18\"" out
'

test_expect_success 'a virtual environment' '
	about venv/bin/python x.py >out &&
	test_grep "\"path\":\"$TRASH_DIRECTORY/venv/bin/python\"" out &&
	test_grep "\"venv\":\"$TRASH_DIRECTORY/venv\"" out &&
	test_grep "\"version\":\"3.9\"" out
'

test_expect_success 'environments of conda' '
	mkdir -p conda/condabin conda/conda-meta conda/bin \
		conda/envs/ml/bin conda/envs/ml/conda-meta &&
	cp base/bin/python3.9 conda/bin/python3.9 &&
	cp base/bin/python3.9 conda/envs/ml/bin/python3.9 &&
	about conda/bin/python3.9 >out && test_grep "\"conda\":\"base\"" out &&
	about conda/envs/ml/bin/python3.9 >out && test_grep "\"conda\":\"ml\"" out
'

test_expect_success 'scripts name their interpreter' '
	PATH="$TRASH_DIRECTORY/base/bin:$PATH" &&
	want=$TRASH_DIRECTORY/base/bin/python3 &&
	script_of plain.py "$want" && script_of env.py "/usr/bin/env python3" &&
	script_of env-s.py " /usr/bin/env -S A=b python3 -s" &&
	{ printf "#!/bin/sh\n"; printf "%sexec%s \"%s\" \"\$0\" \"\$@\"\n" \
		"'\'''\'''\''" "'\''" "$want"; } >long.py && chmod +x long.py &&
	for script in plain env env-s long
	do
		test "$(path_of ./$script.py)" = "$want" || return 1
	done &&
	script_of no.py /bin/sh &&
	test -z "$(path_of ./no.py)"
'

test_expect_success 'launchers' '
	PATH="$TRASH_DIRECTORY/base/bin:$PATH" &&
	want=$TRASH_DIRECTORY/base/bin/python3 &&
	script_of train.py "$want" &&
	for words in "env A=b python3 x" "nohup nice -n 5 python3 x" \
		"nohup ./train.py" "time timeout 5 env -u X python3"
	do
		test "$(path_of $words)" = "$want" || return 1
	done &&
	test -z "$(path_of echo python3)" && test -z "$(path_of true)" &&
	test -z "$(path_of env A=b echo)" && test -z "$(path_of gone)"
'

test_expect_success 'shims of pyenv' '
	mkdir -p pyenv/shims pyenv/versions/3.9.17/bin \
		pyenv/versions/3.10.2/bin tree/sub &&
	for name in python python3 tool
	do
		script_of pyenv/shims/$name "/usr/bin/env sh" || return 1
	done &&
	for version in 3.9.17 3.10.2
	do
		bin=pyenv/versions/$version/bin &&
		cp base/bin/python3.9 $bin/python${version%.*} &&
		ln -s python${version%.*} $bin/python3 &&
		script_of $bin/tool "$TRASH_DIRECTORY/$bin/python3" || return 1
	done &&
	shims=$TRASH_DIRECTORY/pyenv/shims versions=$TRASH_DIRECTORY/pyenv/versions &&
	echo 3.9.17 >pyenv/version && echo " 3.10.2" >tree/.python-version &&
	test "$(path_of $shims/python3)" = $versions/3.9.17/bin/python3 &&
	test "$(path_of $shims/tool)" = $versions/3.9.17/bin/python3 &&
	cd tree/sub &&
	test "$(path_of $shims/python3)" = $versions/3.10.2/bin/python3 &&
	test "$(PYENV_VERSION=3.9.17:x path_of $shims/python3)" = \
		$versions/3.9.17/bin/python3 &&
	test -z "$(PYENV_VERSION=../../x path_of $shims/python3)" &&
	test -z "$(PYENV_VERSION=gone path_of $shims/python3)" &&
	test_path_is_missing "$TRASH_DIRECTORY/started"
'

test_expect_success 'a script or a tool, in an environment that is active' '
	script_of run.sh /bin/sh && mkdir -p tree/.venv/bin tools &&
	ln -s ../../../base/bin/python3.9 tree/.venv/bin/python &&
	echo "exit 1" | write_script tools/uv &&
	PATH="$TRASH_DIRECTORY/tools:$PATH" &&
	VIRTUAL_ENV=$TRASH_DIRECTORY/venv && export VIRTUAL_ENV &&
	test "$(path_of ./run.sh)" = "$VIRTUAL_ENV/bin/python" &&
	test "$(path_of sh run.sh)" = "$VIRTUAL_ENV/bin/python" &&
	test "$(path_of uv run x)" = "$VIRTUAL_ENV/bin/python" &&
	test "$(path_of base/bin/python3)" = "$TRASH_DIRECTORY/base/bin/python3" &&
	test -z "$(path_of true)" && unset VIRTUAL_ENV &&
	test -z "$(path_of ./run.sh)" && test -z "$(path_of uv run x)" &&
	ln -s python3.9 conda/envs/ml/bin/python &&
	CONDA_PREFIX=$TRASH_DIRECTORY/conda/envs/ml path_of sh x >out &&
	echo "$TRASH_DIRECTORY/conda/envs/ml/bin/python" >want &&
	test_cmp want out && cd tree/sub &&
	test "$(path_of uv run x)" = "$TRASH_DIRECTORY/tree/.venv/bin/python" &&
	VIRTUAL_ENV=relative path_of sh x >out && test_must_be_empty out
'

test_expect_success 'packages, as pip freeze prints them' '
	add_dist "$site" numpy 1.24.2 && add_dist "$site" PyYAML 6.0 &&
	add_dist "$site" pip 23.0 && add_dist "$site" setuptools 66.0 &&
	add_dist "$site" zope.interface 5.5 && add_dist "$site" PyJWT 2.6.0 &&
	printf "Metadata-Version: 1.0\nName: old\nVersion: 0.1\n" \
		>"$site/old-0.1.egg-info" &&
	mkdir "$site/older-0.2.egg-info" &&
	printf "Name: older\nVersion: 0.2\n" >"$site/older-0.2.egg-info/PKG-INFO" &&
	packages base/bin/python3 &&
	printf "%s\n" numpy==1.24.2 old==0.1 older==0.2 PyJWT==2.6.0 \
		PyYAML==6.0 zope.interface==5.5 >want &&
	test_cmp want list
'

test_expect_success 'from a URL, a repository, a directory' '
	test_when_finished "rm -r \"$site\"/from*" &&
	for nr in 1 2 3 4 5 6
	do
		add_dist "$site" from$nr 1.$nr || return 1
	done &&
	url () { cat >"$site/from$1-1.$1.dist-info/direct_url.json"; } &&
	url 1 <<-\EOF &&
	{"url": "https://h/a.whl", "archive_info": {"hash": "sha256=ab"}, "subdirectory": "s"}
	EOF
	url 2 <<-\EOF &&
	{"url": "https://ann:hunter2hunter2@h/r.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}}
	EOF
	echo "{\"url\": \"file:///src/x\", \"dir_info\": {}}" | url 3 &&
	echo "{\"url\": \"file:///src/x\", \"dir_info\": {\"editable\": true}}" |
	url 4 &&
	echo "{\"url\": \"https://h/\\u001b[31m\"}" | url 5 &&
	echo "{no json" | url 6 &&
	packages base/bin/python3 && grep from list >out &&
	printf "%s\n" "from1 @ https://h/a.whl#sha256=ab&subdirectory=s" \
		"from2 @ git+https://ann:<redacted:1>@h/r.git@c0ffee" \
		"from3 @ file:///src/x" "-e file:///src/x#egg=from4" \
		"from5==1.5" "from6==1.6" >want &&
	test_cmp want out
'

test_expect_success 'what a .pth file names: packages that are worked on' '
	test_when_finished "rm -r \"$site\"/easy.pth work" &&
	mkdir -p "work/my lib/mine.egg-info" &&
	printf "Name: mine\nVersion: 3\n" >"work/my lib/mine.egg-info/PKG-INFO" &&
	printf "# x\nimport os; os.system(\"touch %s\")\n%s\n/gone\n" \
		"$TRASH_DIRECTORY/started" "$TRASH_DIRECTORY/work/my lib" \
		>"$site/easy.pth" &&
	packages base/bin/python3 &&
	grep mine list >out &&
	echo "-e file://$TRASH_DIRECTORY/work/my%20lib#egg=mine" >want &&
	test_cmp want out && test_path_is_missing started
'

test_expect_success 'an environment has its own, and others where it says so' '
	venv=$TRASH_DIRECTORY/venv/lib/python3.9/site-packages &&
	add_dist "$venv" inner 2.0 && add_dist "$venv" NumPy 9.9 &&
	packages venv/bin/python && printf "inner==2.0\nNumPy==9.9\n" >want &&
	test_cmp want list &&
	sed -i "s/false/true/" venv/pyvenv.cfg &&
	packages venv/bin/python && test_grep "^PyYAML==6.0$" list &&
	test_grep "^NumPy==9.9$" list && test_grep ! "^numpy==" list &&
	user=$HOME/.local/lib/python3.9/site-packages &&
	add_dist "$user" users 1 && add_dist "$TRASH_DIRECTORY/path" onpath 1 &&
	packages venv/bin/python && test_grep users list &&
	PYTHONPATH=path packages venv/bin/python && test_grep onpath list &&
	packages venv/bin/python -s x && test_grep ! users list &&
	PYTHONNOUSERSITE=1 packages venv/bin/python && test_grep ! users list &&
	PYTHONPATH=path packages venv/bin/python -I x &&
	test_grep ! "users\|onpath" list &&
	PYTHONPATH=path packages venv/bin/python -S x &&
	echo onpath==1 >want && test_cmp want list &&
	PYTHONPATH=path packages venv/bin/python x.py -I -S && test_grep onpath list
'

test_expect_success 'hostile metadata is passed over' '
	rm -rf "$venv"/* && sed -i "s/true/false/" venv/pyvenv.cfg &&
	bad () { mkdir "$venv/$1.dist-info" && cat >"$venv/$1.dist-info/METADATA"; } &&
	printf "Name: a\033[31mb\nVersion: 1\n" | bad esc &&
	printf "Name: a b\nVersion: 1\n" | bad blank &&
	printf "Name: -e\nVersion: 1\n" | bad dash &&
	printf "Name: \303\274\nVersion: 1\n" | bad umlaut &&
	printf "Name: \377\nVersion: 1\n" | bad bytes &&
	printf "Name: x\nVersion: 1 ; rm\n" | bad version &&
	printf "Name: %0300d\nVersion: 1\n" 1 | bad long &&
	printf "Name: nov\n\nVersion: 1\n" | bad body &&
	printf "Name: cut\nVersion: 1" | bad cut &&
	head -c 100000 /dev/zero | bad zeros && bad empty </dev/null &&
	mkdir "$venv/dir.dist-info" "$venv/dir2.dist-info" &&
	mkdir "$venv/dir.dist-info/METADATA" &&
	mkfifo "$venv/dir2.dist-info/METADATA" &&
	ln -s loop "$venv/loop" && ln -s loop "$venv/loop.dist-info" &&
	ln -s /dev/zero "$venv/zero.egg-info" && mkfifo "$venv/f.pth" &&
	printf "Name: %0200d\nVersion: 1\r\nX: %0100000d\n" 1 2 | bad most &&
	printf "version:2\nNAME:good\n\n" | bad good &&
	packages venv/bin/python && test_grep "^good==2$" list &&
	test_line_count = 2 list && rm -rf "$venv"/*
'

test_expect_success 'a run asks beside its program, the next one remembers' '
	cd proj && add_dist "$venv" first 1 &&
	printf "run: {meta-wait: 60}\n" >>resutil-conf.yaml &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" \
		resutil run -m x -- "$TRASH_DIRECTORY/venv/bin/python" &&
	resutil read-exp --json --key meta.packages @ >out &&
	echo "[\"first==1\"]" >want && test_cmp want out &&
	resutil show @ >out &&
	test_grep "^python: *3.9, $TRASH_DIRECTORY/venv, 1 package$" out &&
	echo "[\"first==1\"]" >want &&
	test_grep "collect-meta --beside" ../trace &&
	cache=$(echo "$HOME"/.cache/resutil/*/) &&
	test_path_is_missing "$cache"/python-* &&
	# what changed just now is not remembered: let it be long ago
	i=0 && while test $i -lt 40
	do
		resutil run -m x -- "$TRASH_DIRECTORY/venv/bin/python" || return 1
		ls "$cache"/python-* >/dev/null 2>&1 && break
		i=$((i + 1)) && sleep 0.1
	done &&
	rm ../trace && RESUTIL_TRACE="$TRASH_DIRECTORY/trace" \
		resutil run -m x -- "$TRASH_DIRECTORY/venv/bin/python" &&
	test_grep ! "collect-meta" ../trace &&
	resutil read-exp --json --key meta.packages @ >out && test_cmp want out &&
	add_dist "$venv" second 2 &&
	resutil run -m x -- "$TRASH_DIRECTORY/venv/bin/python" &&
	resutil read-exp --json --key meta.packages @ >out &&
	echo "[\"first==1\",\"second==2\"]" >want && test_cmp want out
'

test_expect_success 'a cache of nonsense is none' '
	cd proj && cache=$(echo "$HOME"/.cache/resutil/*/python-*) &&
	for text in "" "{" "[]" "{\"format\":1,\"signs\":[],\"packages\":[1]}" \
		"{\"format\":2,\"signs\":[],\"packages\":[\"evil==1\"]}" \
		"{\"format\":1,\"packages\":[\"evil==1\"]}"
	do
		for file in $cache
		do
			printf "%s" "$text" >"$file" || return 1
		done &&
		resutil collect-meta --json packages -- \
			"$TRASH_DIRECTORY/venv/bin/python" >out &&
		echo "{\"packages\":[\"first==1\",\"second==2\"]}" >want &&
		test_cmp want out || return 1
	done && resutil fsck
'

test_lazy_prereq PIP '/usr/bin/python3 -m pip --version'

test_expect_success PIP 'the same as pip freeze, but for what is edited' '
	/usr/bin/python3 -m pip freeze 2>/dev/null | grep -v "^-e\|^#" >want &&
	packages /usr/bin/python3 && grep -v "^-e" list >out &&
	test_cmp want out
'

test_done
