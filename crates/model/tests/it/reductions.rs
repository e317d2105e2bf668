use std::collections::{HashMap, HashSet, VecDeque};

use model::{Choreography, State, check, representative};
use stateright::Model;

/// All that a walk over whole states sees.
struct Walk {
    classes: HashSet<State>,
    ends: HashSet<State>,
    states: usize,
    /// Whether no state comes back to itself.
    acyclic: bool,
}

fn walk(model: &Choreography) -> Walk {
    let mut arrivals: HashMap<State, u32> = HashMap::new();
    let mut queue: VecDeque<State> = model.init_states().into();
    arrivals.extend(queue.iter().map(|state| (*state, 0)));
    let mut ends = HashSet::new();
    while let Some(state) = queue.pop_front() {
        let next = model.next_states(&state);
        if next.is_empty() {
            ends.insert(representative(&state));
        }
        for state in next {
            *arrivals.entry(state).or_insert_with(|| {
                queue.push_back(state);
                0
            }) += 1;
        }
    }
    let states = arrivals.len();
    let classes = arrivals.keys().map(representative).collect();
    // Taking away what nothing leads to any more ends with nothing, unless there is a cycle.
    let mut free = model.init_states();
    let mut taken = 0;
    while let Some(state) = free.pop() {
        taken += 1;
        for next in model.next_states(&state) {
            if let Some(left) = arrivals.get_mut(&next) {
                *left -= 1;
                if *left == 0 {
                    free.push(next);
                }
            }
        }
    }
    Walk {
        classes,
        ends,
        states,
        acyclic: taken == states,
    }
}

fn one_fault(reduced: bool) -> Choreography {
    Choreography {
        faults: 1,
        stock: vec![[2, 1]],
        reduced,
        ..Choreography::default()
    }
}

/// "In the end" means something only where every path has an end.
#[test]
fn every_path_ends() {
    let walk = walk(&one_fault(false));
    println!("{} states", walk.states);
    assert!(walk.acyclic);
    assert!(walk.states > 50_000, "{} states", walk.states);
}

/// The checker, which looks at one state of each class, sees every class that there is.
#[test]
fn states_that_are_taken_for_the_same_have_the_same_future() {
    for reduced in [true, false] {
        let model = one_fault(reduced);
        let walk = walk(&model);
        assert!(walk.classes.len() < walk.states);
        assert_eq!(check(&model).states, walk.classes.len());
    }
}

/// Taking a step at once that commutes with all others leads to every end that there is.
#[test]
fn no_end_is_missed_by_taking_steps_at_once() {
    let (reduced, whole) = (walk(&one_fault(true)), walk(&one_fault(false)));
    println!("{} states instead of {}", reduced.states, whole.states);
    assert!(reduced.states < whole.states);
    assert_eq!(reduced.ends, whole.ends);
    assert!(whole.ends.len() > 1, "{} ends", whole.ends.len());
}
