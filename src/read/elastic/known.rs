//! What each setting means for where documents go. `x.*` stands for all settings below it.

use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub(super) const TABLE: &[Words] = &[Words {
    part: "elasticsearch.yml",
    followed: "cluster.name cluster.remote.* search.remote.* discovery.seed_hosts discovery.zen.ping.unicast.hosts discovery.type \
        discovery.seed_providers network.host network.publish_host transport.publish_host http.publish_host node.attr.* \
        xpack.monitoring.exporters.*",
    harmless: "node.* path.* network.* http.* transport.* transport_profiles.* discovery.* cluster.* gateway.* action.* indices.* \
        index.* bootstrap.* thread_pool.* threadpool.* script.* search.* monitor.* ingest.* compatibility.* resource.* readiness.* \
        reindex.* repositories.* repository.* s3.* gcs.* azure.* processors processors.* snapshot.* slm.* logger.* xpack.security.* \
        xpack.ml.* xpack.license.* xpack.monitoring.* xpack.graph.* xpack.sql.* xpack.eql.* xpack.rollup.* xpack.ilm.* xpack.ccr.* \
        xpack.searchable.* xpack.apm.* xpack.profiling.* xpack.security xpack.ssl.* xpack.transform.* xpack.enrich.* ccr.* \
        opendistro_security.* opendistro.* plugins.security.* plugins.ml_commons.* plugins.index_state_management.* \
        plugins.replication.* plugins.query.* plugins.sql.* plugins.anomaly_detection.* plugins.scheduled_jobs.* plugins.knn.* \
        knn.* compression.* rest.* tracing.* ssl.* searchguard.* mapper.* ingest.geoip.* health.* stateless.* serverless.* \
        write_load_forecaster.* time_series.* breaker.* client.* env.* client.type max_* master.* data_streams.* telemetry.* \
        wlm.* segrep.* remote_store.*",
    // Watches, alerts and webhooks send what they find; tracing of requests goes to a server of its own.
    refused: "xpack.notification.* xpack.watcher.* xpack.http.* plugins.alerting.* plugins.notifications.* telemetry.agent.* \
        tracing.apm.agent.* node.attr.remote_store.* opendistro_security.audit.config.* plugins.security.audit.config.*",
}];

pub(super) static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));
