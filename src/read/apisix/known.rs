//! The words of APISIX's standalone configuration (3.14 of 2026 and before), and its plugins.

use std::sync::LazyLock;

use crate::model::Activity;
use crate::read::proxy::plugins::Plugin;
use crate::read::words::{Vocabulary, Words};

pub(super) const TOP: &str = "entity";
pub(super) const ROUTE: &str = "route";
pub(super) const UPSTREAM: &str = "upstream";
pub(super) const PLUGIN: &str = "plugin";

pub(super) const TABLE: &[Words] = &[
    Words {
        part: TOP,
        followed: "routes services upstreams global_rules plugin_configs stream_routes consumers consumer_groups",
        harmless: "ssls secrets plugin_metadata plugins protos",
        refused: "",
    },
    Words {
        part: ROUTE,
        followed: "id name uri uris host hosts remote_addr remote_addrs vars methods filter_func upstream upstream_id
            service_id plugins plugin_config_id status sni server_addr server_port",
        harmless: "desc labels priority timeout enable_websocket create_time update_time protocol",
        refused: "script script_id service_protocol",
    },
    Words {
        part: UPSTREAM,
        followed: "id name nodes checks retries service_name discovery_type type",
        harmless: "desc labels key hash_on pass_host upstream_host scheme timeout keepalive_pool tls retry_timeout
            create_time update_time discovery_args",
        refused: "",
    },
    Words {
        part: PLUGIN,
        followed: "proxy-mirror traffic-split redirect forward-auth http-logger tcp-logger udp-logger syslog kafka-logger
            rocketmq-logger clickhouse-logger elasticsearch-logger loki-logger splunk-hec-logging sls-logger
            tencent-cloud-cls zipkin skywalking opa openid-connect ldap-auth aws-lambda azure-functions openwhisk
            openfunction limit-count limit-req limit-conn authz-keycloak authz-casdoor wolf-rbac",
        harmless: "key-auth basic-auth jwt-auth jwe-decrypt hmac-auth multi-auth cors uri-blocker ip-restriction
            ua-restriction referer-restriction consumer-restriction csrf api-breaker
            request-validation request-id proxy-rewrite proxy-cache proxy-control proxy-buffering response-rewrite
            gzip brotli real-ip server-info prometheus node-status echo mocking fault-injection client-control
            grpc-transcode grpc-web public-api file-logger acl data-mask degraphql
            body-transformer attach-consumer-label ocsp-stapling traffic-label chaitin-waf-off",
        refused: "serverless-pre-function serverless-post-function ext-plugin-pre-req ext-plugin-post-req
            ext-plugin-post-resp batch-requests kafka-proxy dubbo-proxy http-dubbo mqtt-proxy ai-proxy ai-proxy-multi
            ai-request-rewrite ai-rag ai-aws-content-moderation google-cloud-logging skywalking-logger loggly
            opentelemetry datadog log-rotate chaitin-waf cas-auth saml-auth dynamic-upstream inspect gm
            error-log-logger workflow ldap-auth-advanced lago",
    },
];

pub(super) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

const fn log(name: &'static str, targets: &'static [&'static str], port: u16) -> Plugin {
    Plugin { name, activity: Activity::Log, targets, port: ("port", port), what: "" }
}

const fn forward(name: &'static str, targets: &'static [&'static str], port: u16, what: &'static str) -> Plugin {
    Plugin { name, activity: Activity::Forward, targets, port: ("port", port), what }
}

pub(super) const PLUGINS: &[Plugin] = &[
    Plugin {
        name: "proxy-mirror",
        activity: Activity::Mirror,
        targets: &["host"],
        port: ("port", 80),
        what: "a copy of requests (proxy-mirror)",
    },
    log("http-logger", &["uri"], 80),
    log("tcp-logger", &["host"], 514),
    log("udp-logger", &["host"], 514),
    log("syslog", &["host"], 514),
    log("kafka-logger", &["brokers"], 9092),
    log("rocketmq-logger", &["nameserver_list"], 9876),
    log("clickhouse-logger", &["endpoint_addr", "endpoint_addrs"], 8123),
    log("elasticsearch-logger", &["endpoint_addr", "endpoint_addrs"], 9200),
    log("loki-logger", &["endpoint_addrs"], 3100),
    log("splunk-hec-logging", &["endpoint"], 8088),
    log("sls-logger", &["host"], 10009),
    log("tencent-cloud-cls", &["cls_host"], 80),
    log("zipkin", &["endpoint"], 9411),
    log("skywalking", &["endpoint_addr"], 12800),
    forward("redirect", &["uri"], 443, "redirect: the client goes there"),
    forward("forward-auth", &["uri"], 80, "to authorise each request (forward-auth)"),
    forward("opa", &["host"], 8181, "to authorise each request"),
    forward("openid-connect", &["discovery"], 443, "to authorise each log-in"),
    forward("ldap-auth", &["ldap_uri"], 389, "name and password of each log-in"),
    forward("aws-lambda", &["function_uri"], 443, "each request, to be answered there"),
    forward("azure-functions", &["function_uri"], 443, "each request, to be answered there"),
    forward("openwhisk", &["api_host"], 443, "each request, to be answered there"),
    forward("openfunction", &["function_uri"], 443, "each request, to be answered there"),
    forward("authz-keycloak", &["discovery", "token_endpoint"], 443, "to authorise each request"),
    forward("authz-casdoor", &["endpoint_addr"], 443, "to authorise each log-in"),
    forward("wolf-rbac", &["server"], 12180, "to authorise each request"),
];
