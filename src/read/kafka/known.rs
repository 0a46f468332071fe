//! What each setting means for where records go. `x.*` stands for all settings below it.

use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub(super) const TABLE: &[Words] = &[
    Words {
        part: "MirrorMaker 2",
        followed: "clusters enabled topics bootstrap.servers",
        harmless: "topics.exclude topics.blacklist groups groups.exclude groups.blacklist config.properties.exclude \
            config.properties.blacklist replication.factor replication.policy.* checkpoints.topic.* heartbeats.topic.* \
            offset-syncs.topic.* offset.storage.* status.storage.* config.storage.* sync.* emit.* refresh.* tasks.max \
            topic.filter.class topic.filter.* group.filter.class config.property.filter.class forwarding.admin.class offset.* \
            admin.* consumer.* producer.* source.consumer.* source.admin.* target.producer.* target.admin.* source.cluster.* \
            target.cluster.* security.* ssl.* sasl.* client.* metadata.* request.* retry.* reconnect.* connections.* \
            key.converter.* key.converter value.converter.* value.converter header.converter header.converter.* config.providers \
            config.providers.* dedicated.mode.* listeners rest.* admin.timeout.ms consumer.poll.timeout.ms metrics.* \
            metric.reporters name group.id exactly.once.* errors.* auto.include.jmx.reporter heartbeat.* session.* rebalance.* \
            worker.* task.* plugin.path plugin.discovery add.source.alias.* use.* replication.offset.lag.metric.*",
        refused: "interceptor.classes transforms transforms.* connector.class",
    },
    Words {
        part: "cluster link",
        followed: "bootstrap.servers link.mode",
        harmless: "acl.* auto.create.mirror.* cluster.link.* consumer.offset.* consumer.group.* topic.config.* connection.mode \
            local.* local.listener.name metadata.* mirror.* security.* ssl.* sasl.* client.* request.* reconnect.* retry.* \
            num.cluster.link.fetchers replica.* availability.* connections.* socket.* link.*",
        refused: "",
    },
    Words {
        part: "broker",
        followed: "advertised.listeners listeners broker.id node.id broker.rack process.roles zookeeper.connect \
            controller.quorum.voters controller.quorum.bootstrap.servers remote.log.storage.system.enable rsm.config.* \
            remote.log.storage.manager.impl.prefix confluent.tier.* offsets.topic.replication.factor",
        harmless: "log.* log4j.* num.* socket.* group.* offsets.* transaction.* ssl.* sasl.* security.* listener.* replica.* \
            zookeeper.* quota.* auto.* controller.* metrics.* compression.* compression.type min.* max.* message.* unclean.* \
            default.* delete.* fetch.* queued.* request.* leader.* connections.* connection.* password.* authorizer.* principal.* \
            super.users alter.* create.* delegation.* kafka.* inter.* early.* eligible.* initial.* metadata.* node.* producer.* \
            reserved.* share.* unstable.* broker.* client.* background.* control.* early.start.listeners advertised.host.name \
            advertised.port host.name port allow.* config.providers config.providers.* cleaner.* add.* replication.* \
            internal.* migration.* remote.log.manager.* remote.log.metadata.* remote.log.index.* remote.log.reader.* \
            remote.fetch.* remote.list.* telemetry.* oauth.* tls.* java.* jmx.* external.* confluent.balancer.* \
            confluent.license confluent.license.* confluent.support.* confluent.security.* confluent.metadata.* \
            confluent.schema.* confluent.authorizer.* confluent.operator.* confluent.http.* confluent.log.* \
            confluent.offsets.* confluent.transaction.* confluent.value.* confluent.key.* confluent.replica.*",
        // Reporters send what they measure to other clusters; a Confluent cluster link may be made with the broker.
        refused: "metric.reporters confluent.metrics.reporter.* confluent.telemetry.* confluent.cluster.link.* \
            confluent.reporters.* remote.log.storage.manager.class.path interceptor.classes",
    },
    Words {
        part: "Connect worker",
        followed: "bootstrap.servers rest.advertised.host.name",
        harmless: "group.id key.* value.* header.* internal.* offset.* config.* status.* plugin.path plugin.discovery rest.* \
            listeners admin.* producer.* consumer.* security.* ssl.* sasl.* client.* metadata.* request.* retry.* reconnect.* \
            connections.* connector.* task.* topic.* topics.* worker.* heartbeat.* session.* rebalance.* scheduled.* exactly.once.* \
            access.* response.* metrics.* connect.* inter.* receive.* send.* socket.* connector.client.* errors.* name \
            schema.registry.* converter.* default.* enable.*",
        refused: "interceptor.classes metric.reporters",
    },
];

pub(super) static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));
