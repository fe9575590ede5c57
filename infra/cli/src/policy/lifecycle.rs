//! `habeas policy lifecycle`.

use ::domain::{
    lifecycle::{self, EARLY_PERCENT_MAX, Expiry, NoExpiry, TAG_KEY, TAG_VALUE},
    policy::{Policy, RetentionRule},
    words::{self, Voice},
};
use clap::Args;
use habeas_cli::table::aligned;
use serde_json::{Value, json};

use super::{FOLDER, Failure, Outcome, code, folder::Folder, print, print_json};

/// Most rules of one bucket (S3's limit).
const RULES_MAX: usize = 1_000;

#[derive(Debug, Args)]
pub(super) struct LifecycleArgs {
    /// The controllers' names: scantrust. Without any: all, since a bucket has one configuration for all of them.
    controllers: Vec<String>,
    /// The folder of *.toml files.
    #[arg(long, default_value = FOLDER)]
    dir: std::path::PathBuf,
    /// The records bucket, for the command that is shown.
    #[arg(long, default_value = "$RecordsBucket")]
    bucket: String,
    /// By how much of its period, in per cent, a file may go early.
    #[arg(long, default_value_t = EARLY_PERCENT_MAX, value_parser = clap::value_parser!(u32).range(..=100))]
    early_percent: u32,
    /// Print the LifecycleConfiguration alone, for `aws s3api put-bucket-lifecycle-configuration`.
    #[arg(long, conflicts_with = "template")]
    json: bool,
    /// Print the LifecycleConfiguration for a template of CloudFormation.
    #[arg(long)]
    template: bool,
}

/// A rule of a policy, and what the bucket makes of it.
struct Judged<'p> {
    policy: &'p Policy,
    rule: &'p RetentionRule,
    expiry: Result<Expiry, NoExpiry>,
}

impl Judged<'_> {
    fn prefix(&self) -> String {
        lifecycle::prefix(&self.policy.controller, &self.rule.category, &self.rule.purpose)
    }

    fn name(&self) -> String {
        format!("{}.{}.{}", self.policy.controller, self.rule.category, self.rule.purpose)
    }
}

pub(super) fn run(args: &LifecycleArgs) -> Outcome {
    let folder = Folder::read(&args.dir)?;
    let policies: Vec<&Policy> = if args.controllers.is_empty() {
        // A file that is refused would lose its rules, and its files their end.
        if let Some(refused) = folder.refused() {
            return Err(Failure::new(refused));
        }
        folder.valid().map(|valid| valid.policy).collect()
    } else {
        args.controllers.iter().map(|name| Ok(folder.of(name)?.policy)).collect::<Result<_, Failure>>()?
    };
    let rules = policies.into_iter().flat_map(|policy| policy.retention.values().map(move |rule| (policy, rule)));
    let judged: Vec<Judged<'_>> = rules
        .map(|(policy, rule)| Judged { policy, rule, expiry: lifecycle::expiry(rule, args.early_percent) })
        .collect();
    let made = judged.iter().filter(|judged| judged.expiry.is_ok()).count();
    if made + 1 > RULES_MAX {
        return Err(Failure::new(format!("{made} rules are more than the {RULES_MAX} that a bucket takes")));
    }
    if args.json {
        print_json(&configuration(&judged))?;
    } else if args.template {
        print(&template(&judged));
    } else {
        print(&table(&judged));
        print(&format!(
            "\n{made} rules. `--json > lifecycle.json` writes them, then:\n  aws s3api put-bucket-lifecycle-configuration \
             --bucket {} --lifecycle-configuration file://lifecycle.json\n",
            args.bucket
        ));
    }
    if args.json || args.template {
        // The answer is for a machine: what is left out of it is for whoever sits there.
        for judged in &judged {
            match &judged.expiry {
                Ok(expiry) => eprintln!("{}: up to {} days early", judged.name(), expiry.early_days_max),
                Err(reason) if judged.rule.lifecycle => eprintln!("{}: no rule: {reason}", judged.name()),
                Err(_) => {}
            }
        }
    }
    Ok(code(true))
}

fn table(judged: &[Judged<'_>]) -> String {
    let mut rows = vec![["CATEGORY", "PURPOSE", "KEPT", "S3 DELETES"].map(str::to_owned)];
    let mut controller = None;
    for judged in judged {
        if controller.replace(&judged.policy.controller) != Some(&judged.policy.controller) {
            rows.push([format!("{}:", judged.policy.controller), String::new(), String::new(), String::new()]);
        }
        let does = match &judged.expiry {
            Ok(Expiry { days, early_days_max }) => {
                format!(
                    "{}* tagged {TAG_KEY}={TAG_VALUE}, after {days} days: up to {early_days_max} days early",
                    judged.prefix()
                )
            }
            Err(reason) => format!("nothing: {reason}"),
        };
        let kept = words::kept(judged.rule, Voice::Operator);
        rows.push([judged.rule.category.to_string(), judged.rule.purpose.to_string(), kept, does]);
    }
    aligned(&rows)
}

/// What the bucket's own rule cleans up: delete markers with nothing behind them and uploads that nobody completes.
/// S3 takes neither in a rule that asks for a tag.
const LEFTOVERS: &str = "leftovers";

fn configuration(judged: &[Judged<'_>]) -> Value {
    let mut rules = vec![json!({
        "ID": LEFTOVERS, "Status": "Enabled", "Filter": { "Prefix": "" },
        "Expiration": { "ExpiredObjectDeleteMarker": true },
        "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 1 },
    })];
    rules.extend(judged.iter().filter_map(|judged| {
        let expiry = judged.expiry.as_ref().ok()?;
        let tag = json!({ "Key": TAG_KEY, "Value": TAG_VALUE });
        Some(json!({
            "ID": judged.name(), "Status": "Enabled",
            "Filter": { "And": { "Prefix": judged.prefix(), "Tags": [tag] } },
            "Expiration": { "Days": expiry.days },
            "NoncurrentVersionExpiration": { "NoncurrentDays": 1 },
        }))
    }));
    json!({ "Rules": rules })
}

fn template(judged: &[Judged<'_>]) -> String {
    let mut out = format!(
        "LifecycleConfiguration:\n  Rules:\n    - {{Id: {LEFTOVERS}, Status: Enabled, ExpiredObjectDeleteMarker: true, \
         AbortIncompleteMultipartUpload: {{DaysAfterInitiation: 1}}}}\n"
    );
    for judged in judged {
        let Ok(expiry) = &judged.expiry else { continue };
        out.push_str(&format!(
            "    - Id: {}\n      Status: Enabled\n      Prefix: {}\n      TagFilters: [{{Key: {TAG_KEY}, Value: {TAG_VALUE}}}]\n      \
             ExpirationInDays: {}\n      NoncurrentVersionExpiration: {{NoncurrentDays: 1}}\n",
            judged.name(),
            judged.prefix(),
            expiry.days
        ));
    }
    out
}
