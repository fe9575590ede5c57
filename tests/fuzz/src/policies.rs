//! Policies: the text, and what it is compiled to.

#[path = "../../../shared/policy/tests/fuzz/properties.rs"]
mod properties;

use crate::seeds;

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let files = seeds::files("infra/policies", "toml");
    let texts = files.into_iter().map(|(_, text)| text);
    texts
        .flat_map(|text| {
            let policy = policy::parse("seed", std::str::from_utf8(&text).unwrap(), None).ok();
            let compiled = policy.and_then(|parsed| policy::compile(&parsed.policy).ok());
            [Some(text), compiled.map(|compiled| compiled.bytes().to_vec())]
        })
        .flatten()
        .collect()
}

pub(crate) fn judge(bytes: &[u8]) {
    if let Ok(loaded) = policy::load(bytes) {
        let compiled = policy::compile(&loaded).expect("a loaded policy compiles");
        let again = policy::load(compiled.bytes()).expect("a compiled policy loads");
        assert_eq!(policy::compile(&again).expect("a loaded policy compiles").bytes(), compiled.bytes());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        properties::hold(text);
    }
}
