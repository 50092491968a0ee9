# What tests about HTTP share: servers and proxies on free ports of the loopback
# interface, which end with the test file, and a certificate authority for them.

# Of what this machine is told about proxies, certificates and services,
# nothing counts here.
for test_var in $(env | sed -n \
	's/^\(\(AWS\|S3\|BOTO\|RCLONE\)_[A-Za-z0-9_]*\)=.*/\1/p') \
	http_proxy https_proxy all_proxy no_proxy \
	HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY \
	SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE REQUESTS_CA_BUNDLE
do
	unset "$test_var"
done
# ... and nobody asks 169.254.169.254 for keys.
AWS_EC2_METADATA_DISABLED=true
export AWS_EC2_METADATA_DISABLED

test_server_nr=0

# test_new_server: a directory for the next one, in test_server_dir.
test_new_server () {
	test_server_nr=$((test_server_nr + 1))
	test_server_dir=$TEST_TOP_DIRECTORY/server$test_server_nr
	mkdir "$test_server_dir"
}

# start_server READY COMMAND...: in the background (so `wait` wants the ids of
# those that it shall wait for); comes back when the file READY is there. What
# it says lies in $test_server_dir/said. SERVER_PID is its process.
start_server () {
	test_ready=$1
	shift
	"$@" >"$test_server_dir/said" 2>&1 </dev/null 3>&- 4>&- 5>&- 6>&- &
	SERVER_PID=$!
	test_atexit "stop_process $SERVER_PID"
	test_tries=600
	while ! test -e "$test_ready"
	do
		test_tries=$((test_tries - 1))
		if test $test_tries = 0 || ! kill -0 $SERVER_PID 2>/dev/null
		then
			echo >&4 "error: cannot be started: $*"
			cat "$test_server_dir/said" >&4
			return 1
		fi
		sleep 0.05
	done
}

# start_proxy [OPTION...] UPSTREAM: a fault proxy in front of a server; its
# options are those of helper/fault-proxy.py. Sets PROXY (its URL), PROXY_PORT,
# PROXY_PID, PROXY_RULES and PROXY_LOG.
start_proxy () {
	test_new_server &&
	PROXY_RULES=$test_server_dir/rules PROXY_LOG=$test_server_dir/log &&
	: >"$PROXY_LOG" &&
	test_proxy_scheme=http &&
	for test_arg
	do
		case "$test_arg" in --cert=*) test_proxy_scheme=https ;; esac
		shift
		case "$test_arg" in
		--*)	set -- "$@" "$test_arg" ;;
		*)	set -- "$@" "$test_server_dir/port" "$test_arg" \
				"$PROXY_RULES" ;;
		esac
	done &&
	start_server "$test_server_dir/port" /usr/bin/python3 -S \
		"$TEST_DIRECTORY"/helper/fault-proxy.py --watch=$$ \
		--log="$PROXY_LOG" "$@" &&
	PROXY_PID=$SERVER_PID &&
	read -r PROXY_PORT <"$test_server_dir/port" &&
	PROXY=$test_proxy_scheme://127.0.0.1:$PROXY_PORT
}

# proxy_rules [RULE...]: what the last proxy spoils from here on, each as JSON
# (see helper/fault-proxy.py); requests are counted anew, also in its log.
proxy_rules () {
	{
		echo "[" &&
		test_comma= &&
		for test_rule
		do
			printf '%s%s\n' "$test_comma" "$test_rule" &&
			test_comma=, || return 1
		done &&
		# another text each time: counted anew
		test_rules_nr=$((${test_rules_nr:-0} + 1)) &&
		printf '%s\n' \
			"$test_comma{\"path\": \"^\$\", \"nr\": $test_rules_nr}]"
	} >"$PROXY_RULES.new" &&
	mv "$PROXY_RULES.new" "$PROXY_RULES" &&
	: >"$PROXY_LOG"
}

# count_requests CONDITION [WHAT]: of the last proxy's log, see
# helper/count-requests.py.
count_requests () {
	/usr/bin/python3 -S "$TEST_DIRECTORY"/helper/count-requests.py \
		"$PROXY_LOG" "${test_rules_nr:-0}" "$@"
}

# test_requests OP NUMBER CONDITION: test_requests = 3 'method == "PUT"'
test_requests () {
	# a request is written down when it is over, which its client may see
	# before the proxy does
	for test_again in 1 2 3 4 5 6 7 8 9 10
	do
		test_counted=$(count_requests "$3") || return 1
		test "$test_counted" "$1" "$2" && return 0
		sleep 0.2
	done
	echo >&4 "error: $test_counted requests, not $1 $2: $3"
	cat "$PROXY_LOG" >&4
	return 1
}

# free_port: prints one. Somebody may be faster, so who uses it tries again.
free_port () {
	/usr/bin/python3 -S "$TEST_DIRECTORY"/helper/free-port.py
}

# make_ca DIR: a certificate authority, DIR/ca.pem.
make_ca () {
	mkdir -p "$1" &&
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=authority of a test" -days 30 \
		-addext "keyUsage=critical,keyCertSign,cRLSign" \
		-keyout "$1/ca.key" -out "$1/ca.pem" 2>"$1/ca.log" &&
	mkdir "$1/db" && : >"$1/db/index" && echo 01 >"$1/db/serial" &&
	cat >"$1/ca.conf" <<-END
	[ca]
	default_ca = this
	[this]
	database = $1/db/index
	serial = $1/db/serial
	new_certs_dir = $1/db
	certificate = $1/ca.pem
	private_key = $1/ca.key
	default_md = sha256
	policy = any
	unique_subject = no
	copy_extensions = copy
	[any]
	commonName = supplied
	END
}

# make_cert DIR NAME SAN [OPTION...]: DIR/NAME.pem, key and certificate, by the
# authority in DIR: make_cert ca old DNS:localhost -enddate 20200101000000Z
make_cert () {
	test_ca=$1 test_cert=$2 test_san=$3 &&
	shift 3 &&
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$test_cert" -addext "subjectAltName=$test_san" \
		-keyout "$test_ca/$test_cert.key" \
		-out "$test_ca/$test_cert.csr" 2>>"$test_ca/ca.log" &&
	openssl ca -batch -notext -config "$test_ca/ca.conf" \
		-startdate 20190101000000Z -days 30 "$@" \
		-in "$test_ca/$test_cert.csr" \
		-out "$test_ca/$test_cert.crt" 2>>"$test_ca/ca.log" &&
	cat "$test_ca/$test_cert.key" "$test_ca/$test_cert.crt" \
		>"$test_ca/$test_cert.pem" || {
		cat "$test_ca/ca.log" >&4
		return 1
	}
}

# start_nginx PEM [UPSTREAM]: TLS and HTTP/2 in front of a server, and a place
# that takes whatever is PUT there. Sets NGINX (https), NGINX_PORT, NGINX_SINK
# (http; files lie in NGINX_FILES), NGINX_PID.
start_nginx () {
	test_nginx_try=0
	while test $test_nginx_try -lt 5
	do
		test_nginx_try=$((test_nginx_try + 1))
		test_new_server && NGINX_PORT=$(free_port) &&
		NGINX_SINK=http://127.0.0.1:$(free_port) &&
		NGINX_FILES=$test_server_dir/files &&
		mkdir "$NGINX_FILES" "$test_server_dir/tmp" &&
		test_nginx_conf "$1" "${2:-$NGINX_SINK}" \
			>"$test_server_dir/conf" || return 1
		# the file of its own number is there when it listens
		if start_server "$test_server_dir/nginx.pid" /usr/bin/python3 -S \
			"$TEST_DIRECTORY"/helper/watched.py $$ \
			env PATH="$PATH:/usr/sbin" nginx \
			-c "$test_server_dir/conf" -e "$test_server_dir/errors"
		then
			NGINX_PID=$SERVER_PID
			NGINX=https://localhost:$NGINX_PORT
			return 0
		fi
	done
	return 1
}

test_nginx_conf () {
	cat <<-END
	daemon off;
	master_process off;
	pid $test_server_dir/nginx.pid;
	error_log $test_server_dir/errors;
	events { worker_connections 512; }
	http {
		access_log $test_server_dir/access;
		client_max_body_size 0;
		client_body_temp_path $test_server_dir/tmp/body;
		proxy_temp_path $test_server_dir/tmp/proxy;
		fastcgi_temp_path $test_server_dir/tmp/fastcgi;
		uwsgi_temp_path $test_server_dir/tmp/uwsgi;
		scgi_temp_path $test_server_dir/tmp/scgi;
		keepalive_requests ${NGINX_REQUESTS:-100000};
		server {
			listen 127.0.0.1:$NGINX_PORT ssl http2;
			ssl_certificate $1;
			ssl_certificate_key $1;
			ssl_protocols TLSv1.2 TLSv1.3;
			ssl_session_cache none;
			location / {
				proxy_pass $2;
				proxy_set_header Host \$http_host;
				proxy_set_header Connection "";
				proxy_http_version 1.1;
				proxy_request_buffering off;
				proxy_buffering off;
			}
		}
		server {
			listen ${NGINX_SINK#http://};
			root $NGINX_FILES;
			client_body_temp_path $NGINX_FILES/.body;
			dav_methods PUT DELETE MKCOL COPY MOVE;
			create_full_put_path on;
		}
	}
	END
}

# start_odd_s3 [--cert=PEM]: an S3 server that misbehaves as odd_modes says.
# Sets ODD (its URL), ODD_PORT, ODD_LOG; keys: ODD_KEY, ODD_SECRET.
start_odd_s3 () {
	test_new_server &&
	ODD_MODES=$test_server_dir/modes ODD_LOG=$test_server_dir/log &&
	: >"$ODD_LOG" &&
	start_server "$test_server_dir/port" /usr/bin/python3 \
		"$TEST_DIRECTORY"/helper/odd-s3.py --watch=$$ \
		--log="$ODD_LOG" "$@" "$test_server_dir/port" "$ODD_MODES" &&
	read -r ODD_PORT <"$test_server_dir/port" &&
	ODD_KEY=RESUTILTESTKEY000001 &&
	ODD_SECRET=secret/of+the/tests+0123456789abcdefABCDE &&
	case "$*" in
	*--cert=*)	ODD=https://localhost:$ODD_PORT ;;
	*)		ODD=http://127.0.0.1:$ODD_PORT ;;
	esac
}

# odd_modes JSON: an object, see helper/odd-s3.py; "{}" for none.
odd_modes () {
	printf '%s\n' "$1" >"$ODD_MODES.new" &&
	mv "$ODD_MODES.new" "$ODD_MODES" && : >"$ODD_LOG"
}
