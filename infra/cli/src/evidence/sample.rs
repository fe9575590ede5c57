//! Makes the sample of evidence that stands in the repository: by the deployed functions, on a stack of its own.

use std::{fs, path::Path, thread, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{VerifyArgs, fetch, run_verify, trust_file};
use crate::{
    client::Call,
    scenarios::stationdb::{NAME as SAMPLED, small_life},
    trouble::{Played, Trouble},
    world::{World, subject},
};

/// How often the bucket is looked at before its evidence is taken to be complete, and the pause between two looks.
const STILL_LOOKS: usize = 5;
const LOOK_SECONDS: u64 = 2;
const LOOKS_MAX: usize = 60;

/// Most files of a sample: it is there to be read.
const FILES_MAX: usize = 120;

/// Makes a sample.
///
/// # Errors
/// If the stack has evidence already, does not answer, or what it wrote does not hold.
pub(super) fn make(world: &World, out: &Path) -> Played {
    let bucket = world.stack.output("EvidenceBucket")?;
    if count(world, bucket)? > 0 {
        return Err(Trouble::new(
            "the stack has evidence already: a sample is made on a new one (`cargo xtask reset`)",
        ));
    }
    let link = small_life(world)?;
    still(world, bucket)?;
    seal(world, world.after(SignedDuration::from_hours(1)))?;
    // A day on which little happens, and the checkpoint after it.
    world.post(
        &format!("/{SAMPLED}/v1/requests"),
        &json!({ "type": "information", "subject": subject("mail", &world.address("sample-asks")) }),
    )?;
    still(world, bucket)?;
    seal(world, world.after(SignedDuration::from_hours(26)))?;

    let folder = out.join(SAMPLED);
    let copied = fetch(&world.cloud, bucket, SAMPLED, &folder)?;
    if copied > FILES_MAX {
        return Err(Trouble::new(format!("{copied} files are more than a sample has")));
    }
    let trust = out.join("trust.json");
    trust_file(SAMPLED, &world.cloud.public_key(world.stack.output("EvidenceKeyId")?)?, &trust)?;
    let call = Call::new("GET", format!("{link}&format=json"));
    let certificate = world.client.send(&call)?.expect(&[200])?;
    let file = out.join("certificate.json");
    fs::write(&file, &certificate.body).map_err(Trouble::because(file.display()))?;
    holds(VerifyArgs {
        folder: Some(folder),
        certificate: None,
        trust: Some(trust.clone()),
        update: true,
        json: false,
    })?;
    holds(VerifyArgs { folder: None, certificate: Some(file), trust: Some(trust), update: false, json: false })
}

fn holds(args: VerifyArgs) -> Played {
    let verdict = run_verify(&args)?;
    if verdict.is_sound() { Ok(()) } else { Err(Trouble::new(verdict.to_string())) }
}

fn count(world: &World, bucket: &str) -> Played<usize> {
    Ok(world.cloud.object_keys(bucket, &format!("evidence/v2/{SAMPLED}/"))?.len())
}

/// Waits until no more evidence comes: the stream is read with a delay.
fn still(world: &World, bucket: &str) -> Played {
    let (mut before, mut same) = (count(world, bucket)?, 0);
    for _ in 0..LOOKS_MAX {
        thread::sleep(Duration::from_secs(LOOK_SECONDS));
        let now = count(world, bucket)?;
        same = if now == before { same + 1 } else { 0 };
        if same == STILL_LOOKS && now > 0 {
            return Ok(());
        }
        before = now;
    }
    Err(Trouble::new("evidence comes and comes"))
}

/// Has the checkpoint of a time made.
fn seal(world: &World, at: Timestamp) -> Played {
    let said = world.seal(at)?;
    match said["broken"].as_u64() {
        Some(0) => Ok(()),
        _ => Err(Trouble::new(format!("the checkpoint was not made: {said}"))),
    }
}
