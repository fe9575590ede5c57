//! What `keys`, `replan` and `restore` have in common: alone among the commands they run the functions' own code, with
//! the credentials of whoever calls, on a stack or on a local one.

use std::path::Path;

use aws::Settings;

use crate::{
    stack::Stack,
    trouble::{Played, Trouble},
};

/// Runs it to its end.
pub(crate) fn block_on<T>(doing: impl Future<Output = T>) -> Played<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(Trouble::because("start a runtime"))?.block_on(doing))
}

/// A local stack's names, or those of the environment.
pub(crate) fn settings(stack_file: Option<&Path>) -> Played<Settings> {
    let Some(file) = stack_file else {
        let settings = Settings::from_lookup(|name| std::env::var(name).ok());
        return settings.map_err(Trouble::because("the environment"));
    };
    let stack = Stack::read(file)?;
    let output = |name: &str| stack.output(name).map(|value| Some(value.to_owned()));
    Ok(Settings {
        region: stack.region.clone(),
        access_key_id: "test".into(),
        secret_access_key: "test".into(),
        endpoint_url: Some(stack.endpoint.clone()),
        table: output("Table")?,
        key_table: output("KeyTable")?,
        key_id: output("ControllerKeyId")?,
        tombstone_table: output("TombstoneTable")?,
        evidence_bucket: output("EvidenceBucket")?,
        work_bucket: output("WorkBucket")?,
        records_bucket: output("RecordsBucket")?,
        is_local: true,
        ..Settings::default()
    })
}
