//! temp
#[tokio::main]
async fn main() {
    let n: gateway::UpstreamUrl = "http://127.0.0.1:1".parse().unwrap();
    let mut s = gateway::Settings::new(n.clone(), n.clone(), n);
    s.http.listen = Some(([127, 0, 0, 1], 18999).into());
    let l = service::lifecycle::Lifecycle::new(std::time::Duration::from_secs(1));
    let _g = service::telemetry::init(service::telemetry::LogFormat::Auto, Some("debug"));
    l.on_signals().unwrap();
    gateway::run(s, gateway::merged([]), &l, None).await.unwrap();
}
