# What the sections about S3 share, after lib-perf.sh: a radosgw of their own,
# and the clients that they are compared with. All of it is on the loopback
# interface, and ends with the section.
# shellcheck disable=SC2034,SC2154 # see lib-perf.sh

for perf_var in $(env | sed -n \
	's/^\(\(AWS\|S3\|BOTO\|RCLONE\)_[A-Za-z0-9_]*\)=.*/\1/p') \
	http_proxy https_proxy HTTP_PROXY HTTPS_PROXY SSL_CERT_FILE \
	CURL_CA_BUNDLE REQUESTS_CA_BUNDLE
do
	unset "$perf_var"
done

server=
stop_server () {
	[ -z "$server" ] || { kill "$server" && wait "$server"; } || :
	server=
	rm -rf "$scratch"
}
trap stop_server EXIT

# start_radosgw: sets what its clients read.
start_radosgw () {
	/usr/bin/python3 t/helper/radosgw.py "$scratch/server" $$ \
		>"$scratch/server.said" 2>&1 &
	server=$!
	while ! [ -e "$scratch/server/ready" ]; do
		if ! kill -0 "$server" 2>/dev/null; then
			cat "$scratch/server.said" >&2
			exit 1
		fi
		sleep 0.1
	done
	. "$scratch/server/ready"
	export AWS_ACCESS_KEY_ID="$S3_KEY" AWS_SECRET_ACCESS_KEY="$S3_SECRET" \
		AWS_REGION="$S3_REGION" AWS_DEFAULT_REGION="$S3_REGION" \
		AWS_ENDPOINT_URL="$S3_ENDPOINT" \
		AWS_EC2_METADATA_DISABLED=true \
		RCLONE_CONFIG_S3_TYPE=s3 RCLONE_CONFIG_S3_PROVIDER=Ceph \
		RCLONE_CONFIG_S3_ENV_AUTH=true \
		RCLONE_CONFIG_S3_ENDPOINT="$S3_ENDPOINT"
	cat >"$HOME/.s3cfg" <<-END
	[default]
	access_key = $S3_KEY
	secret_key = $S3_SECRET
	host_base = ${S3_ENDPOINT#http://}
	host_bucket = ${S3_ENDPOINT#http://}/%(bucket)
	use_https = False
	END
}

# What is asked of the server beside the commands: see s3.py.
s3="/usr/bin/python3 $PWD/t/perf/s3.py"

# project DIR BUCKET: one whose packs lie there
project () {
	mkdir -p "$1/results"
	cat >"$1/resutil-conf.yaml" <<-END
	project_name: bench
	results_dir: results
	storage_type: s3
	storage_config:
	  bucket_name: $2
	  endpoint_url: $S3_ENDPOINT
	  region: $S3_REGION
	END
}

# script NAME: what runs before each command
script () {
	{ echo '#!/bin/sh' && cat; } >"$scratch/$1"
	chmod +x "$scratch/$1"
}

# The store gives back memory of what was removed only when it is told to.
collect_garbage="radosgw-admin -c $scratch/server/try*/ceph.conf -n client.rgw.a gc process --include-all"

# milliseconds NAME FILE
milliseconds () {
	awk -v us="$(value "$1" "$2")" 'BEGIN { printf "%.1f", us / 1000 }'
}

# above A B FILE: by how many milliseconds A takes longer
above () {
	awk -v a="$(value "$1" "$3")" -v b="$(value "$2" "$3")" \
		'BEGIN { printf "%.1f", (a - b) / 1000 }'
}

# longer A B FILE: the name of the one that takes longer
longer () {
	if [ "$(value "$1" "$3")" -ge "$(value "$2" "$3")" ]; then
		echo "$1"
	else
		echo "$2"
	fi
}

# of_both NAME A B FILE: its time by that of A and then B
of_both () {
	awk -v v="$(value "$1" "$4")" -v a="$(value "$2" "$4")" \
		-v b="$(value "$3" "$4")" \
		'BEGIN { if (a + b) printf "%.2f", v / (a + b); else print "?" }'
}
