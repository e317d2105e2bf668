//! Negative controls: where the adapter breaks the rule, the test that guards it has to fail by the
//! assertion that is named here.

mod version_guard {
    use controls::{Broken, Rule};
    use outbox::memory::MemoryDatabase;

    use crate::fixture::{Tables, mongo};
    use crate::guard::late_and_repeated_states_are_dropped;

    #[tokio::test]
    #[should_panic(expected = "late ones")]
    async fn late_states_are_dropped_in_memory() {
        let right = MemoryDatabase::<Tables>::default();
        late_and_repeated_states_are_dropped(Broken::new(right, Rule::VersionGuard)).await;
    }

    #[tokio::test]
    #[should_panic(expected = "late ones")]
    async fn late_states_are_dropped_in_mongodb() {
        let (_environment, right) = mongo().await;
        late_and_repeated_states_are_dropped(Broken::new(right, Rule::VersionGuard)).await;
    }
}
