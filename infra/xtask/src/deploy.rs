//! `sam deploy` of the unchanged `template.yaml` onto the emulator, skipped when nothing it depends on has changed.

use std::process::Command;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::emulator::{Instance, Started};
use crate::failure::{Context, Failure, Outcome};
use crate::http;
use crate::layout::{self, Layout};
use crate::shell;
use crate::stamp::{self, Digest};
use crate::venv;

/// The stack's name.
const STACK: &str = "habeas";

/// Who mail comes from, locally.
const SENDER: &str = "privacy@habeas.example";

/// The template's parameters on a local stage.
fn parameters(instance: &Instance) -> Vec<String> {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let page = instance.public_url();
    vec![
        "Stage=local".to_owned(),
        format!("Architecture={architecture}"),
        format!("Issuer={}", instance.issuer_url()),
        "Audience=habeas-staff".to_owned(),
        format!("Sender={SENDER}"),
        format!("PublicUrl={page}"),
        format!("AllowedOrigins={page}"),
        // The sample site's own page, the one place that its forms may name.
        format!("AllowedPages={page}/thanks.html"),
        "EvidenceRetentionDays=1".to_owned(),
        "LogRetentionDays=1".to_owned(),
        // The emulator applies the API's limits too, and the scenarios of five controllers come all at once.
        "CaptureRate=1000".to_owned(),
        "IntakeRate=200".to_owned(),
        "DefaultRate=1000".to_owned(),
    ]
}

/// Deploys unless the same template, functions, policies and parameters are on this very emulator already.
/// `true` if it was deployed.
pub(crate) fn deploy(layout: &Layout, instance: &Instance, emulator: &Started) -> Outcome<bool> {
    let parameters = parameters(instance);
    let digest = Digest::new()
        .add(&emulator.since)
        .add(parameters.join("\n"))
        .add_path(&layout.root.join("template.yaml"))?
        .add_path(&layout.dist())?
        .text();
    if stamp::unchanged(&instance.deploy_stamp(), &digest) && stack(instance).is_ok() && instance.stack_file().is_file()
    {
        return Ok(false);
    }
    layout::remove(&instance.deploy_stamp())?;
    // Local stacks take what the command line says, never what a samconfig.toml for a real account holds.
    let no_config = layout.home.join("sam/none.toml");
    layout::write_whole(&no_config, "version = 0.1\n")?;
    let mut sam = sam(layout, instance.ports.endpoint);
    sam.args(["deploy", "--template-file", "template.yaml", "--stack-name", STACK, "--resolve-s3"])
        .args(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"])
        .args(["--no-confirm-changeset", "--no-progressbar", "--no-fail-on-empty-changeset"])
        .arg("--config-file")
        .arg(&no_config)
        .arg("--parameter-overrides")
        .args(&parameters);
    shell::run_logged(&mut sam, &instance.deploy_log())?;
    verify_sender(instance)?;
    let stack = stack(instance)?;
    layout::write_whole(&instance.stack_file(), &format!("{stack:#}\n"))?;
    layout::write_whole(&instance.deploy_stamp(), &digest)?;
    Ok(true)
}

/// Runs a script with the least compression: SAM zips each function anew, at zlib's usual level, which takes most of the
/// time of a deployment here and saves a seventh of bytes that go nowhere.
const QUICKLY: &str = "import runpy, sys, zlib; zlib.Z_DEFAULT_COMPRESSION = 1; sys.argv = sys.argv[1:]; \
                       runpy.run_path(sys.argv[0], run_name='__main__')";

/// The SAM CLI, which reaches the AWS on that port of this machine and no other.
pub(crate) fn sam(layout: &Layout, port: u16) -> Command {
    let mut sam = shell::python(layout, venv::TOOLS);
    sam.args(["-P", "-c", QUICKLY]).arg(layout.venv(venv::TOOLS).join("bin/sam"));
    shell::local_aws(layout, &mut sam, port);
    sam
}

/// In an account the operator verifies the sender's identity with SES once (docs/DEPLOY.md).
fn verify_sender(instance: &Instance) -> Outcome<()> {
    let answer = http::send(
        instance.ports.endpoint,
        "POST",
        "/v2/email/identities",
        &[("Content-Type", "application/json"), ("Authorization", &signed_for("ses"))],
        &json!({ "EmailIdentity": SENDER }).to_string(),
        Duration::from_secs(10),
    )?;
    match answer.status {
        // 409: it is verified already.
        200..300 | 409 => Ok(()),
        status => Err(Failure::new(format!("the local SES refused the sender's identity with {status}"))),
    }
}

/// Where everything is, in the form of `.habeas/stack.json`.
fn stack(instance: &Instance) -> Outcome<Value> {
    let described = ask(instance, &format!("Action=DescribeStacks&StackName={STACK}"))?;
    let outputs: Map<String, Value> = pairs(&described, "OutputKey", "OutputValue")
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect();
    let status = element(&described, "StackStatus").unwrap_or_default();
    if !matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
        return Err(Failure::new(format!("the stack is {status}: see {}", instance.deploy_log().display())));
    }
    let resources = ask(instance, &format!("Action=DescribeStackResources&StackName={STACK}"))?;
    let api = members(&resources)
        .find(|member| element(member, "ResourceType").as_deref() == Some("AWS::ApiGatewayV2::Api"))
        .and_then(|member| element(member, "PhysicalResourceId"))
        .ok_or_else(|| Failure::new("the stack holds no HTTP API: does template.yaml still declare one?"))?;
    let endpoint = instance.endpoint_url();
    Ok(json!({
        "api_url": format!("{endpoint}/_aws/execute-api/{api}/$default"),
        "endpoint": endpoint,
        "region": shell::REGION,
        "issuer": instance.issuer_url(),
        "public_url": instance.public_url(),
        "outputs": outputs,
    }))
}

fn ask(instance: &Instance, question: &str) -> Outcome<String> {
    let headers =
        [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", &signed_for("cloudformation"))];
    let body = format!("{question}&Version=2010-05-15");
    let answer = http::send(instance.ports.endpoint, "POST", "/", &headers, &body, Duration::from_secs(20))
        .cannot("ask the emulator about the stack")?;
    if answer.status == 200 {
        return Ok(answer.body);
    }
    let said = element(&answer.body, "Message").unwrap_or(answer.body);
    Err(Failure::new(format!("the emulator answered {} about the stack: {said}", answer.status)))
}

/// What the emulator reads account and service from. It checks no signature.
pub(crate) fn signed_for(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=none",
        shell::REGION
    )
}

/// The text of the first element of that name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    Some(plain.replace("&#39;", "'").replace("&amp;", "&"))
}

fn members(xml: &str) -> impl Iterator<Item = &str> {
    xml.split("<member>").skip(1)
}

/// The members that hold both elements, as pairs.
fn pairs(xml: &str, key: &str, value: &str) -> Vec<(String, String)> {
    members(xml).filter_map(|member| Some((element(member, key)?, element(member, value)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIBED: &str = "<DescribeStacksResult><Stacks><member><StackName>habeas</StackName>\
        <StackStatus>CREATE_COMPLETE</StackStatus><Outputs>\
        <member><OutputKey>TableName</OutputKey><OutputValue>habeas-Table</OutputValue></member>\
        <member><OutputKey>Query</OutputKey><OutputValue>a=1&amp;b=&lt;2&gt;</OutputValue></member>\
        </Outputs></member></Stacks></DescribeStacksResult>";

    #[test]
    fn outputs_are_read_as_pairs() {
        let pairs = pairs(DESCRIBED, "OutputKey", "OutputValue");
        let expected = [("TableName", "habeas-Table"), ("Query", "a=1&b=<2>")];
        assert_eq!(pairs, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn the_status_is_the_stacks_own() {
        assert_eq!(element(DESCRIBED, "StackStatus").as_deref(), Some("CREATE_COMPLETE"));
        assert_eq!(element(DESCRIBED, "Absent"), None);
    }
}
