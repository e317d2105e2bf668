//! Publishes an event in a version that no build knows: the services that consume it dead-letter it.
//! For tries and tests of the dead letters' page.
//!
//! `publish_invalid --brokers=HOST:PORT --prefix=PREFIX --topic=TOPIC --key=KEY`

use std::error::Error;

use outbox::kafka::{KafkaOptions, KafkaPublisher};
use outbox::{Clock, Message, MessageContext, Publisher, SystemClock};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let value = given.iter().find_map(|text| text.strip_prefix(name));
        value.ok_or_else(|| format!("{name}VALUE is missing"))
    };
    let mut kafka = KafkaOptions::new(option("--brokers=")?);
    option("--prefix=")?.clone_into(&mut kafka.topic_prefix);
    let message = Message {
        id: SystemClock.uuid(),
        topic: option("--topic=")?.to_owned(),
        key: option("--key=")?.to_owned(),
        event_type: "ProductsQuantityUpdate".to_owned(),
        version: 99,
        source: "publish_invalid".to_owned(),
        time: SystemClock.now(),
        aggregate_version: 99,
        context: MessageContext::default(),
        payload: br#"{"said":"in a language of the future"}"#.to_vec(),
    };
    KafkaPublisher::new(&kafka)?.publish(&[message]).await?;
    Ok(())
}
