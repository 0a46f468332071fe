//! What each parameter means for where data goes. Those of the server are what `postgres --describe-config` of version 15 lists and
//! what the release notes of the others name.

use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub(super) const TABLE: &[Words] = &[
    Words {
        part: "postgresql.conf",
        followed: "listen_addresses cluster_name primary_conninfo recovery_min_apply_delay synchronous_standby_names archive_mode \
            archive_command archive_library restore_command archive_cleanup_command recovery_end_command \
            ssl_passphrase_command shared_preload_libraries session_preload_libraries local_preload_libraries",
        harmless: "allow_alter_system allow_in_place_tablespaces allow_system_table_mods archive_timeout array_nulls \
            authentication_timeout autovacuum autovacuum_analyze_scale_factor autovacuum_analyze_threshold \
            autovacuum_freeze_max_age autovacuum_max_workers autovacuum_multixact_freeze_max_age autovacuum_naptime \
            autovacuum_vacuum_cost_delay autovacuum_vacuum_cost_limit autovacuum_vacuum_insert_scale_factor \
            autovacuum_vacuum_insert_threshold autovacuum_vacuum_max_threshold autovacuum_vacuum_scale_factor \
            autovacuum_vacuum_threshold autovacuum_work_mem autovacuum_worker_slots backend_flush_after backslash_quote \
            bgwriter_delay bgwriter_flush_after bgwriter_lru_maxpages bgwriter_lru_multiplier bonjour bonjour_name \
            bytea_output check_function_bodies checkpoint_completion_target checkpoint_flush_after checkpoint_segments \
            checkpoint_timeout checkpoint_warning client_connection_check_interval client_encoding client_min_messages \
            commit_delay commit_siblings commit_timestamp_buffers compute_query_id constraint_exclusion cpu_index_tuple_cost \
            cpu_operator_cost cpu_tuple_cost createrole_self_grant cursor_tuple_fraction data_directory data_sync_retry \
            datestyle db_user_namespace deadlock_timeout debug_discard_caches debug_io_direct \
            debug_logical_replication_streaming debug_parallel_query debug_pretty_print debug_print_parse debug_print_plan \
            debug_print_rewritten default_statistics_target default_table_access_method default_tablespace \
            default_text_search_config default_toast_compression default_transaction_deferrable default_transaction_isolation \
            default_transaction_read_only default_with_oids dynamic_library_path dynamic_shared_memory_type \
            effective_cache_size effective_io_concurrency enable_async_append enable_bitmapscan enable_distinct_reordering \
            enable_gathermerge enable_group_by_reordering enable_hashagg enable_hashjoin enable_incremental_sort \
            enable_indexonlyscan enable_indexscan enable_material enable_memoize enable_mergejoin enable_nestloop \
            enable_parallel_append enable_parallel_hash enable_partition_pruning enable_partitionwise_aggregate \
            enable_partitionwise_join enable_presorted_aggregate enable_self_join_elimination enable_seqscan enable_sort \
            enable_tidscan escape_string_warning event_source event_triggers exit_on_error extension_control_path \
            extension_destdir external_pid_file extra_float_digits file_copy_method file_extend_method force_parallel_mode \
            from_collapse_limit fsync full_page_writes geqo geqo_effort geqo_generations geqo_pool_size geqo_seed \
            geqo_selection_bias geqo_threshold gin_fuzzy_search_limit gin_pending_list_limit gss_accept_delegation \
            hash_mem_multiplier hba_file hot_standby hot_standby_feedback huge_page_size huge_pages icu_validation_level \
            ident_file idle_in_transaction_session_timeout idle_replication_slot_timeout idle_session_timeout \
            ignore_checksum_failure ignore_invalid_pages ignore_system_indexes include include_dir include_if_exists \
            intervalstyle io_combine_limit io_max_combine_limit io_max_concurrency io_method io_workers jit jit_above_cost \
            jit_debugging_support jit_dump_bitcode jit_expressions jit_inline_above_cost jit_optimize_above_cost \
            jit_profiling_support jit_provider jit_tuple_deforming join_collapse_limit krb_caseins_users krb_server_keyfile \
            lc_messages lc_monetary lc_numeric lc_time lo_compat_privileges lock_timeout log_autovacuum_min_duration \
            log_checkpoints log_connections log_destination log_directory log_disconnections log_duration log_error_verbosity \
            log_executor_stats log_file_mode log_filename log_hostname log_line_prefix log_lock_failures log_lock_waits \
            log_min_duration_sample log_min_duration_statement log_min_error_statement log_min_messages \
            log_parameter_max_length log_parameter_max_length_on_error log_parser_stats log_planner_stats \
            log_recovery_conflict_waits log_replication_commands log_rotation_age log_rotation_size \
            log_startup_progress_interval log_statement log_statement_sample_rate log_statement_stats log_temp_files \
            log_timezone log_transaction_sample_rate log_truncate_on_rotation logging_collector logical_decoding_work_mem \
            logical_replication_mode maintenance_io_concurrency maintenance_work_mem max_active_replication_origins \
            max_connections max_files_per_process max_fsm_pages max_locks_per_transaction max_logical_replication_workers \
            max_notify_queue_pages max_parallel_apply_workers_per_subscription max_parallel_maintenance_workers \
            max_parallel_workers max_parallel_workers_per_gather max_pred_locks_per_page max_pred_locks_per_relation \
            max_pred_locks_per_transaction max_prepared_transactions max_replication_slots max_slot_wal_keep_size \
            max_stack_depth max_standby_archive_delay max_standby_streaming_delay max_sync_workers_per_subscription \
            max_wal_senders max_wal_size max_worker_processes md5_password_warnings min_dynamic_shared_memory \
            min_parallel_index_scan_size min_parallel_table_scan_size min_wal_size multixact_member_buffers \
            multixact_offset_buffers notify_buffers old_snapshot_threshold operator_precedence_warning \
            parallel_leader_participation parallel_setup_cost parallel_tuple_cost password_encryption plan_cache_mode port \
            post_auth_delay pre_auth_delay primary_slot_name promote_trigger_file quote_all_identifiers random_page_cost \
            recovery_init_sync_method recovery_prefetch recovery_target recovery_target_action recovery_target_inclusive \
            recovery_target_lsn recovery_target_name recovery_target_time recovery_target_timeline recovery_target_xid \
            recursive_worktable_factor remove_temp_files_after_crash replication_timeout reserved_connections \
            restart_after_crash restrict_nonsystem_relation_kind row_security scram_iterations search_path \
            send_abort_for_crash send_abort_for_kill seq_page_cost serializable_buffers session_replication_role \
            shared_buffers shared_memory_type sql_inheritance ssl ssl_ca_file ssl_cert_file ssl_ciphers ssl_crl_dir \
            ssl_crl_file ssl_dh_params_file ssl_ecdh_curve ssl_groups ssl_key_file ssl_max_protocol_version \
            ssl_min_protocol_version ssl_passphrase_command_supports_reload ssl_prefer_server_ciphers ssl_renegotiation_limit \
            ssl_tls13_ciphers standard_conforming_strings standby_mode statement_timeout stats_fetch_consistency \
            stats_temp_directory subtransaction_buffers summarize_wal superuser_reserved_connections sync_replication_slots \
            synchronize_seqscans synchronized_standby_slots synchronous_commit syslog_facility syslog_ident \
            syslog_sequence_numbers syslog_split_messages tcp_keepalives_count tcp_keepalives_idle tcp_keepalives_interval \
            tcp_user_timeout temp_buffers temp_file_limit temp_tablespaces timezone timezone_abbreviations \
            trace_connection_negotiation trace_notify trace_sort track_activities track_activity_query_size \
            track_commit_timestamp track_cost_delay_timing track_counts track_functions track_io_timing track_wal_io_timing \
            transaction_buffers transaction_timeout transform_null_equals trigger_file unix_socket_directories \
            unix_socket_group unix_socket_permissions update_process_title vacuum_buffer_usage_limit \
            vacuum_cleanup_index_scale_factor vacuum_cost_delay vacuum_cost_limit vacuum_cost_page_dirty vacuum_cost_page_hit \
            vacuum_cost_page_miss vacuum_defer_cleanup_age vacuum_failsafe_age vacuum_freeze_min_age vacuum_freeze_table_age \
            vacuum_max_eager_freeze_failure_rate vacuum_multixact_failsafe_age vacuum_multixact_freeze_min_age \
            vacuum_multixact_freeze_table_age vacuum_truncate wal_buffers wal_compression wal_consistency_checking \
            wal_decode_buffer_size wal_init_zero wal_keep_segments wal_keep_size wal_level wal_log_hints \
            wal_receiver_create_temp_slot wal_receiver_status_interval wal_receiver_timeout wal_recycle \
            wal_retrieve_retry_interval wal_sender_timeout wal_skip_threshold wal_summary_keep_time wal_sync_method \
            wal_writer_delay wal_writer_flush_after work_mem xmlbinary xmloption zero_damaged_pages",
        refused: "oauth_validator_libraries",
    },
    Words {
        part: "pgbackrest.conf",
        followed: "repo-type repo-path repo-host repo-s3-bucket repo-s3-endpoint repo-s3-region repo-storage-host repo-gcs-bucket \
            repo-gcs-endpoint repo-azure-account repo-azure-container repo-azure-endpoint repo-sftp-host pg-host pg-path",
        harmless: "repo-block repo-bundle repo-bundle-limit repo-bundle-size repo-cipher-pass repo-cipher-type repo-hardlink \
            repo-host-ca-file repo-host-ca-path repo-host-cert-file repo-host-cmd repo-host-config \
            repo-host-config-include-path repo-host-config-path repo-host-key-file repo-host-port repo-host-type \
            repo-host-user repo-retention-archive repo-retention-archive-type repo-retention-diff repo-retention-full \
            repo-retention-full-type repo-retention-history repo-s3-key repo-s3-key-secret repo-s3-key-type repo-s3-kms-key-id \
            repo-s3-requester-pays repo-s3-role repo-s3-sse-customer-key repo-s3-token repo-s3-uri-style repo-s3-verify-tls \
            repo-storage-ca-file repo-storage-ca-path repo-storage-port repo-storage-tag repo-storage-upload-chunk-size \
            repo-storage-verify-tls repo-symlink repo-gcs-key repo-gcs-key-type repo-gcs-user-project repo-azure-key \
            repo-azure-key-type repo-azure-uri-style repo-sftp-host-fingerprint repo-sftp-host-key-check-type \
            repo-sftp-host-key-hash-type repo-sftp-host-port repo-sftp-host-user repo-sftp-known-host \
            repo-sftp-private-key-file repo-sftp-private-key-passphrase repo-sftp-public-key-file repo-local repo-target-time \
            pg-port pg-user pg-database pg-socket-path pg-host-user pg-host-port pg-host-cmd pg-host-config \
            pg-host-config-include-path pg-host-config-path pg-host-type pg-host-ca-file pg-host-ca-path pg-host-cert-file \
            pg-host-key-file pg-local pg-version-force archive-async archive-check archive-copy archive-get-queue-max \
            archive-header-check archive-missing-retry archive-mode archive-mode-check archive-push-queue-max archive-timeout \
            backup-standby beta buffer-size checksum-page cmd cmd-ssh compress compress-level compress-level-network \
            compress-type config-include-path config-path db-include db-exclude db-timeout delta exclude exec-id expire-auto \
            force fork io-timeout job-retry job-retry-interval link-all link-map lock-path log-level-console log-level-file \
            log-level-stderr log-path log-subprocess log-timestamp manifest-save-threshold neutral-umask online \
            page-header-check priority process-max protocol-timeout recovery-option resume set spool-path stanza start-fast \
            stop-auto sck-block sck-keep-alive tablespace-map tablespace-map-all target target-action target-exclusive \
            target-timeline tcp-keep-alive-count tcp-keep-alive-idle tcp-keep-alive-interval tls-server-address \
            tls-server-auth tls-server-ca-file tls-server-cert-file tls-server-crl-file tls-server-key-file tls-server-port \
            type verbose repo",
        refused: "",
    },
    Words {
        part: "patroni.yml",
        followed: "scope namespace name bootstrap postgresql restapi tags standby_cluster",
        harmless: "log ctl etcd etcd3 consul zookeeper exhibitor kubernetes raft watchdog loop_wait ttl retry_timeout \
            maximum_lag_on_failover synchronous_mode synchronous_mode_strict failsafe_mode validate_config patronictl",
        refused: "citus",
    },
];

pub(super) static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

/// Whether it is a parameter of the server, or of an extension.
pub(super) fn is_parameter(name: &str) -> bool {
    WORDS.effect("postgresql.conf", &name.to_ascii_lowercase()).is_some() || name.contains('.')
}

/// Parameters that no other program has, by which a file of any name is known.
pub(super) fn is_telling(name: &str) -> bool {
    const TELLING: &[&str] = &[
        "primary_conninfo",
        "synchronous_standby_names",
        "max_wal_senders",
        "wal_level",
        "hot_standby",
        "archive_command",
        "restore_command",
        "shared_preload_libraries",
        "wal_keep_size",
        "max_replication_slots",
        "effective_cache_size",
    ];
    TELLING.contains(&name.to_ascii_lowercase().as_str())
}

/// Libraries that are loaded with the server and send nothing anywhere.
pub(super) const LIBRARIES: &[&str] = &[
    "pg_stat_statements",
    "auto_explain",
    "pg_stat_kcache",
    "pg_wait_sampling",
    "pg_stat_monitor",
    "pgaudit",
    "pg_hint_plan",
    "timescaledb",
    "pg_prewarm",
    "pg_cron",
    "passwordcheck",
    "auth_delay",
    "pg_partman_bgw",
    "pg_qualstats",
    "plpgsql",
    "pg_repack",
    "pg_squeeze",
    "plprofiler",
    "plugin_debugger",
    "sepgsql",
    "postgis",
    "basic_archive",
    "pgsodium",
    "pg_tle",
    "age",
    "vector",
    "pg_buffercache",
    "pglogical_output",
    "wal2json",
    "test_decoding",
    "pgoutput",
    "repmgr",
    "credcheck",
    "set_user",
    "supautils",
    "pg_search",
    "plrust",
    "rum",
    "hypopg",
    "powa",
    "pg_failover_slots",
    "pg_readonly",
    "postgresql_anonymizer",
    "anon",
];
