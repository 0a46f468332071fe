//! The words of Kong's declarative configuration (format 3.0, Kong Gateway 3.12 of 2026 and before), and its plugins.

use std::sync::LazyLock;

use crate::model::Activity;
use crate::read::proxy::plugins::Plugin;
use crate::read::words::{Vocabulary, Words};

pub(super) const TOP: &str = "entity";
pub(super) const SERVICE: &str = "service";
pub(super) const ROUTE: &str = "route";
pub(super) const UPSTREAM: &str = "upstream";
pub(super) const TARGET: &str = "target";
pub(super) const PLUGIN: &str = "plugin";

pub(super) const TABLE: &[Words] = &[
    Words {
        part: TOP,
        followed: "services routes upstreams plugins targets consumers consumer_groups",
        harmless: "_format_version _transform _comment _info _workspace _konnect _plugin_configs certificates
            ca_certificates snis vaults keys key_sets basicauth_credentials keyauth_credentials
            jwt_secrets acls hmacauth_credentials oauth2_credentials rbac_roles licenses parameters tags
            degraphql_routes graphql_ratelimiting_cost_decorations custom_plugins",
        // Code in WebAssembly, and settings of Redis that plugins name.
        refused: "filter_chains partials",
    },
    Words {
        part: SERVICE,
        followed: "name url protocol host port routes plugins enabled id",
        harmless: "path retries connect_timeout write_timeout read_timeout tags client_certificate tls_verify
            tls_verify_depth ca_certificates created_at updated_at ws_id tls_sans",
        refused: "",
    },
    Words {
        part: ROUTE,
        followed: "name hosts paths methods headers snis sources service plugins expression id",
        harmless: "protocols strip_path preserve_host regex_priority path_handling https_redirect_status_code
            request_buffering response_buffering tags destinations priority created_at updated_at ws_id",
        refused: "",
    },
    Words {
        part: UPSTREAM,
        followed: "name targets healthchecks id",
        harmless: "algorithm hash_on hash_fallback hash_on_header hash_fallback_header hash_on_cookie
            hash_on_cookie_path hash_on_query_arg hash_fallback_query_arg hash_on_uri_capture
            hash_fallback_uri_capture slots host_header tags client_certificate use_srv_name created_at updated_at
            sticky_sessions_cookie sticky_sessions_cookie_path ws_id",
        refused: "",
    },
    Words { part: TARGET, followed: "target weight upstream failover", harmless: "tags id created_at updated_at", refused: "" },
    Words {
        part: PLUGIN,
        followed: "http-log tcp-log udp-log loggly kafka-log zipkin opentelemetry forward-proxy ldap-auth ldap-auth-advanced
            opa openid-connect oauth2-introspection canary aws-lambda azure-functions openwhisk redirect
            solace-log",
        harmless: "key-auth key-auth-enc basic-auth jwt jwt-signer hmac-auth acl cors correlation-id ip-restriction
            bot-detection prometheus session acme grpc-gateway grpc-web oauth2 request-termination file-log syslog
            request-size-limiting request-transformer request-transformer-advanced response-transformer
            response-transformer-advanced proxy-cache statsd statsd-advanced datadog mtls-auth tls-handshake-modifier
            tls-metadata-headers degraphql application-registration route-transformer-advanced request-validator
            jq json-threat-protection xml-threat-protection injection-protection upstream-timeout
            websocket-size-limit websocket-validator oas-validation vault-auth header-cert-auth standard-webhooks
            rate-limiting rate-limiting-advanced response-ratelimiting graphql-rate-limiting-advanced",
        refused: "pre-function post-function route-by-header request-callout kafka-upstream kafka-consume confluent
            confluent-consume exit-transformer mocking proxy-cache-advanced graphql-proxy-cache-advanced ai-proxy
            ai-proxy-advanced ai-request-transformer ai-response-transformer ai-semantic-cache ai-rag-injector
            datakit service-protection upstream-oauth saml",
    },
];

pub(super) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

const fn log(name: &'static str, targets: &'static [&'static str], port: u16) -> Plugin {
    Plugin { name, activity: Activity::Log, targets, port: ("port", port), what: "" }
}

const fn forward(
    name: &'static str,
    targets: &'static [&'static str],
    port: (&'static str, u16),
    what: &'static str,
) -> Plugin {
    Plugin { name, activity: Activity::Forward, targets, port, what }
}

pub(super) const PLUGINS: &[Plugin] = &[
    log("http-log", &["http_endpoint"], 80),
    log("tcp-log", &["host"], 9999),
    log("udp-log", &["host"], 9999),
    log("loggly", &["host"], 514),
    log("kafka-log", &["bootstrap_servers"], 9092),
    log("zipkin", &["http_endpoint"], 9411),
    log("opentelemetry", &["endpoint", "traces_endpoint", "logs_endpoint"], 4318),
    log("solace-log", &["host"], 55555),
    forward("forward-proxy", &["http_proxy_host", "https_proxy_host"], ("http_proxy_port", 3128), "on the way to the service"),
    forward("ldap-auth", &["ldap_host"], ("ldap_port", 389), "name and password of each log-in"),
    forward("ldap-auth-advanced", &["ldap_host"], ("ldap_port", 389), "name and password of each log-in"),
    forward("opa", &["opa_host"], ("opa_port", 8181), "to authorise each request"),
    forward("openid-connect", &["issuer"], ("port", 443), "to authorise each log-in"),
    forward("oauth2-introspection", &["introspection_url"], ("port", 443), "to authorise each request"),
    forward("canary", &["upstream_host"], ("upstream_port", 80), "for the share of requests that is chosen as canary"),
    forward("aws-lambda", &["host", "proxy_url"], ("port", 443), "each request, to be answered there"),
    forward("azure-functions", &["hostdomain"], ("port", 443), "each request, to be answered there"),
    forward("openwhisk", &["host"], ("port", 443), "each request, to be answered there"),
    forward("redirect", &["location"], ("port", 443), "redirect: the client goes there"),
];
