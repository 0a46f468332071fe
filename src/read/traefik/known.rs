//! The words of Traefik's files (version 3.7 of July 2026; those of version 2 that it still takes): per part of the configuration,
//! what comes of each field.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub(super) const STATIC: &str = "install configuration";
pub(super) const PROVIDERS: &str = "provider";
pub(super) const TRACING: &str = "tracing";
pub(super) const ENTRY_POINT: &str = "entry point";
pub(super) const PROTOCOL: &str = "protocol";
pub(super) const ROUTER: &str = "router";
pub(super) const SERVICE: &str = "service";
pub(super) const BALANCER: &str = "load balancer";
pub(super) const SERVER: &str = "server";
pub(super) const GROUP: &str = "group of services";
pub(super) const MIDDLEWARE: &str = "middleware";

pub(super) const TABLE: &[Words] = &[
    Words {
        part: STATIC,
        followed: "entryPoints providers accessLog log tracing http tcp udp",
        harmless: "global serversTransport tcpServersTransport api metrics ping hostResolver certificatesResolvers experimental
            core spiffe ocsp tls pilot hub rest",
        refused: "frontends backends file docker kubernetes consul consulCatalog etcd zookeeper boltdb eureka ecs dynamodb
            rancher marathon mesos servicefabric web acme defaultEntryPoints traefikLog retry cluster",
    },
    Words {
        part: PROVIDERS,
        followed: "file",
        harmless: "providersThrottleDuration precedence",
        refused: "docker swarm kubernetesIngress kubernetesIngressNGINX kubernetesCRD kubernetesGateway knative rest
            consulCatalog nomad ecs consul etcd zooKeeper redis http plugin marathon rancher",
    },
    Words {
        part: TRACING,
        followed: "otlp",
        harmless: "serviceName resourceAttributes capturedRequestHeaders capturedResponseHeaders safeQueryParams sampleRate
            addInternals spanNameLimit globalAttributes",
        refused: "jaeger zipkin datadog instana haystack elastic openTelemetry",
    },
    Words {
        part: ENTRY_POINT,
        followed: "address http",
        harmless: "allowACMEByPass reusePort asDefault transport proxyProtocol forwardedHeaders http2 http3 udp observability
            enableHTTP3",
        refused: "tls redirect auth whitelist compress",
    },
    Words { part: PROTOCOL, followed: "routers services middlewares", harmless: "serversTransports", refused: "models" },
    Words {
        part: ROUTER,
        followed: "entryPoints middlewares service rule priority tls parentRefs",
        harmless: "ruleSyntax observability deniedEncodedPathCharacters",
        refused: "",
    },
    Words {
        part: SERVICE,
        followed: "loadBalancer weighted highestRandomWeight mirroring failover",
        harmless: "",
        refused: "middlewares",
    },
    Words {
        part: BALANCER,
        followed: "servers healthCheck sticky",
        harmless: "strategy passiveHealthCheck passHostHeader responseForwarding serversTransport method proxyProtocol
            terminationDelay",
        refused: "nginxUpstreamHashBy",
    },
    Words { part: SERVER, followed: "url address weight fenced", harmless: "preservePath tls", refused: "scheme port" },
    Words {
        part: GROUP,
        followed: "service services fallback mirrors name weight percent healthCheck errors mirrorBody",
        harmless: "sticky maxBodySize",
        refused: "",
    },
    Words {
        part: MIDDLEWARE,
        followed: "chain errors forwardAuth redirectRegex redirectScheme plugin rateLimit",
        harmless: "addPrefix stripPrefix stripPrefixRegex replacePath replacePathRegex ipWhiteList ipAllowList headers
            encodedCharacters basicAuth digestAuth inFlightReq inFlightConn buffering circuitBreaker compress
            passTLSClientCert retry contentType grpcWeb requestHeaderModifier responseHeaderModifier",
        refused: "requestRedirect URLRewrite authTLSPassCertificateToUpstream snippet rewriteTarget upstreamVHost appRoot
            apiKey hmac jwt ldap oAuthClientCredentials oAuthIntrospection oidc opa tap waf distributedRateLimit",
    },
];

pub(super) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

static SPELLINGS: LazyLock<BTreeMap<String, &'static str>> = LazyLock::new(|| {
    let words = TABLE.iter().flat_map(Words::lists).flat_map(|(_, list)| list.split_whitespace());
    words.map(|word| (word.to_ascii_lowercase(), word)).collect()
});

/// Traefik compares names of fields without regard to case; this is how the table writes one.
pub(super) fn spelled(word: &str) -> &str {
    SPELLINGS.get(&word.to_ascii_lowercase()).copied().unwrap_or(word)
}
