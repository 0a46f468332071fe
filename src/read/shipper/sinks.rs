//! Where each output plugin sends to, by which of its settings, and what it sends to if none is given. One table for all shippers:
//! from their own reference pages (OpenTelemetry Collector contrib exporters, Fluent Bit 5.0 outputs, Fluentd 1.19 and its
//! plugins, Vector 0.5x sinks, Logstash 9 output plugins, Filebeat 9 outputs, rsyslog 8 `om*` modules).

use crate::read::words::{Effect, Words};

/// What a plugin does with what it is given (an output), or where it takes it from (an input).
#[derive(Clone, Copy, Debug)]
pub enum To {
    /// It goes no further: dropped, counted, or shown on this machine.
    Nowhere,
    /// It is kept in files of this machine.
    File,
    /// Others come and fetch it (or bring it, for an input) at a port of this machine.
    Served,
    /// Hosts, `host:port`, URLs or lists of them.
    Peers {
        keys: &'static [&'static str],
        port: u16,
        /// What is meant if no key is given; `None`: that cannot be.
        default: Option<&'static str>,
    },
    /// A store of a cloud, in a region; `endpoint` names another server that speaks the same language.
    Cloud {
        provider: &'static str,
        kind: &'static str,
        region: &'static [&'static str],
        name: &'static [&'static str],
        endpoint: &'static [&'static str],
        default: Option<&'static str>,
    },
    /// A service with a host name of its own for each of its sites; `{}` stands for the site.
    Service {
        host: &'static str,
        keys: &'static [&'static str],
        default: Option<&'static str>,
        endpoint: &'static [&'static str],
    },
    /// Where it goes stands in an account or a secret, not in the configuration.
    Untold(&'static str),
}

/// A plugin by its names (in any of the formats).
pub struct Plugin {
    pub names: &'static str,
    pub to: To,
}

const ENDPOINT: &[&str] =
    &["endpoint", "endpoints", "url", "uri", "host", "hosts", "servers", "server", "target", "address", "nodes"];
const REGION: &[&str] = &["region", "aws_region", "s3_region", "default_region", "s3uploader.region", "region_name"];
const BUCKET: &[&str] = &["bucket", "bucket_arn", "s3_bucket", "bucket_name", "s3uploader.s3_bucket"];
const GROUP: &[&str] = &["log_group_name", "group_name", "log_group", "log.group"];
const OWN: &[&str] = &["endpoint", "s3_endpoint", "s3uploader.endpoint", "address", "host"];

const fn peers(port: u16, default: Option<&'static str>) -> To {
    To::Peers { keys: ENDPOINT, port, default }
}

const fn aws(kind: &'static str, name: &'static [&'static str], default: Option<&'static str>) -> To {
    To::Cloud { provider: "aws", kind, region: REGION, name, endpoint: OWN, default }
}

const fn service(host: &'static str, keys: &'static [&'static str], default: Option<&'static str>) -> To {
    To::Service { host, keys, default, endpoint: &["endpoint", "url", "host", "base_uri", "uri", "logs.endpoint"] }
}

/// Outputs, exporters, sinks, actions.
pub const OUTPUTS: &[Plugin] = &[
    Plugin {
        names: "null nop blackhole debug logging stdout console exit counter flowcounter plot rewrite_tag relabel",
        to: To::Nowhere,
    },
    Plugin { names: "omstdout omusrmsg omdiscard omruleset lib unit_test unit_test_stream metric_aggregator", to: To::Nowhere },
    Plugin { names: "file csv omfile omjournal file_single roundrobin_file webhdfs_local omuxsock ompipe pipe", to: To::File },
    Plugin { names: "prometheus prometheus_exporter vivo_exporter websocket_server", to: To::Served },
    Plugin { names: "otlp otlp_grpc opentelemetry", to: peers(4317, Some("127.0.0.1")) },
    Plugin {
        names: "otlphttp otlp_http",
        to: To::Peers {
            keys: &["endpoint", "logs_endpoint", "traces_endpoint", "metrics_endpoint", "profiles_endpoint"],
            port: 4318,
            default: None,
        },
    },
    Plugin {
        names: "loadbalancing",
        to: To::Peers {
            keys: &["resolver.static.hostnames", "resolver.dns.hostname", "resolver.k8s.service"],
            port: 4317,
            default: None,
        },
    },
    Plugin {
        names: "forward",
        to: To::Peers { keys: &["host", "endpoint", "address"], port: 24224, default: Some("127.0.0.1") },
    },
    Plugin {
        names: "vector logstash lumberjack tcp udp socket relp omrelp websocket http omhttp statsd graphite carbon gelf",
        to: peers(0, Some("127.0.0.1")),
    },
    Plugin { names: "syslog", to: peers(514, Some("127.0.0.1")) },
    // Without `target` it asks the DNS (`targetSrv`).
    Plugin { names: "omfwd omudpspoof", to: peers(514, None) },
    Plugin {
        names: "elasticsearch es opensearch omelasticsearch elasticsearch_dynamic",
        to: To::Peers {
            keys: &["endpoint", "endpoints", "hosts", "host", "server", "http.endpoint"],
            port: 9200,
            default: Some("127.0.0.1"),
        },
    },
    Plugin { names: "elastic_cloud", to: To::Untold("the id of the cloud deployment") },
    Plugin {
        names: "kafka kafka2 rdkafka2 omkafka",
        to: To::Peers { keys: &["brokers", "bootstrap_servers", "hosts", "broker"], port: 9092, default: Some("127.0.0.1") },
    },
    Plugin { names: "kafka_rest kafka-rest", to: peers(8082, Some("127.0.0.1")) },
    Plugin {
        names: "loki",
        to: To::Peers { keys: &["endpoint", "url", "host", "clients.url"], port: 3100, default: Some("127.0.0.1") },
    },
    Plugin { names: "prometheusremotewrite prometheus_remote_write", to: peers(80, None) },
    Plugin {
        names: "splunk splunk_hec splunk_hec_logs splunk_hec_metrics",
        to: To::Peers {
            keys: &["endpoint", "default_endpoint", "host", "hec_host", "url"],
            port: 8088,
            default: Some("127.0.0.1"),
        },
    },
    Plugin { names: "redis omhiredis redis_streams", to: peers(6379, Some("127.0.0.1")) },
    Plugin {
        names: "rabbitmq amqp omrabbitmq omamqp1",
        to: To::Peers {
            keys: &["connection.endpoint", "connection_string", "host", "url", "endpoint"],
            port: 5672,
            default: None,
        },
    },
    Plugin {
        names: "pulsar nats mqtt stomp zipkin jaeger opencensus skywalking sapm clickhouse omclickhouse databend doris greptimedb",
        to: peers(0, None),
    },
    Plugin {
        names: "greptimedb_logs greptimedb_metrics parseable openobserve cassandra influxdb influxdb_logs influxdb_metrics webhdfs",
        to: peers(0, Some("127.0.0.1")),
    },
    Plugin {
        names: "postgres pgsql ompgsql omlibdbi mysql ommysql ommongodb mongodb mongo omhdfs httpfs omhttpfs ommail email papertrail",
        to: To::Peers {
            keys: &["endpoint", "host", "server", "uri", "uristr", "address"],
            port: 0,
            default: Some("127.0.0.1"),
        },
    },
    Plugin { names: "s3 aws_s3 awss3", to: aws("bucket", BUCKET, Some("us-east-1")) },
    Plugin {
        names: "cloudwatch_logs cloudwatch aws_cloudwatch_logs awscloudwatchlogs awsemf",
        to: aws("log-group", GROUP, None),
    },
    Plugin { names: "aws_cloudwatch_metrics awsxray", to: aws("metrics", &["namespace", "default_namespace"], None) },
    Plugin {
        names: "kinesis kinesis_streams aws_kinesis_streams awskinesis kinesis_producer",
        to: aws("stream", &["stream", "stream_name", "aws.stream_name"], None),
    },
    Plugin {
        names: "firehose kinesis_firehose aws_kinesis_firehose",
        to: aws("delivery-stream", &["delivery_stream", "stream_name", "delivery_stream_name"], None),
    },
    Plugin { names: "sqs aws_sqs", to: aws("queue", &["queue", "queue_url"], None) },
    Plugin { names: "sns aws_sns", to: aws("topic", &["arn", "topic_arn"], None) },
    Plugin {
        names: "gcs gcp_cloud_storage google_cloud_storage googlecloudstorage",
        to: To::Cloud { provider: "google", kind: "bucket", region: &[], name: BUCKET, endpoint: &["endpoint"], default: None },
    },
    Plugin {
        names: "stackdriver gcp_stackdriver_logs gcp_stackdriver_metrics googlecloud google_cloud",
        to: To::Cloud {
            provider: "google",
            kind: "log-bucket",
            region: &[],
            name: &["export_to_project_id", "project_id", "project"],
            endpoint: &["cloud_logging_base_url"],
            default: None,
        },
    },
    Plugin {
        names: "bigquery googlecloudpubsub gcp_pubsub google_pubsub",
        to: To::Cloud {
            provider: "google",
            kind: "google-service",
            region: &[],
            name: &["dataset_id", "topic", "project", "project_id"],
            endpoint: &["endpoint"],
            default: None,
        },
    },
    Plugin {
        names: "chronicle gcp_chronicle_unstructured",
        to: To::Service {
            host: "{}-malachiteingestion-pa.googleapis.com",
            keys: &["region"],
            default: Some("us"),
            endpoint: &["endpoint"],
        },
    },
    Plugin {
        names: "azure_blob azureblob azureblobstorage",
        to: To::Service {
            host: "{}.blob.core.windows.net",
            keys: &["account_name", "storage_account_name"],
            default: None,
            endpoint: &["blob_endpoint", "endpoint", "url"],
        },
    },
    Plugin {
        names: "azure_logs_ingestion azure_kusto azuredataexplorer omazureeventhubs azureeventhubs",
        to: To::Peers {
            keys: &["dce_url", "ingestion_endpoint", "endpoint", "cluster_uri", "host", "azurehost"],
            port: 443,
            default: None,
        },
    },
    Plugin { names: "azuremonitor azure azure_monitor_logs", to: To::Untold("the Log Analytics workspace") },
    Plugin {
        names: "datadog datadog_logs",
        to: service("http-intake.logs.{}", &["site", "api.site", "dd_site"], Some("datadoghq.com")),
    },
    Plugin { names: "datadog_events datadog_metrics datadog_traces", to: service("api.{}", &["site"], Some("datadoghq.com")) },
    Plugin { names: "newrelic nrlogs new_relic", to: service("log-api.{}newrelic.com", &["region"], Some("")) },
    Plugin { names: "honeycomb", to: service("api.honeycomb.io", &[], Some("")) },
    Plugin { names: "axiom", to: service("api.axiom.co", &[], Some("")) },
    Plugin { names: "logdna mezmo", to: service("logs.mezmo.com", &[], Some("")) },
    Plugin { names: "logzio", to: service("listener{}.logz.io", &["region"], Some("")) },
    Plugin { names: "signalfx", to: service("ingest.{}.signalfx.com", &["realm"], None) },
    Plugin { names: "coralogix", to: service("ingress.{}", &["domain"], None) },
    Plugin {
        names: "sumologic dynatrace dash0 observe appsignal humio_logs humio_metrics sematext_logs sematext_metrics keep instana sentry",
        to: To::Peers { keys: &["endpoint", "host", "url", "dsn", "uri"], port: 443, default: None },
    },
    Plugin {
        names: "td treasure_data databricks_zerobus logicmonitor slack pagerduty jira opsgenie",
        to: To::Peers { keys: &["endpoint", "ingestion_endpoint", "webhook", "url"], port: 443, default: None },
    },
    Plugin {
        names: "tencentcloud_logservice",
        to: To::Cloud {
            provider: "tencent",
            kind: "log-topic",
            region: &["region"],
            name: &["topic"],
            endpoint: &[],
            default: None,
        },
    },
    Plugin { names: "alibabacloud_logservice aliyun_sls", to: peers(443, None) },
];

/// Inputs, receivers, sources that fetch from elsewhere; those that read files of the machine or wait to be sent something bring
/// nothing from a place that the configuration names.
pub const INPUTS: &[Plugin] = &[
    Plugin {
        names: "otlp opentelemetry forward fluent fluentforward http http_server syslog tcp udp socket vector logstash beats lumberjack",
        to: To::Served,
    },
    Plugin {
        names: "relp splunk splunk_hec elasticsearch_bulk elastic_agent datadog_agent datadog heroku_logs aws_kinesis_firehose awsfirehose gelf statsd",
        to: To::Served,
    },
    Plugin {
        names: "zipkin jaeger opencensus skywalking sapm carbon graphite collectd influxdb signalfx loki prometheus_remote_write prometheusremotewrite",
        to: To::Served,
    },
    Plugin {
        names: "prometheus_pushgateway dnstap imtcp imudp imrelp imptcp imhttp in_http webhookevent websocket unix",
        to: To::Served,
    },
    Plugin {
        names: "tail file filelog filestream log container journald systemd docker docker_logs docker_events kubernetes_logs kubernetes_events",
        to: To::Nowhere,
    },
    Plugin {
        names: "host_metrics hostmetrics cpu mem disk netif proc health head exec exec_wasi random dummy demo_logs generator heartbeat stdin serial thermal",
        to: To::Nowhere,
    },
    Plugin {
        names: "internal_logs internal_metrics fluentbit_logs fluentbit_metrics kmsg winlog winevtlog windows_event_log windowseventlog winstat",
        to: To::Nowhere,
    },
    Plugin {
        names: "windows_exporter_metrics node_exporter_metrics process_exporter_metrics podman_metrics ebpf gpu_metrics event_type blob nop",
        to: To::Nowhere,
    },
    Plugin {
        names: "kubeletstats k8s_cluster k8sobjects k8s_events static_metrics file_descriptor pipe monitor_agent debug_agent sample etw netflow snmptrap prometheus_output_monitor",
        to: To::Nowhere,
    },
    Plugin {
        names: "imfile imjournal imuxsock imklog imkmsg impstats immark imdocker auditd journaldreceiver unix_socket audit_file o365 cel",
        to: To::Nowhere,
    },
    Plugin {
        names: "http_client http_poller prometheus prometheus_scrape prometheus_simple nginx_metrics nginx apache_metrics",
        to: To::Peers {
            keys: &[
                "endpoint",
                "endpoints",
                "url",
                "urls",
                "host",
                "config.scrape_configs.static_configs.targets",
                "metrics_path",
            ],
            port: 0,
            default: Some("127.0.0.1"),
        },
    },
    Plugin {
        names: "mongodb_metrics postgresql_metrics eventstoredb_metrics postgresql mysql mongodb aws_ecs_metrics",
        to: To::Peers { keys: &["endpoint", "endpoints", "hosts", "host"], port: 0, default: Some("127.0.0.1") },
    },
    Plugin {
        names: "kafka kafkametrics imkafka rdkafka",
        to: To::Peers { keys: &["brokers", "bootstrap_servers", "hosts", "broker"], port: 9092, default: Some("127.0.0.1") },
    },
    Plugin {
        names: "redis rabbitmq amqp pulsar nats mqtt elasticsearch jdbc",
        to: To::Peers {
            keys: &[
                "endpoint",
                "connection.endpoint",
                "connection_string",
                "host",
                "hosts",
                "url",
                "server",
                "servers",
                "address",
                "jdbc_connection_string",
            ],
            port: 0,
            default: Some("127.0.0.1"),
        },
    },
    Plugin { names: "s3 aws_s3 awss3 aws-s3", to: aws("bucket", BUCKET, Some("us-east-1")) },
    Plugin { names: "aws_sqs sqs", to: aws("queue", &["queue", "queue_url", "sqs.queue_url"], None) },
    Plugin { names: "cloudwatch awscloudwatch aws-cloudwatch cloudwatch_logs", to: aws("log-group", GROUP, None) },
    Plugin { names: "kinesis", to: aws("stream", &["kinesis_stream_name"], Some("us-east-1")) },
    Plugin {
        names: "gcp_pubsub googlecloudpubsub google_pubsub gcp-pubsub",
        to: To::Cloud {
            provider: "google",
            kind: "google-service",
            region: &[],
            name: &["subscription", "subscription.name", "topic"],
            endpoint: &["endpoint"],
            default: None,
        },
    },
    Plugin {
        names: "azureeventhub azure-eventhub azure_event_hubs azureblob azure-blob-storage",
        to: To::Untold("the connection string"),
    },
];

/// A shipper: what people call it, and the names that it has for plugins, of which the tables say what they do.
pub struct Product {
    pub name: &'static str,
    pub inputs: &'static str,
    pub outputs: &'static str,
}

impl Product {
    pub fn input(&self, name: &str) -> Option<To> {
        self.inputs.split(' ').any(|n| n == name).then(|| find(INPUTS, name)).flatten()
    }

    pub fn output(&self, name: &str) -> Option<To> {
        self.outputs.split(' ').any(|n| n == name).then(|| find(OUTPUTS, name)).flatten()
    }

    /// The plugins as words of the format; made once, and kept as long as the program runs.
    pub fn words(&self) -> Vec<Words> {
        let part = |part, table, names: &'static str| {
            let of = |effect: Effect| -> &'static str {
                let meant = |name: &&str| find(table, name).is_some_and(|to| to.effect() == effect);
                names.split(' ').filter(meant).collect::<Vec<_>>().join(" ").leak()
            };
            Words { part, followed: of(Effect::Followed), harmless: of(Effect::Harmless), refused: of(Effect::Refused) }
        };
        vec![part("inputs", INPUTS, self.inputs), part("outputs", OUTPUTS, self.outputs)]
    }
}

impl To {
    fn effect(self) -> Effect {
        match self {
            Self::Nowhere | Self::Served => Effect::Harmless,
            Self::Untold(_) => Effect::Refused,
            Self::File | Self::Peers { .. } | Self::Cloud { .. } | Self::Service { .. } => Effect::Followed,
        }
    }
}

fn find(table: &'static [Plugin], name: &str) -> Option<To> {
    table.iter().find(|p| p.names.split(' ').any(|n| n == name)).map(|p| p.to)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::read::shipper::PRODUCTS;

    #[test]
    fn a_name_stands_once() {
        for table in [OUTPUTS, INPUTS] {
            let mut seen = BTreeSet::new();
            for name in table.iter().flat_map(|p| p.names.split(' ')) {
                assert!(seen.insert(name), "{name}");
            }
        }
    }

    /// A name in no product's list is never met; one that the tables lack would be a gap although a page shows it.
    #[test]
    fn products_and_tables_name_the_same() {
        for (table, names) in [(INPUTS, PRODUCTS.map(|p| p.inputs)), (OUTPUTS, PRODUCTS.map(|p| p.outputs))] {
            let told: BTreeSet<&str> = table.iter().flat_map(|p| p.names.split(' ')).collect();
            let met: BTreeSet<&str> = names.iter().flat_map(|n| n.split(' ')).collect();
            assert_eq!(told, met);
        }
    }
}
