//! Who holds how many connections, and which of them make room.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::activity::Activity;
use super::metrics::{Ended, ended};
use crate::config::ConnectionSettings;

/// One caller, as far as an address tells: of IPv6 a household has a whole /64.
pub fn caller_key(address: IpAddr) -> IpAddr {
    network(address, 64)
}

/// Of IPv6 the network of so many bits, of IPv4 the address.
fn network(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mask = u128::MAX << (128 - bits);
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & mask))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// One site (RFC 6177), which a customer of a provider has at most: of IPv6 a /48, with 65,536
/// callers.
fn site_key(caller: IpAddr) -> IpAddr {
    network(caller, 48)
}

/// All connections of a listener.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    most_of_an_address: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    count: usize,
    next: u64,
    /// By site and caller, and in the order in which they came.
    of: HashMap<IpAddr, HashMap<IpAddr, BTreeMap<u64, Connection>>>,
}

#[derive(Debug)]
struct Connection {
    activity: Arc<Activity>,
    give_way: CancellationToken,
}

/// A connection's place; it is free again with the value's end.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
    number: u64,
    /// Cancelled when the connection has to make room.
    pub(super) give_way: CancellationToken,
}

impl Places {
    pub(super) fn new(settings: &ConnectionSettings) -> Self {
        let count = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
        Self {
            most: count(settings.max_connections),
            most_of_an_address: match count(settings.max_connections_per_address) {
                0 => usize::MAX,
                limit => limit,
            },
            held: Mutex::default(),
        }
    }

    /// A place for a connection of `address`. When none is left for the address, unless it is
    /// `exempt`, another of its connections makes room; when none is left at all, one of the site
    /// that has the most. Only a connection that waits without a request does: `None` when all of
    /// the address, or of that site, are at work.
    pub(super) fn take(
        self: &Arc<Self>,
        address: IpAddr,
        exempt: bool,
        activity: &Arc<Activity>,
    ) -> Option<Place> {
        let address = caller_key(address);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let site = site_key(address);
        let callers = held.of.get(&site);
        let own = callers.and_then(|callers| callers.get(&address));
        if own.map_or(0, BTreeMap::len) >= self.most_of_an_address && !exempt {
            held.displace(site, |caller| caller == address)?;
        }
        if held.count >= self.most {
            let count = |callers: &HashMap<_, BTreeMap<_, _>>| -> usize {
                callers.values().map(BTreeMap::len).sum()
            };
            let most = held.of.iter().max_by_key(|(_, callers)| count(callers));
            let most = *most?.0;
            held.displace(most, |_| true)?;
        }
        let (number, give_way) = (held.next, CancellationToken::new());
        let connection = Connection {
            activity: Arc::clone(activity),
            give_way: give_way.clone(),
        };
        held.next += 1;
        held.count += 1;
        held.of
            .entry(site)
            .or_default()
            .entry(address)
            .or_default()
            .insert(number, connection);
        Some(Place {
            places: Arc::clone(self),
            address,
            number,
            give_way,
        })
    }
}

impl Held {
    /// Ends the oldest connection of such callers that waits: for the rest of a head, or else for a
    /// request.
    fn displace(&mut self, site: IpAddr, caller: impl Fn(IpAddr) -> bool) -> Option<()> {
        let callers = self.of.get(&site)?.iter();
        let (_, number, address) = callers
            .filter(|&(&address, _)| caller(address))
            .flat_map(|(&address, list)| list.iter().map(move |one| (address, one)))
            .filter(|(_, (_, one))| one.activity.waits())
            .map(|(address, (&number, one))| (!one.activity.is_in_head(), number, address))
            .min()?;
        let displaced = self.remove(address, number)?;
        displaced.give_way.cancel();
        ended(Ended::Displaced);
        Some(())
    }

    fn remove(&mut self, address: IpAddr, number: u64) -> Option<Connection> {
        let site = site_key(address);
        let callers = self.of.get_mut(&site)?;
        let list = callers.get_mut(&address)?;
        let removed = list.remove(&number)?;
        if list.is_empty() {
            callers.remove(&address);
        }
        if callers.is_empty() {
            self.of.remove(&site);
        }
        self.count -= 1;
        Some(removed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let held = self.places.held.lock();
        let mut held = held.unwrap_or_else(PoisonError::into_inner);
        held.remove(self.address, self.number);
    }
}

#[cfg(test)]
mod tests {
    use http::Version;

    use super::*;

    fn places(most: u32, of_an_address: u32) -> Arc<Places> {
        Arc::new(Places::new(&ConnectionSettings {
            max_connections: most,
            max_connections_per_address: of_an_address,
            ..ConnectionSettings::default()
        }))
    }

    fn activity() -> Arc<Activity> {
        Arc::new(Activity::new(&ConnectionSettings::default()))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_of_one_household_are_one_caller() {
        let key = |text| caller_key(address(text));
        assert_eq!(key("2001:db8::1"), key("2001:db8::2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:10.0.0.1"), key("10.0.0.1"));
    }

    #[test]
    fn who_waits_makes_room_and_who_works_does_not() {
        let places = places(10, 2);
        let (working, one) = (activity(), address("10.0.0.1"));
        let _request = working.request(Version::HTTP_11);
        let first = places.take(one, false, &working).unwrap();
        let second = places.take(one, false, &activity()).unwrap();
        let third = places.take(one, false, &working).unwrap();
        assert!(second.give_way.is_cancelled());
        assert!(!first.give_way.is_cancelled() && !third.give_way.is_cancelled());
        drop(second);
        assert!(
            places.take(one, false, &working).is_none(),
            "all are at work"
        );
        assert!(places.take(one, true, &working).is_some(), "a proxy's");
        assert!(places.take(address("10.0.0.2"), false, &working).is_some());
        drop(first);
        assert!(places.take(one, false, &working).is_some());
    }

    #[test]
    fn who_is_still_taking_an_answer_makes_no_room() {
        let places = places(10, 1);
        let (taking, one) = (activity(), address("10.0.0.1"));
        let _place = places.take(one, false, &taking).unwrap();
        drop(taking.request(Version::HTTP_11));
        taking.writing(true);
        assert!(places.take(one, false, &activity()).is_none());
        taking.writing(false);
        assert!(places.take(one, false, &activity()).is_some());
    }

    #[test]
    fn a_slow_head_makes_room_before_a_connection_that_is_kept() {
        let places = places(10, 2);
        let (kept, one) = (activity(), address("10.0.0.1"));
        drop(kept.request(Version::HTTP_11));
        let kept = places.take(one, false, &kept).unwrap();
        let slow = places.take(one, false, &activity()).unwrap();
        let _new = places.take(one, false, &activity()).unwrap();
        assert!(slow.give_way.is_cancelled() && !kept.give_way.is_cancelled());
    }

    #[test]
    fn when_all_are_taken_the_address_with_the_most_gives_one() {
        let places = places(4, 0);
        let (crowd, guest) = (address("10.0.0.1"), address("10.0.0.2"));
        let of_guest = places.take(guest, false, &activity()).unwrap();
        let of_crowd: Vec<_> = (0..3)
            .map(|_| places.take(crowd, false, &activity()).unwrap())
            .collect();
        let new = places.take(address("10.0.0.3"), false, &activity());
        assert!(new.is_some());
        assert!(of_crowd[0].give_way.is_cancelled());
        assert!(!of_guest.give_way.is_cancelled());
    }

    #[test]
    fn networks_of_one_site_count_together_when_all_are_taken() {
        let places = places(5, 0);
        let take = |text| places.take(address(text), false, &activity()).unwrap();
        let of_guest = [take("10.0.0.1"), take("10.0.0.1")];
        let crowd = ["2001:db8::1", "2001:db8:0:1::1", "2001:db8:0:2::1"].map(take);
        let _new = take("10.0.0.2");
        assert!(crowd[0].give_way.is_cancelled());
        assert!(of_guest.iter().all(|one| !one.give_way.is_cancelled()));
        drop(crowd);
        drop(of_guest);
        assert_eq!(places.held.lock().unwrap().of.len(), 1);
    }
}
