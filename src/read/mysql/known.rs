//! What each option means for where data goes; `x_*` stands for all that begin so. Those of the server are what MariaDB 10.11 lists
//! (`mariadbd --help --verbose`) and what the MySQL reference manual adds; Orchestrator's are those of its sample.

use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub(super) const TABLE: &[Words] = &[
    Words {
        part: "mysqld",
        followed: "bind_address report_host wsrep_node_address group_replication_local_address wsrep_cluster_address \
            wsrep_cluster_name group_replication_group_seeds group_replication_group_name group_replication_member_weight \
            plugin_load plugin_load_add early_plugin_load clone_valid_donor_list init_file",
        harmless: "admin_* allow_suspicious_udfs alter_algorithm analyze_* and aria_* audit_* authentication_* auto_* autocommit \
            automatic_sp_privileges back_* basedir big_* binlog_* binlogging_* bulk_* caching_* character_* check_* chroot \
            clone_* collation_* column_* columnstore_* completion_* component_* concurrent_* connect_class_path \
            connect_timeout connection_* console core_* create_* cte_* datadir date_* datetime_* deadlock_* debug debug_* \
            default_* delay_key_write delayed_* des_key_file disabled_* disconnect_on_expired_password div_* encrypt_* end_* \
            enforce_* eq_* event_* expensive_subquery_limit expire_* explain_* explicit_defaults_for_timestamp external_* \
            extra_* federated feedback feedback_* feedback_http_proxy feedback_send_retry_wait feedback_send_timeout \
            feedback_url feedback_user_info file_* flashback flush flush_* ft_* gdb general_* generated_* \
            getopt_prefix_matching group_concat_max_len group_replication_* gtid_* have_* help histogram_* host_* hostname_* \
            idle_* ignore_* in_* information_* init_connect init_replica init_rpl_role init_slave initialize_* innodb innodb_* \
            interactive_* internal_* join_* keep_* key_* keyring_* language large_* lc_* local_* lock_* locked_* log_* long_* \
            loose low_* lower_* mandatory_* master_info_file master_retry_count master_verify_checksum max_* memlock memlock_* \
            metadata_* min_* mrr_* myisam myisam_* myisamchk mysql56_temporal_format mysql_* mysql_native_password mysqlx \
            mysqlx_* named_* named_pipe net_* ngram_* note_verbosity offline_* old old_* open_* optimizer_* parser_* partial_* \
            partition password_* performance_* performance_schema persist_* persisted_* pid_* plugin plugin_* plugin_dir \
            plugin_maturity port port_* preload_* print_* profiling_* progress_* protocol_version proxy_* pseudo_* query_* \
            range_* read_* regexp_* relay_* relay_log replica_* replicate_* report_* report_password report_port report_user \
            require_* restrict_* rewriter_* rocksdb_* rowid_* rpl_* safe_* schema_* secure_* select_* sequence server_* \
            session_* set_* sha256_* shared_* show_* silent_startup skip_* slave_* slow_* socket sort_* source_* sql_* ssl \
            ssl_* stack_* standard_* stored_* strict_* super_* symbolic_* sync_* sysdate_* system_* table_* tablespace_* tc_* \
            tcp_* telemetry_* temp_* temptable_* terminology_* thread_* time_format timed_* tls tls_* tmp_* tmpdir tokudb_* \
            transaction_* unique_* unix_* updatable_* use_* user_* userstat userstat_* validate_* verbose version version_* \
            wait_* windowing_* wsrep_* wsrep_allowlist wsrep_auto_increment_control wsrep_causal_reads \
            wsrep_certification_rules wsrep_data_home_dir wsrep_dbug_option wsrep_debug wsrep_desync wsrep_dirty_reads \
            wsrep_drupal_282555_workaround wsrep_forced_binlog_format wsrep_gtid_domain_id wsrep_gtid_mode \
            wsrep_ignore_apply_errors wsrep_load_data_splitting wsrep_log_conflicts wsrep_max_ws_rows wsrep_max_ws_size \
            wsrep_mode wsrep_mysql_replication_bundle wsrep_new_cluster wsrep_node_incoming_address wsrep_node_name wsrep_on \
            wsrep_patch_version wsrep_provider wsrep_provider_options wsrep_recover wsrep_reject_queries wsrep_restart_slave \
            wsrep_retry_autocommit wsrep_slave_threads wsrep_sst_auth wsrep_sst_donor wsrep_sst_donor_rejects_queries \
            wsrep_sst_method wsrep_sst_receive_address wsrep_start_position wsrep_status_file wsrep_sync_wait \
            wsrep_trx_fragment_size wsrep_trx_fragment_unit xa_*",
        refused: "spider_* ndb_* ndbcluster ndb_connectstring wsrep_notify_cmd",
    },
    Words {
        part: "orchestrator",
        followed: "PreventCrossDataCenterMasterFailover PreventCrossRegionMasterFailover DataCenterPattern DetectDataCenterQuery \
            DetectRegionQuery DefaultInstancePort DiscoverySeeds",
        harmless: "AccessTokenExpiryMinutes AccessTokenUseExpirySeconds AgentPollMinutes AgentSSLCAFile AgentSSLCertFile \
            AgentSSLPrivateKeyFile AgentSSLSkipVerify AgentSSLValidOUs AgentsServerPort AgentsUseMutualTLS AgentsUseSSL \
            AllowPowerUsers ApplyMySQLPromotionAfterMasterFailover AuditLogFile AuditPageSize AuditPurgeDays AuditToBackendDB \
            AuditToSyslog AuthUserHeader AuthenticationMethod AutoPseudoGTID BackendDB BinlogEventsChunkSize \
            BufferInstanceWrites CandidateInstanceExpireMinutes ClusterNameToAlias CoMasterRecoveryMustPromoteOtherCoMaster \
            ConsulAclToken ConsulAddress ConsulCrossDataCenterDistribution ConsulKVStoreProvider ConsulMaxKVsPerTransaction \
            ConsulScheme Debug DefaultRaftPort DelayMasterPromotionIfSQLThreadNotUpToDate DetachLostSlavesAfterMasterFailover \
            DetectClusterAliasQuery DetectClusterDomainQuery DetectInstanceAliasQuery DetectPhysicalEnvironmentQuery \
            DetectPromotionRuleQuery DetectPseudoGTIDQuery DetectSemiSyncEnforcedQuery DiscoverByShowSlaveHosts \
            DiscoveryCollectionRetentionSeconds DiscoveryIgnoreHostnameFilters DiscoveryIgnoreMasterHostnameFilters \
            DiscoveryIgnoreReplicaHostnameFilters DiscoveryMaxConcurrency DiscoveryQueueCapacity \
            DiscoveryQueueMaxStatisticsSize EnableSyslog EnforceExactSemiSyncReplicas ExpectFailureAnalysisConcensus \
            ExpiryHostnameResolvesMinutes FailMasterPromotionIfSQLThreadNotUpToDate FailMasterPromotionOnLagMinutes \
            FailureDetectionPeriodBlockMinutes GraphiteAddr GraphiteConvertHostnameDotsToUnderscores GraphitePath \
            GraphitePollSeconds HTTPAdvertise HTTPAuthPassword HTTPAuthUser HostnameResolveMethod \
            InstanceBulkOperationsWaitTimeoutSeconds InstanceDBExecContextTimeoutSeconds InstanceFlushIntervalMilliseconds \
            InstancePollSeconds InstancePoolExpiryMinutes InstanceWriteBufferSize KVClusterMasterPrefix ListenAddress \
            ListenSocket LockShardTimeoutSeconds MasterFailoverDetachReplicaMasterHost \
            MasterFailoverLostInstancesDowntimeMinutes MaxConcurrentReplicaOperations MySQLConnectTimeoutSeconds \
            MySQLConnectionLifetimeSeconds MySQLDiscoveryReadTimeoutSeconds MySQLHostnameResolveMethod MySQLInterpolateParams \
            MySQLOrchestratorCredentialsConfigFile MySQLOrchestratorDatabase MySQLOrchestratorHost \
            MySQLOrchestratorMaxPoolConnections MySQLOrchestratorPassword MySQLOrchestratorPort \
            MySQLOrchestratorReadTimeoutSeconds MySQLOrchestratorSSLCAFile MySQLOrchestratorSSLCertFile \
            MySQLOrchestratorSSLPrivateKeyFile MySQLOrchestratorSSLSkipVerify MySQLOrchestratorUseMutualTLS \
            MySQLOrchestratorUser MySQLTopologyCredentialsConfigFile MySQLTopologyMaxPoolConnections MySQLTopologyPassword \
            MySQLTopologyReadTimeoutSeconds MySQLTopologySSLCAFile MySQLTopologySSLCertFile MySQLTopologySSLPrivateKeyFile \
            MySQLTopologySSLSkipVerify MySQLTopologyUseMixedTLS MySQLTopologyUseMutualTLS MySQLTopologyUser OAuthClientId \
            OAuthClientSecret OAuthScopes OSCIgnoreHostnameFilters OnFailureDetectionProcesses PhysicalEnvironmentPattern \
            PostFailoverProcesses PostGracefulTakeoverProcesses PostIntermediateMasterFailoverProcesses \
            PostMasterFailoverProcesses PostTakeMasterProcesses PostUnsuccessfulFailoverProcesses \
            PostponeReplicaRecoveryOnLagMinutes PowerAuthGroups PowerAuthUsers PreFailoverProcesses \
            PreGracefulTakeoverProcesses ProblemIgnoreHostnameFilters PromotionIgnoreHostnameFilters PseudoGTIDMonotonicHint \
            PseudoGTIDPattern PseudoGTIDPatternIsFixedSubstring RaftAdvertise RaftBind RaftDataDir RaftEnabled RaftNodes \
            ReadOnly ReasonableLockedSemiSyncMasterSeconds ReasonableMaintenanceReplicationLagSeconds \
            ReasonableReplicationLagSeconds RecoverIntermediateMasterClusterFilters RecoverLockedSemiSyncMaster \
            RecoverMasterClusterFilters RecoveryIgnoreHostnameFilters RecoveryPeriodBlockSeconds \
            ReduceReplicationAnalysisCount RegionPattern RejectHostnameResolvePattern RemoveTextFromHostnameDisplay \
            ReplicationCredentialsQuery ReplicationLagQuery SQLite3DataFile SSLCAFile SSLCertFile SSLPrivateKeyFile \
            SSLSkipVerify SSLValidOUs SeedAcceptableBytesDiff ServeAgentsHttp SkipBinlogEventsContaining \
            SkipBinlogServerUnresolveCheck SkipMaxScaleCheck SlackToken SlaveLagQuery SlaveStartPostWaitMilliseconds \
            SnapshotTopologiesIntervalHours StaleSeedFailMinutes StatusEndpoint StatusOUVerify StatusSimpleHealth \
            SupportFuzzyPoolHostnames URLPrefix UnseenAgentForgetHours UnseenInstanceForgetHours UseMutualTLS UseSSL \
            UseSuperReadOnly VerifyReplicationFilters WebMessage ZkAddress",
        refused: "",
    },
];

pub(super) static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

/// Plugins of the server that send nothing anywhere by themselves.
pub(super) const PLUGINS: &[&str] = &[
    "group_replication",
    "semisync_master",
    "semisync_slave",
    "semisync_source",
    "semisync_replica",
    "mysql_clone",
    "auth_socket",
    "validate_password",
    "component_validate_password",
    "auth_pam",
    "auth_ed25519",
    "audit_log",
    "server_audit",
    "keyring_file",
    "file_key_management",
    "ha_rocksdb",
    "ha_archive",
    "ha_blackhole",
    "query_response_time",
    "simple_password_check",
    "cracklib_password_check",
    "locked_engine",
    "connection_control",
    "rewriter",
    "ddl_rewriter",
    "version_token",
    "mysqlx",
    "provider_lz4",
    "provider_lzma",
    "provider_snappy",
    "provider_bzip2",
    "provider_lzo",
    "disks",
    "locales",
    "metadata_lock_info",
    "userstat",
    "wsrep_info",
    "query_cache_info",
    "type_mysql_json",
    "authentication_ldap_sasl",
    "authentication_ldap_simple",
];
