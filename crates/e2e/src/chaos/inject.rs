//! Makes a fault happen and ends it.

use std::time::{Duration, Instant};

use devstack::proxy::Mode;
use devstack::{Error, Server};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::fault::{Fault, Kind};
use super::messages;
use super::system::{Host, Link, Site, System};

const STOP_WITHIN: Duration = Duration::from_secs(40);

/// A fault that happened.
#[derive(Debug)]
pub(super) struct Done {
    /// What was hit, and how.
    pub(super) what: String,
    /// Since when nothing stands in the way of recovery.
    pub(super) healed: Instant,
}

impl Done {
    fn now(what: String) -> Self {
        Self {
            what,
            healed: Instant::now(),
        }
    }
}

/// Lets `fault` happen. `None` when all that it could hit is broken already.
///
/// # Errors
/// When something that was broken does not come back, or does not let itself be broken.
pub(super) async fn inject(system: &System, fault: &Fault) -> anyhow::Result<Option<Done>> {
    let dice = &mut StdRng::seed_from_u64(fault.dice);
    let now = |what| Some(Done::now(what));
    match fault.kind {
        Kind::KillService => kill_service(system, fault, dice).await,
        Kind::KillMongod => kill_host(&system.mongod, fault).await,
        Kind::KillKafka => kill_host(&system.kafka, fault).await,
        Kind::StopService => stop_service(system, fault, dice).await,
        Kind::StopMongod => stop_host(&system.mongod, fault).await,
        Kind::StopKafka => stop_host(&system.kafka, fault).await,
        Kind::CutBothWays => bend(system, fault, dice, |_| Mode::Refuse).await,
        Kind::CutOneWay => bend(system, fault, dice, one_way).await,
        Kind::SlowLink => bend(system, fault, dice, slow).await,
        Kind::LostReply => lose_replies(system, fault, dice).await,
        Kind::Rebalance => rebalance(system, fault, dice).await,
        Kind::Replay => messages::replay(system, dice).await.map(now),
        Kind::PublishTwice => messages::publish_twice(system, dice).await.map(now),
    }
}

fn one_way(dice: &mut StdRng) -> Mode {
    if dice.random() {
        Mode::HoldRequests
    } else {
        Mode::HoldReplies
    }
}

fn slow(dice: &mut StdRng) -> Mode {
    Mode::Delay(Duration::from_millis(dice.random_range(10..=150)))
}

type Outcome = anyhow::Result<Option<Done>>;

async fn kill_service(system: &System, fault: &Fault, dice: &mut StdRng) -> Outcome {
    let Some((site, _hold)) = system.pick(dice, |site| !site.spare) else {
        return Ok(None);
    };
    site.part.kill().await?;
    tokio::time::sleep(fault.lasts).await;
    let done = Done::now(site.part.name().to_owned());
    site.part.start()?;
    Ok(Some(done))
}

async fn kill_host(host: &Host, fault: &Fault) -> Outcome {
    let Some(_hold) = host.hold() else {
        return Ok(None);
    };
    host.server.kill().await?;
    tokio::time::sleep(fault.lasts).await;
    let done = Done::now(host.server.name().to_owned());
    start_again(&host.server).await?;
    Ok(Some(done))
}

/// A server under load may need more than one try: what it left behind holds its port for a while.
async fn start_again(server: &Server) -> Result<(), Error> {
    match server.start().await {
        Ok(()) => Ok(()),
        Err(_) => server.start().await,
    }
}

async fn stop_service(system: &System, fault: &Fault, dice: &mut StdRng) -> Outcome {
    let Some((site, _hold)) = system.pick(dice, |site| !site.spare) else {
        return Ok(None);
    };
    site.part.pause()?;
    tokio::time::sleep(fault.lasts).await;
    site.part.resume()?;
    Ok(Some(Done::now(site.part.name().to_owned())))
}

async fn stop_host(host: &Host, fault: &Fault) -> Outcome {
    let Some(_hold) = host.hold() else {
        return Ok(None);
    };
    host.server.pause()?;
    tokio::time::sleep(fault.lasts).await;
    host.server.resume()?;
    Ok(Some(Done::now(host.server.name().to_owned())))
}

async fn bend(
    system: &System,
    fault: &Fault,
    dice: &mut StdRng,
    mode: impl FnOnce(&mut StdRng) -> Mode,
) -> Outcome {
    let fit = |site: &Site| !site.spare && !site.links.is_empty();
    let Some((site, _hold)) = system.pick(dice, fit) else {
        return Ok(None);
    };
    let Some(link) = site.links.choose(dice) else {
        return Ok(None);
    };
    let mode = mode(dice);
    link.proxy.set(mode);
    tokio::time::sleep(fault.lasts).await;
    // What was held either arrives late or never, with the connections it was on.
    if dice.random() {
        link.proxy.cut();
    }
    link.proxy.set(Mode::Pass);
    let name = site.part.name();
    Ok(Some(Done::now(format!("{name} and {}: {mode:?}", link.to))))
}

async fn lose_replies(system: &System, fault: &Fault, dice: &mut StdRng) -> Outcome {
    let places_orders: bool = dice.random();
    let fit = |site: &Site| {
        let role = site.part.role();
        !site.spare && (role == "orders" || (role == "products" && !places_orders))
    };
    let Some((site, _hold)) = system.pick(dice, fit) else {
        return Ok(None);
    };
    let (to, words) = if places_orders {
        ("gateway", "POST /api/orders")
    } else {
        ("mongodb", "commitTransaction")
    };
    let Some(link) = site.link(to) else {
        return Ok(None);
    };
    let lost = spring(link, words, dice.random_range(1..=4), fault.lasts).await;
    let name = site.part.name();
    Ok((lost > 0).then(|| Done::now(format!("{name} and {to}: {lost} replies to {words}"))))
}

async fn spring(link: &Link, words: &str, times: usize, limit: Duration) -> usize {
    let before = link.proxy.replies_lost();
    link.proxy.lose_reply_to(words.as_bytes(), times);
    let all = link.proxy.wait_for_lost(before + times);
    // A quiet instance loses fewer.
    let _ = tokio::time::timeout(limit, all).await;
    link.proxy.lose_reply_to(b"", 0);
    link.proxy.replies_lost() - before
}

async fn rebalance(system: &System, fault: &Fault, dice: &mut StdRng) -> Outcome {
    let Some((site, _hold)) = system.pick(dice, |site| site.spare) else {
        return Ok(None);
    };
    let kills: bool = dice.random();
    let part = &site.part;
    part.start()?;
    tokio::time::sleep(fault.lasts).await;
    if kills {
        part.kill().await?;
    } else {
        part.terminate(STOP_WITHIN).await?;
    }
    let how = if kills { "killed" } else { "left" };
    Ok(Some(Done::now(format!(
        "{} came and was {how}",
        part.name()
    ))))
}
