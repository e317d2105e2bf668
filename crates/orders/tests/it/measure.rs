//! ad hoc
use crate::fixture::{Shop, customer, request};
use crate::group_commit::start;
use futures::future::join_all;
use orders::BatchSettings;
use std::time::{Duration, Instant};
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn measure() {
    let shop = Shop::open().await;
    for (max_batch, writers, linger, clients) in [
        (256, 2, 1, 32),
        (256, 1, 1, 32),
        (256, 2, 0, 32),
        (256, 3, 1, 32),
        (256, 2, 1, 256),
        (256, 1, 1, 256),
        (256, 3, 1, 256),
        (1, 16, 0, 32),
    ] {
        let running = start(
            &shop.database,
            BatchSettings {
                max_batch,
                writers,
                linger: Duration::from_millis(linger),
                ..BatchSettings::default()
            },
        );
        let began = Instant::now();
        let total = if max_batch == 1 { 320 } else { 6400 };
        join_all((0..clients).map(|_| {
            let intake = running.intake.clone();
            tokio::spawn(async move {
                for _ in 0..total / clients {
                    intake
                        .place(request(customer(), &[("cup", 1), ("chair", 1)], None))
                        .await
                        .unwrap()
                        .unwrap();
                }
            })
        }))
        .await;
        let s = began.elapsed().as_secs_f64();
        eprintln!(
            "MEASURE batch {max_batch} writers {writers} linger {linger} clients {clients}: {:.0}/s",
            f64::from(total) / s
        );
    }
}
