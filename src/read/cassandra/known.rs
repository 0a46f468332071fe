//! What each setting means for where rows go. `x_*` stands for all settings that begin so.

use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub(super) const TABLE: &[Words] = &[
    Words {
        part: "cassandra.yaml",
        followed: "cluster_name seed_provider endpoint_snitch listen_address broadcast_address rpc_address broadcast_rpc_address \
            cdc_enabled commitlog_archiving archive_command",
        harmless: "num_tokens allocate_* initial_token initial_* hinted_* hints_* hint_* max_* batchlog_* authenticator authorizer \
            role_* roles_* network_* cidr_* permissions_* credentials_* traverse_* partitioner data_file_directories \
            local_* commitlog_* cdc_* disk_* commit_* prepared_* key_* row_* counter_* cache_* saved_* flush_* memtable \
            memtable_* concurrent_* networking_* buffer_* file_* trickle_* sstable sstable_* uuid_* index_* sai_* \
            trie_* storage_* ssl_* listen_* internode_* start_* native_* rpc_* incremental_* snapshot_* auto_* column_* \
            compaction_* compressed_* stream_* streaming_* read_* range_* write_* truncate_* request_* slow_* repair_* \
            paxos_* phi_* dynamic_* server_* client_* otc_* inter_* tracetype_* gc_* user_* scripted_* enable_* \
            transparent_* tombstone_* replica_* batch_* unlogged_* aggregation_* back_* tables_* keyspaces_* columns_* \
            secondary_* materialized_* fields_* collection_* items_* group_* page_* partition_* data_* minimum_* \
            default_* drop_* use_* cross_* diagnostic_* audit_* full_* corrupted_* consecutive_* validation_* ideal_* \
            automatic_* periodic_* table_* windows_* check_* denylist_* failure_* force_* top_* vector_* \
            crypto_provider jmx_* password_* transfer_* zero_* experimental experimental_* api_* \
            prometheus_* developer_* murmur3_* ring_* schema_* fd_* shutdown_* view_* alternator_* redis_* \
            workdir data_directory rf_* restrict_* object_* strict_* maintenance_* enterprise_* node_* join_* \
            consistent_* unspooled_* abort_* reject_* lwt_* sanitizer_* broadcast_to_* task_* tablets_* \
            simple_* legacy_* log_* metrics_* metric_* cas_* accord accord_* storage_compatibility_mode memory_* thrift_* \
            in_* preheat_* populate_* bulk_* reduce_* dclocal_* endpoint_* stop_* ldap_* saslauthd_* \
            maximum_* coordinator_* mutation_* unsafe_* verify_* early_* custom_* system_*",
        refused: "kms_hosts kmip_hosts azure_hosts gcp_hosts object_storage_endpoints",
    },
    Words {
        part: "cassandra-rackdc.properties",
        followed: "dc rack ec2_naming_scheme",
        harmless: "prefer_local dc_suffix ec2_metadata_type ec2_metadata_token_ttl_seconds azure_api_version metadata_url \
            metadata_request_timeout",
        refused: "",
    },
];

pub(super) static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));
