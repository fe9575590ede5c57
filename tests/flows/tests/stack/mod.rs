//! The deployed stack that the flows are tested on.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use habeas_cli::{stack::Stack, world::World};

/// One flow at a time: a sweep of a later time takes what another flow still needs.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A fresh run on the stack, alone on it until the guard goes.
pub(crate) fn world() -> (World, MutexGuard<'static, ()>) {
    let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let file = std::env::var_os("HABEAS_STACK_FILE")
        .expect("HABEAS_STACK_FILE names no stack: run `cargo xtask test`, which deploys one and tests on it");
    let stack = Stack::read(Path::new(&file)).unwrap_or_else(|trouble| panic!("{trouble}"));
    (World::new(stack), alone)
}
