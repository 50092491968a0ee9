# A proxy in front of Google's services, on a bad day.

# What Google says of too many requests, and of a token that expired.
LIMIT='"{\"error\": {\"code\": 403, \"message\": \"slow down\", \"errors\":
	[{\"reason\": \"rateLimitExceeded\", \"domain\": \"usageLimits\"}]}}"'
EXPIRED='"{\"error\": {\"code\": 401, \"message\": \"Invalid Credentials\",
	\"errors\": [{\"reason\": \"authError\"}]}}"'

# bad_network PATTERN: each failure comes every so many requests (numbers without
# a common divisor, so that they fall together rarely), but not to those that the
# rule PATTERN is about
bad_network () {
	bad_every="\"every\"" bad_put="\"method\": \"PUT|POST|PATCH\"" &&
	proxy_rules "{$1, \"delay\": 0}" \
		"{$bad_every: 29, \"status\": 503}" \
		"{$bad_every: 31, \"status\": 500, \"body\": \"backend error\"}" \
		"{$bad_every: 37, \"reset_down\": 0}" \
		"{$bad_every: 41, $bad_put, \"reset_up\": 0}" \
		"{$bad_every: 43, $bad_put, \"reset_up\": 300000}" \
		"{$bad_every: 47, \"method\": \"PUT|POST|PATCH|DELETE\", \"lose\": true}" \
		"{$bad_every: 53, \"method\": \"GET\", \"short\": 1}" \
		"{$bad_every: 59, \"method\": \"GET\", \"reset_down\": 70000}" \
		"{$bad_every: 61, \"status\": 502, \"body\": \"<html>bad gateway\",
			\"fields\": {\"Content-Type\": \"text/html\"}}" \
		"{$bad_every: 67, \"status\": 504, \"early\": true}" \
		"{$bad_every: 71, \"close\": true}" \
		"{$bad_every: 73, $bad_put, \"early\": true, \"status\": 408}" \
		"{$bad_every: 79, \"status\": 403, \"body\": $LIMIT}" \
		"{$bad_every: 83, \"head\": \"authorization\", \"status\": 401,
			\"body\": $EXPIRED}" \
		"{$bad_every: 89, \"method\": \"POST\", \"corrupt_up\": 200000}" \
		"{\"nth\": [20, 1200], \"status\": 429,
			\"fields\": {\"Retry-After\": \"1\"}}"
}

# new_base: another folder in the shared drive $lab, seen through the proxy: $base
# is its id, $store its URL
new_base () {
	base=$(drive_folder results "$lab") &&
	store="gdrive://$base?api_root=$PROXY&key_file_path=key.json"
}

# shared_drive_behind_proxy: $lab
shared_drive_behind_proxy () {
	start_drive && google_key key.json && lab=$(drive_shared lab) &&
	start_proxy "$DRIVE_ROOT" && google_trust "${PROXY#*://}"
}
