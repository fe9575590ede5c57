//! The search for the shortest history that still breaks.

use fault_tests::shorter::{Part, Parts, format, parse, shortest};

#[test]
fn what_a_failure_needs_is_all_that_is_left() {
    let parts: Vec<Part> = (1..=40).map(Part::Event).chain((1..=9).map(Part::Fault)).collect();
    let needed = [Part::Event(3), Part::Event(31), Part::Fault(7)];
    let without = shortest(Parts::new(), parts.clone(), |without| needed.iter().all(|part| !without.contains(part)));
    let left: Vec<Part> = parts.into_iter().filter(|part| !without.contains(part)).collect();
    assert_eq!(left, needed);
    assert_eq!(parse(&format(&without)), without);
}
