//! What each directive means for where keys go: those of `redis-server` (8), of Valkey and of KeyDB.

use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub(super) const TABLE: &[Words] = &[
    Words {
        part: "redis.conf",
        followed: "replicaof slaveof bind replica-announce-ip slave-announce-ip cluster-announce-ip cluster-announce-hostname \
            replica-priority slave-priority cluster-enabled loadmodule include",
        harmless: "acl-pubsub-default aclfile acllog-max-len active-defrag-cycle-max active-defrag-cycle-min \
            active-defrag-ignore-bytes active-defrag-max-scan-fields active-defrag-threshold-lower \
            active-defrag-threshold-upper active-expire-effort activedefrag activerehashing always-show-logo \
            aof-disable-auto-gc aof-load-truncated aof-rewrite-cpulist aof-rewrite-incremental-fsync aof-timestamp-enabled \
            aof-use-rdb-preamble aof_rewrite_cpulist appenddirname appendfilename appendfsync appendonly \
            auto-aof-rewrite-min-size auto-aof-rewrite-percentage availability-zone bgsave-cpulist bgsave_cpulist \
            bind-source-addr bio-cpulist bio_cpulist busy-reply-threshold client-default-resp client-output-buffer-limit \
            client-query-buffer-limit cluster-allow-pubsubshard-when-down cluster-allow-reads-when-down \
            cluster-allow-replica-migration cluster-announce-bus-port cluster-announce-client-ipv4 \
            cluster-announce-human-nodename cluster-announce-port cluster-announce-tls-port cluster-blacklist-ttl \
            cluster-config-file cluster-link-sendbuf-limit cluster-manual-failover-timeout cluster-migration-barrier \
            cluster-node-timeout cluster-ping-interval cluster-port cluster-preferred-endpoint-type \
            cluster-replica-no-failover cluster-replica-validity-factor cluster-require-full-coverage \
            cluster-slave-no-failover cluster-slave-validity-factor cluster-slot-stats-enabled \
            commandlog-execution-slower-than crash-log-enabled crash-memcheck-enabled daemonize databases dbfilename dir \
            disable-thp dual-channel-replication-enabled dynamic-hz enable-debug-command enable-module-command \
            enable-protected-configs events-per-io-thread extended-redis-compatibility hash-max-listpack-entries \
            hash-max-listpack-value hash-max-ziplist-entries hash-max-ziplist-value hide-user-data-from-log \
            hll-sparse-max-bytes hz ignore-warnings import-mode io-threads io-threads-always-active io-threads-do-reads \
            jemalloc-bg-thread key-load-delay latency-monitor-threshold latency-tracking latency-tracking-info-percentiles \
            lazyexpire-nested-arbitrary-keys lazyfree-lazy-eviction lazyfree-lazy-expire lazyfree-lazy-server-del \
            lazyfree-lazy-user-del lazyfree-lazy-user-flush lfu-decay-time lfu-log-factor list-compress-depth \
            list-max-listpack-size list-max-ziplist-size loading-process-events-interval-bytes locale-collate logfile loglevel \
            lookahead lua-enable-insecure-api lua-time-limit masterauth masteruser max-new-connections-per-cycle \
            max-new-tls-connections-per-cycle maxclients maxmemory maxmemory-eviction-tenacity maxmemory-policy \
            maxmemory-samples min-clients-per-thread min-replicas-max-lag min-replicas-to-write min-slaves-max-lag \
            min-slaves-to-write multi-master-no-forward no-appendfsync-on-rewrite notify-keyspace-events oom-score-adj \
            oom-score-adj-values pidfile port prefetch-batch-max-size proc-title-template propagation-error-behavior \
            protected-mode proto-max-bulk-len rdb-del-sync-files rdb-key-save-delay rdb-save-incremental-fsync \
            rdb-version-check rdbchecksum rdbcompression rename-command repl-backlog-size repl-backlog-ttl \
            repl-disable-tcp-nodelay repl-diskless-load repl-diskless-sync repl-diskless-sync-delay \
            repl-diskless-sync-max-replicas repl-diskless-sync-period repl-ping-replica-period repl-ping-slave-period \
            repl-timeout replica-announce-port replica-announced replica-full-sync-buffer-limit \
            replica-ignore-disk-write-errors replica-ignore-maxmemory replica-lazy-flush replica-read-only \
            replica-serve-stale-data req-res-logfile requirepass sanitize-dump-payload save server-cpulist \
            server-thread-affinity server-threads server_cpulist set-max-intset-entries set-max-listpack-entries \
            set-max-listpack-value set-proc-title shutdown-on-sigint shutdown-on-sigterm shutdown-timeout slave-announce-port \
            slave-ignore-maxmemory slave-lazy-flush slave-read-only slave-serve-stale-data slowlog-log-slower-than \
            slowlog-max-len socket-mark-id stop-writes-on-bgsave-error stream-node-max-bytes stream-node-max-entries \
            supervised syslog-enabled syslog-facility syslog-ident tcp-backlog tcp-keepalive timeout tls-auth-clients \
            tls-ca-cert-dir tls-ca-cert-file tls-cert-file tls-ciphers tls-ciphersuites tls-client-cert-file \
            tls-client-key-file tls-client-key-file-pass tls-cluster tls-dh-params-file tls-key-file tls-key-file-pass \
            tls-port tls-prefer-server-ciphers tls-protocols tls-replication tls-session-cache-size tls-session-cache-timeout \
            tls-session-caching tracking-table-max-keys unixsocket unixsocketperm use-exit-on-panic user watchdog-period \
            zset-max-listpack-entries zset-max-listpack-value zset-max-ziplist-entries zset-max-ziplist-value",
        // KeyDB: the server is a replica and takes writes, so that copies go both ways.
        refused: "active-replica multi-master storage-provider",
    },
    Words {
        part: "sentinel",
        followed: "monitor known-replica known-slave",
        harmless: "known-sentinel down-after-milliseconds parallel-syncs failover-timeout auth-pass auth-user config-epoch \
            leader-epoch current-epoch myid announce-ip announce-port resolve-hostnames announce-hostnames sentinel-user \
            sentinel-pass deny-scripts-reconfig master-reboot-down-after-period notification-script client-reconfig-script \
            rename-command primary-reboot-down-after-period",
        refused: "",
    },
    Words {
        part: "Active-Active database",
        followed: "instances name guid",
        harmless: "causal_consistency default_db_config encryption featureset_version protocol_version modules replication \
            sharding local_databases status bigstore compression memory_size port",
        refused: "",
    },
];

pub(super) static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

pub(super) fn is_directive(word: &str) -> bool {
    WORDS.effect("redis.conf", &word.to_ascii_lowercase()).is_some()
}

/// Directives that no other program has, by which a file of any name is known.
pub(super) fn is_telling(word: &str) -> bool {
    const TELLING: &[&str] = &[
        "replicaof",
        "slaveof",
        "appendonly",
        "appendfsync",
        "maxmemory",
        "maxmemory-policy",
        "requirepass",
        "masterauth",
        "cluster-enabled",
        "rdbcompression",
        "dbfilename",
        "repl-diskless-sync",
        "replica-priority",
    ];
    TELLING.contains(&word.to_ascii_lowercase().as_str())
}

/// Modules that send nothing anywhere.
pub(super) const MODULES: &[&str] = &[
    "redisearch",
    "rejson",
    "redisbloom",
    "redistimeseries",
    "redisgraph",
    "redisai",
    "librejson",
    "redis-cell",
    "libredis_cell",
    "neural-redis",
    "rediscompat",
    "valkeyjson",
    "libjson",
    "valkey-bloom",
    "libvalkey_bloom",
    "libsearch",
    "vectorset",
    "redis-roaring",
];
