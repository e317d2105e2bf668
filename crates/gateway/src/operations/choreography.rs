//! Who publishes what and who consumes it, as the program that knows the services configures the
//! gateway.

use serde::Serialize;
use utoipa::ToSchema;

/// The services' contracts and the topics between them. Empty unless configured.
#[derive(Debug, Clone, Default)]
pub struct Choreography {
    /// Every service.
    pub services: Vec<ServicePart>,
    /// Every topic.
    pub topics: Vec<Topic>,
}

/// A service's part in the choreography.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ServicePart {
    /// The service.
    #[schema(example = "orders")]
    pub name: String,
    /// What it publishes.
    pub publishes: Vec<Published>,
    /// What it listens to.
    pub subscribes: Vec<Subscribed>,
    /// The names of its jobs; what is to be done with them is under `/api/admin/jobs`.
    #[schema(example = json!(["send-email"]))]
    pub jobs: Vec<String>,
}

/// Events that a service publishes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Published {
    /// The events' type.
    #[schema(example = "OrderCreate")]
    pub event: String,
    /// The topic that they travel on.
    #[schema(example = "orders.order.v1")]
    pub topic: String,
}

/// Events that a service listens to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Subscribed {
    /// The events' type.
    #[schema(example = "OrderCreate")]
    pub event: String,
    /// The topic that they travel on.
    #[schema(example = "orders.order.v1")]
    pub topic: String,
    /// What it does about them, in a few words.
    #[schema(example = "reserves stock for the order or rejects it")]
    pub effect: String,
}

/// A topic.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Topic {
    /// Its name.
    #[schema(example = "orders.order.v1")]
    pub name: String,
    /// The only service that writes it.
    #[schema(example = "orders")]
    pub writer: String,
    /// What its keys are.
    #[schema(example = "order id")]
    pub key: String,
    /// How many partitions it has unless configured otherwise.
    #[schema(example = 6)]
    pub partitions: i32,
    /// What it keeps, in a few words.
    #[schema(example = "every record")]
    pub keeps: String,
}
