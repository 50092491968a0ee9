# What the section about ssh needs, after lib-perf.sh: an sshd of its own on the
# loopback interface, and a way to it that takes its time. All of it ends with
# the section.
# shellcheck disable=SC2034,SC2154 # see lib-perf.sh

unset SSH_AUTH_SOCK SSH_ASKPASS DISPLAY XDG_RUNTIME_DIR

servers=
stop_servers () {
	for stop_pid in $servers; do
		{ kill "$stop_pid" && wait "$stop_pid"; } 2>/dev/null || :
	done
	servers=
	rm -rf "$scratch"
}
trap stop_servers EXIT

# started FILE COMMAND...: in the background; comes back when FILE is there
started () {
	started_file=$1
	shift
	"$@" >"$scratch/server.said" 2>&1 &
	started_pid=$!
	servers="$servers $started_pid"
	while ! [ -e "$started_file" ]; do
		if ! kill -0 "$started_pid" 2>/dev/null; then
			cat "$scratch/server.said" >&2
			exit 1
		fi
		sleep 0.1
	done
}

# start_sshd MILLISECONDS: hosts `near`, and `far`, whose answers take so long;
# $there is the home directory of both.
start_sshd () {
	ssh_dir=$scratch/sshd
	there=$scratch/there
	mkdir "$ssh_dir" "$there"
	ssh-keygen -q -t ed25519 -N '' -C bench -f "$ssh_dir/host_key"
	ssh-keygen -q -t ed25519 -N '' -C bench -f "$ssh_dir/key"
	cp "$ssh_dir/key.pub" "$ssh_dir/authorized_keys"
	echo "bench $(cut -d' ' -f1,2 "$ssh_dir/host_key.pub")" \
		>"$ssh_dir/known_hosts"
	cat >"$ssh_dir/login" <<-END
	HOME='$there' SHELL=/bin/bash
	export HOME SHELL
	cd "\$HOME" && exec bash -c "\$SSH_ORIGINAL_COMMAND"
	END
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	started "$ssh_dir/ports" /usr/bin/python3 t/helper/ssh-server.py \
		--watch=$$ "$ssh_dir" near=/bin/bash
	near_port=$(sed -n 's/^near //p' "$ssh_dir/ports")
	started "$ssh_dir/far" /usr/bin/python3 t/perf/ssh-delay.py \
		"$ssh_dir/far" "$near_port" "$1"
	mkdir -m 700 "$HOME/.ssh"
	# ssh finds it by the user's home, whatever HOME says
	cat >"$ssh_dir/config" <<-END
	Host near
		Port $near_port
	Host far
		Port $(cat "$ssh_dir/far")
	Host near far
		HostName 127.0.0.1
		HostKeyAlias bench
		User $(id -un)
		IdentityFile $ssh_dir/key
		IdentitiesOnly yes
		UserKnownHostsFile $ssh_dir/known_hosts
		GlobalKnownHostsFile /dev/null
		UpdateHostKeys no
	END
	mkdir "$scratch/bin"
	for ssh_program in ssh scp; do
		ssh_found=$(command -v "$ssh_program")
		printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$ssh_found" \
			"$ssh_dir/config" >"$scratch/bin/$ssh_program"
		chmod +x "$scratch/bin/$ssh_program"
	done
	PATH=$scratch/bin:$PATH
}

# project DIR HOST STORE: one whose packs lie there
project () {
	mkdir -p "$1/results" "$there/$3"
	cat >"$1/resutil-conf.yaml" <<-END
	project_name: bench
	results_dir: results
	storage_type: ssh
	storage_config:
	  host: $2
	  path: $3
	END
}

# script NAME: what runs before each command
script () {
	{ echo '#!/bin/sh' && cat; } >"$scratch/$1"
	chmod +x "$scratch/$1"
}

# milliseconds NAME FILE
milliseconds () {
	awk -v us="$(value "$1" "$2")" 'BEGIN { printf "%.1f", us / 1000 }'
}
