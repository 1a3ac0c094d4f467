/// What `--help` prints.
enum Help {
  static let hint = "see liaison --help"

  static let text = """
    liaison \(Version.current) – a Context Services server

    liaison serve [--listen ADDRESS:PORT] [--data DIR] [--store URL] [--redis URL] [--config FILE] [--loops N]
        Serves until SIGTERM, SIGINT or SIGHUP. Prints "listening on http://ADDRESS:PORT" when it can answer calls.
        --listen   where to listen; port 0 picks a free one       (127.0.0.1:8080)
        --data     the data folder, made if it is not there       (liaison-data)
        --store    sqlite (in the data folder), or a PostgreSQL database as libpq names it:
                   postgres://user@host/database, or "host=… dbname=…"   (sqlite)
        --redis    redis://host:port, unix:///path, sentinel://host,…/master,
                   redis-cluster://host,…, with TLS rediss://host:port, rediss-sentinel://host,…/master,
                   rediss-cluster://host,…, or off                (off)
        --config   a configuration file (JSON5)
        --loops    event loops; 0 for one per core                (0)
    liaison check --config FILE
        Says whether a server would start with the configuration, as far as nothing has to be opened for that: options at any depth, the
        plugins' libraries, settings and metrics, the htpasswd file, the certificates for Redis.
    liaison store backup FILE [--data DIR] [--config FILE]
        Copies the store in a data folder, also while a server runs on it. FILE must not exist.
    liaison store status [--store URL] [--data DIR] [--config FILE]
        Says where the store lies, the version of its tables, and whether this server works with them.
    liaison store migrate [--store URL] [--data DIR] [--config FILE]
        Brings the tables to this server's version, as a start does; any number of servers may start at once.
    liaison store copy --from sqlite:DIR --to URL
        Copies everything from a data folder that no server works on into an empty PostgreSQL database, compares both, and
        goes on where it was broken off when it is called again.
    liaison plugin new NAME [--sources DIR]
        Makes a folder NAME with a package of a plugin that builds, tests and runs as it is. DIR: Liaison's sources, if they
        are not those that this server was installed with or built from.
    liaison plugin list [--config FILE]
        Checks the configuration and shows the stages in order, with versions, where they come from, and settings.
    liaison plugin check FILE
        Says whether this server can load the plugin's library, and why not. Its settings are for liaison check.
    liaison help, liaison --version
        This text, also with --help or -h behind a command; the version.

    A flag's value stands behind it or behind an equals sign: --data DIR, --data=DIR. Given several times, the last one counts.
    An option of the configuration file that is one value, those of plugins apart, can also be set by the environment:
    http.max-body by LIAISON_HTTP_MAX_BODY, redis.url by LIAISON_REDIS, store.url by LIAISON_STORE. Flags win over the
    environment, the environment over the file.

    Exit codes: 0 done, 1 something was in the way (a port or folder in use, a store that cannot be opened),
    2 the command line, the configuration or a plugin's library is wrong. Errors are one line on standard error.
    """
}
