//! What each option means for where data goes.

use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub(super) const TABLE: &[Words] = &[
    Words {
        part: "mongod.conf",
        followed: "net.bindIp replication.replSetName replication.replSet sharding.configDB setParameter.mongotHost \
            setParameter.searchIndexManagementHostAndPort",
        harmless: "systemLog.* storage.* processManagement.* net.* security.* operationProfiling.* replication.oplogSizeMB \
            replication.enableMajorityReadConcern replication.secondaryIndexPrefetch replication.localPingThresholdMs \
            replication.* sharding.clusterRole sharding.archiveMovedChunks sharding.* setParameter.* auditLog.* snmp.* \
            ldap.* telemetry.* basisTech.*",
        // Free monitoring sent what it measured to MongoDB.
        refused: "cloud.*",
    },
    Words {
        part: "member",
        followed: "host arbiterOnly hidden priority secondaryDelaySecs slaveDelay tags votes",
        harmless: "_id buildIndexes horizons newlyAdded memberConfig",
        refused: "",
    },
];

pub(super) static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));
