use model::{Choreography, Found, check};

fn assert_all_well(found: &Found) {
    println!(
        "{} states, {} steps, {} faults, {:.1} s",
        found.states, found.steps, found.faults, found.seconds
    );
    assert_eq!(found.broken, Vec::<String>::new());
    assert_eq!(found.promises.len(), 14, "{:?}", found.promises);
    assert!(found.reached.len() >= 5, "{:?}", found.reached);
}

/// The whole is `cargo run -p model --bin check`, which begins with two more stocks.
#[test]
fn every_promise_holds_with_any_two_faults() {
    let found = check(&Choreography {
        stock: vec![[2, 1], [1, 2]],
        ..Choreography::default()
    });
    assert_all_well(&found);
    assert!(found.states > 3_000_000, "{} states", found.states);
}

#[test]
fn every_promise_holds_with_any_fault_at_any_stock() {
    let found = check(&Choreography {
        faults: 1,
        ..Choreography::default()
    });
    assert_all_well(&found);
}

/// One of the orders may be cancelled at any time: before it is read, decided or told of, and after it.
#[test]
fn every_promise_holds_when_an_order_is_cancelled() {
    for isolation in [true, false] {
        let found = check(&Choreography {
            faults: 1,
            cancels: Some(0),
            isolation,
            ..Choreography::default()
        });
        assert_all_well(&found);
        assert_eq!(found.reached.len(), 8, "{:?}", found.reached);
    }
}

/// Stock, reservations and statuses do not lean on the database's own check for conflicts.
#[test]
fn the_guards_are_enough_without_the_databases_own() {
    let found = check(&Choreography {
        faults: 1,
        isolation: false,
        ..Choreography::default()
    });
    assert_all_well(&found);
}
