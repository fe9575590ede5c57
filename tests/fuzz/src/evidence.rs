//! Files of evidence and certificates: what was changed is not accepted, and the fault names a place, not a content.

use std::{collections::BTreeMap, convert::Infallible};

use wire::evidence::{
    certificate::verify_certificate,
    read,
    trust::Trust,
    verify::{Broken, Files, verify},
};

use crate::{says_nothing_of_it, seeds};

/// Where `events/evidence` keeps the evidence of its controller.
const FOLDER: &str = "events/evidence/stationdb";

struct Folder(BTreeMap<String, Vec<u8>>);

impl Files for Folder {
    type Error = Infallible;

    fn names(&self, folder: &str) -> Result<Vec<String>, Infallible> {
        let below = self.0.keys().filter_map(|file| file.strip_prefix(folder)?.strip_prefix('/'));
        let mut names: Vec<String> = below.map(|rest| rest.split('/').next().unwrap_or(rest).to_owned()).collect();
        names.dedup();
        Ok(names)
    }

    fn read(&self, file: &str) -> Result<Vec<u8>, Infallible> {
        Ok(self.0.get(file).cloned().unwrap_or_default())
    }
}

fn folder() -> Folder {
    let files = seeds::files(FOLDER, "jsonl").into_iter().map(|(path, bytes)| {
        let path = path.to_str().unwrap();
        let (_, name) = path.rsplit_once("stationdb/").unwrap();
        (name.to_owned(), bytes)
    });
    Folder(files.collect())
}

fn trust_file() -> Vec<u8> {
    let (_, bytes) =
        seeds::files("events/evidence", "json").into_iter().find(|(path, _)| path.ends_with("trust.json")).unwrap();
    bytes
}

/// The number of a file, and its content.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let files = folder().0.into_values().enumerate();
    files.map(|(number, bytes)| [vec![u8::try_from(number).unwrap()], bytes].concat()).collect()
}

pub(crate) fn judge(bytes: &[u8]) {
    let Some((number, bytes)) = bytes.split_first() else { return };
    for wrong in [
        read::link(bytes).err(),
        read::checkpoint(bytes).err(),
        read::lines(bytes).and_then(|lines| lines.first().map(|line| read::header(line)).transpose()).err(),
    ]
    .into_iter()
    .flatten()
    {
        says_nothing_of_it(&format!("{wrong:?}"));
    }

    let trust = Trust::parse(&trust_file()).unwrap();
    let mut folder = folder();
    let names: Vec<String> = folder.0.keys().cloned().collect();
    let name = &names[usize::from(*number) % names.len()];
    let was = folder.0.insert(name.clone(), bytes.to_vec()).unwrap();
    match verify(&folder, Some(&trust)) {
        Ok(_) => assert!(bytes == was, "{name} was changed, and is accepted"),
        Err(Broken::Fault(fault)) => {
            assert!(bytes != was, "{name} is as it was: {fault}");
            says_nothing_of_it(&fault.to_string());
        }
        Err(Broken::Unreadable(never)) => match never {},
    }
}

pub(crate) fn certificate_seeds() -> Vec<Vec<u8>> {
    seeds::files("events/evidence", "json").into_iter().map(|(_, bytes)| bytes).collect()
}

pub(crate) fn judge_certificate(bytes: &[u8]) {
    let trust = Trust::parse(&trust_file()).unwrap();
    for trust in [None, Some(&trust)] {
        if let Err(fault) = verify_certificate(bytes, trust) {
            says_nothing_of_it(&fault.to_string());
        }
    }
    if let Err(error) = Trust::parse(bytes) {
        says_nothing_of_it(&error.to_string());
    }
}
