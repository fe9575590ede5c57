//! Hands libFuzzer's inputs to the target that `HABEAS_FUZZ_TARGET` names; `all` lists the targets instead. With
//! `HABEAS_FUZZ_SEEDS`, first writes the target's seeds into that folder.

#![no_main]

use std::{env, fs, path::Path, process, sync::OnceLock};

use fuzz_tests::{TARGETS, Target};

static TARGET: OnceLock<&Target> = OnceLock::new();

fn begin() {
    let name = env::var("HABEAS_FUZZ_TARGET").unwrap_or_default();
    if name == "all" {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        process::exit(0);
    }
    let target = fuzz_tests::target(&name).unwrap_or_else(|| panic!("HABEAS_FUZZ_TARGET names no target: \"{name}\""));
    if let Some(folder) = env::var_os("HABEAS_FUZZ_SEEDS") {
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(Path::new(&folder).join(format!("seed-{number:03}")), seed).expect("the folder of seeds is there");
        }
    }
    TARGET.set(target).expect("it begins once");
}

libfuzzer_sys::fuzz_target!(init: begin(), |bytes: &[u8]| {
    if let Some(target) = TARGET.get() {
        (target.judge)(bytes);
    }
});
