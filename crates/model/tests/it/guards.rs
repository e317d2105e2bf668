use model::{Choreography, Counterexample, Guard, find};

/// What is broken first without the guard.
fn broken_without(guard: Guard) -> Option<Counterexample> {
    let model = Choreography {
        faults: 1,
        // Of two nets under the stock this one would catch what falls through the other.
        isolation: guard != Guard::QuantityGuard,
        cancels: (guard == Guard::ReleaseKey).then_some(0),
        ..Choreography::default()
    };
    find(&model.without(guard))
}

const ONE_DECISION: &str = "every published decision is the stored one";
const COMPLETE: &str = "where nothing is left to do, nothing is missing";
const IN_ORDER: &str = "the states of a product are first published in order";

#[test]
fn each_guard_is_needed() {
    let expected = [
        (Guard::Checkpoint, COMPLETE),
        (
            Guard::CheckpointFence,
            "a record is applied once unless it is replayed",
        ),
        (
            Guard::ReservationKey,
            "stock is what there was less what was accepted",
        ),
        (Guard::DecisionId, ONE_DECISION),
        (
            Guard::ReleaseKey,
            "stock is what there was less what was accepted",
        ),
        (Guard::QuantityGuard, "no product is oversold"),
        (Guard::TerminalStatus, "an order is settled once"),
        (
            Guard::VersionGuard,
            "a copy is a state that its owner had, and never goes back",
        ),
        (Guard::UnpagedOutbox, COMPLETE),
        (Guard::DeleteAfterAck, COMPLETE),
        (Guard::OutboxInTransaction, IN_ORDER),
        (Guard::KeyOrder, IN_ORDER),
        (Guard::IdempotencyKey, "a request makes one order"),
    ];
    assert_eq!(expected.map(|(guard, _)| guard), Guard::ALL);
    for (guard, promise) in expected {
        let Some(found) = broken_without(guard) else {
            panic!("nothing is broken without {}", guard.name());
        };
        println!("without {}: {}", guard.name(), found.promise);
        for step in &found.steps {
            println!("    {step}");
        }
        assert_eq!(found.promise, promise, "without {}", guard.name());
    }
}

/// The statement's own guard and the database's check for conflicts: either one is enough.
#[test]
fn stock_is_guarded_twice() {
    let model = Choreography {
        faults: 1,
        ..Choreography::default()
    };
    assert!(find(&model.clone().without(Guard::QuantityGuard)).is_none());
    let alone = Choreography {
        isolation: false,
        ..model
    };
    assert!(find(&alone).is_none());
}

#[test]
fn a_guard_is_found_by_its_name() {
    for guard in Guard::ALL {
        assert_eq!(guard.name().parse(), Ok(guard));
    }
    let error = "lock".parse::<Guard>().unwrap_err();
    assert!(error.contains("checkpoint-fence"), "{error}");
}
