//! Negative controls: where the adapter breaks the rule, the test that guards it has to fail by the
//! assertion that is named here.

mod version_guard {
    use controls::{Broken, Rule};
    use outbox::memory::MemoryDatabase;

    use crate::fixture::{Tables, mongo};
    use crate::guard;

    mod in_memory {
        use super::*;

        #[tokio::test]
        #[should_panic(expected = "late ones")]
        async fn late_and_repeated_states_are_dropped() {
            let right = MemoryDatabase::<Tables>::default();
            let broken = Broken::new(right, Rule::VersionGuard);
            guard::late_and_repeated_states_are_dropped(broken).await;
        }
    }

    mod in_mongodb {
        use super::*;

        #[tokio::test]
        #[should_panic(expected = "late ones")]
        async fn late_and_repeated_states_are_dropped() {
            let (_environment, right) = mongo().await;
            let broken = Broken::new(right, Rule::VersionGuard);
            guard::late_and_repeated_states_are_dropped(broken).await;
        }
    }
}
