# Owns a throw-away server from its first directory to its last process, so that nothing is left
# behind however the program that wanted it ends.
#
# Standard input is a pipe that only that program holds. Its first line is the superuser's password;
# its end, by closing or by dying, means that the server is to go.
#
# Arguments: directory, directory of the binaries, superuser, authentication method, and then the
# arguments of the server. Standard error is for what goes wrong before there is a log.

dir=$1 bin=$2 superuser=$3 auth=$4
shift 4
umask 077
IFS= read -r password || exit 1
mkdir "$dir" || exit 1
exec 2>"$dir/log"

# Background jobs lose standard input, so the pipe gets a number of its own.
exec 3<&0 </dev/null

init() {
    "$bin/initdb" --pgdata="$dir/data" --username="$superuser" --pwfile="$dir/password" \
        --auth="$auth" --encoding=UTF8 --locale=C --wal-segsize=1 --no-sync --no-instructions \
        "$@" >>"$dir/log" 3<&-
}

until_closed() {
    while IFS= read -r _ <&3; do :; done
}

remove() {
    cd / && rm -rf "$dir"
}

printf '%s\n' "$password" >"$dir/password"
# Not every system has the C locale with Unicode character classes.
if init --lc-ctype=C.UTF-8 || init; then
    rm -f "$dir/password"
    "$bin/postgres" -D "$dir/data" "$@" >>"$dir/log" 3<&- &
    server=$!
    trap 'kill -QUIT "$server" 2>/dev/null' HUP INT TERM
    # SIGQUIT is PostgreSQL's immediate shutdown. It is repeated because the server starts with the
    # signal ignored, as every background job of a shell does, until it installs its own handler.
    # It is this process that cleans up, so that the other may be killed as well.
    (
        until_closed
        while [ ! -e "$dir/exited" ] && kill -QUIT "$server"; do sleep 0.05; done
        remove
    ) 2>/dev/null &
    wait "$server"
    status=$?
    # A trapped signal ends a wait early.
    while kill -0 "$server" 2>/dev/null; do
        wait "$server"
        status=$?
    done
    echo "$status" >"$dir/exited"
    wait
else
    echo initdb >"$dir/failed"
    until_closed
    remove
fi
