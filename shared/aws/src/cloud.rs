//! [`Cloud`]: the settings, the clients, and who owns them.

use std::{fmt, sync::OnceLock};

use app::{error::PortError, queues::Queue};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use domain::{ids::ControllerId, lifecycle::FileRules};

use crate::{
    accounts::Issuers,
    client::{CONNECT_TIMEOUT, READ_TIMEOUT, SlimClient},
    evidence::Heads,
    keys::KeyRing,
    mail_pace::MailPace,
    pace::Pace,
};

/// Attempts at one call, the first included (the SDK's standard retries).
const ATTEMPTS_MAX: u32 = 4;

/// Who calls, from where, and the names of what the stack made. `None`: this function has none.
#[derive(Clone, Default)]
pub struct Settings {
    /// The region.
    pub region: String,
    /// The access key's id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
    /// The session's token.
    pub session_token: Option<String>,
    /// Where to find AWS, if it is not where it always is.
    pub endpoint_url: Option<String>,
    /// The table of events and state.
    pub table: Option<String>,
    /// The table of wrapped keys.
    pub key_table: Option<String>,
    /// The KMS key that wraps controller keys.
    pub key_id: Option<String>,
    /// The table of what a restore must not undo.
    pub tombstone_table: Option<String>,
    /// The KMS key that signs checkpoints of evidence.
    pub evidence_key_id: Option<String>,
    /// The fingerprints of keys that signed checkpoints before this one.
    pub former_evidence_keys: Vec<String>,
    /// The bucket of what is under way.
    pub work_bucket: Option<String>,
    /// The bucket of evidence.
    pub evidence_bucket: Option<String>,
    /// The bucket of exports.
    pub exports_bucket: Option<String>,
    /// The bucket of what systems hand over.
    pub system_data_bucket: Option<String>,
    /// The bucket of records.
    pub records_bucket: Option<String>,
    /// Who mail comes from.
    pub sender: Option<String>,
    /// The mail service's settings under which mail goes out, and by which its events come back.
    pub configuration_set: Option<String>,
    /// dsar-fulfil's queue.
    pub fulfil_queue_url: Option<String>,
    /// breach-notify's queue.
    pub breach_queue_url: Option<String>,
    /// retention-track's queue.
    pub records_queue_url: Option<String>,
    /// purge's queue.
    pub purge_queue_url: Option<String>,
    /// notice-change's queue.
    pub notice_queue_url: Option<String>,
    /// system-tasks' queue.
    pub task_queue_url: Option<String>,
    /// Where outcomes go that will never be taken.
    pub outcome_dead_letter_queue_url: Option<String>,
    /// Whether this is the local stage, where systems may run on the machine itself.
    pub is_local: bool,
    /// Most deletions of records a second, while one shard of the due index is swept; 0 for no bound.
    pub purge_rate: u32,
    /// How much of what the account may send this environment sends, in percent; 0 for as much as there is.
    pub send_share: u32,
    /// Where this function puts what will never succeed.
    pub dead_letter_queue_url: Option<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Credentials stay out.
        f.debug_struct("Settings").field("region", &self.region).field("table", &self.table).finish_non_exhaustive()
    }
}

/// A variable that every function needs is not set, or one does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is not set, or does not read")]
pub struct ConfigError {
    /// Which variable.
    pub variable: &'static str,
}

impl Settings {
    /// Reads the settings by name, as `std::env::var` does.
    ///
    /// # Errors
    /// [`ConfigError`] if region or credentials are missing, or a number does not read. Whatever else is missing is missed
    /// when it is needed.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        // An empty variable is a missing one: templates write these for absent parameters.
        let optional = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let needed = |variable: &'static str| optional(variable).ok_or(ConfigError { variable });
        Ok(Self {
            region: needed("AWS_REGION")?,
            access_key_id: needed("AWS_ACCESS_KEY_ID")?,
            secret_access_key: needed("AWS_SECRET_ACCESS_KEY")?,
            session_token: optional("AWS_SESSION_TOKEN"),
            endpoint_url: optional("AWS_ENDPOINT_URL"),
            table: optional("TABLE"),
            key_table: optional("KEY_TABLE"),
            key_id: optional("KEY_ID"),
            tombstone_table: optional("TOMBSTONE_TABLE"),
            evidence_key_id: optional("EVIDENCE_KEY_ID"),
            former_evidence_keys: optional("FORMER_EVIDENCE_KEYS")
                .map(|keys| keys.split(',').map(|key| key.trim().to_owned()).collect())
                .unwrap_or_default(),
            work_bucket: optional("WORK_BUCKET"),
            evidence_bucket: optional("EVIDENCE_BUCKET"),
            exports_bucket: optional("EXPORTS_BUCKET"),
            system_data_bucket: optional("SYSTEM_DATA_BUCKET"),
            records_bucket: optional("RECORDS_BUCKET"),
            sender: optional("SENDER"),
            configuration_set: optional("CONFIGURATION_SET"),
            fulfil_queue_url: optional("FULFIL_QUEUE_URL"),
            breach_queue_url: optional("BREACH_QUEUE_URL"),
            records_queue_url: optional("RECORDS_QUEUE_URL"),
            purge_queue_url: optional("PURGE_QUEUE_URL"),
            notice_queue_url: optional("NOTICE_QUEUE_URL"),
            task_queue_url: optional("TASK_QUEUE_URL"),
            outcome_dead_letter_queue_url: optional("OUTCOME_DEAD_LETTER_QUEUE_URL"),
            // Only the exact word, as everywhere: a misspelt stage must not open private addresses.
            is_local: optional("STAGE").as_deref() == Some("local"),
            purge_rate: match optional("PURGE_RATE") {
                Some(rate) => rate.parse().map_err(|_| ConfigError { variable: "PURGE_RATE" })?,
                None => 0,
            },
            send_share: match optional("SEND_SHARE") {
                Some(share) => share.parse().map_err(|_| ConfigError { variable: "SEND_SHARE" })?,
                None => 0,
            },
            dead_letter_queue_url: optional("DEAD_LETTER_QUEUE_URL"),
        })
    }
}

/// A service to which a connection can be opened before it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// DynamoDB.
    Table,
    /// KMS.
    Keys,
    /// S3.
    Buckets,
    /// SQS.
    Queues,
    /// SES.
    Mail,
}

impl Service {
    const fn host(self) -> &'static str {
        match self {
            Self::Table => "dynamodb",
            Self::Keys => "kms",
            Self::Buckets => "s3",
            Self::Queues => "sqs",
            Self::Mail => "email",
        }
    }
}

/// Finds what a controller's policy says about files.
type LookUp = dyn Fn(&ControllerId) -> Result<FileRules, PortError> + Send + Sync;

/// Serves every port of `app` from AWS. Clients and keys are made when first needed and kept for
/// the life of the environment.
pub struct Cloud {
    settings: Settings,
    http: SlimClient,
    pub(crate) ring: KeyRing,
    pub(crate) pace: Pace,
    pub(crate) mail_pace: MailPace,
    pub(crate) heads: Heads,
    pub(crate) issuers: Issuers,
    /// The public part of the key that signs checkpoints.
    pub(crate) evidence_public: OnceLock<Vec<u8>>,
    file_rules: Option<Box<LookUp>>,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    dynamodb_once: OnceLock<aws_sdk_dynamodb::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    ses: OnceLock<aws_sdk_sesv2::Client>,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The configuration of one service's client. A macro, since each SDK crate has types of its own.
macro_rules! client {
    ($sdk:ident, $cloud:expr, $(|$builder:ident| $more:expr)?) => {{
        let settings = &$cloud.settings;
        let credentials = $sdk::config::Credentials::new(
            settings.access_key_id.clone(),
            settings.secret_access_key.clone(),
            settings.session_token.clone(),
            None,
            "environment",
        );
        let builder = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new(settings.region.clone()))
            .http_client($cloud.http.clone())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
            .timeout_config(
                TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).build(),
            )
            // Answers are read whole, under the read timeout: no stream can stall.
            .stalled_stream_protection($sdk::config::StalledStreamProtectionConfig::disabled());
        // A signature that nobody checks is left out: it takes longer than all else that a call does.
        let builder = match $cloud.http.is_in_process() {
            true => builder.allow_no_auth(),
            false => builder.credentials_provider(credentials),
        };
        let builder = match &settings.endpoint_url {
            Some(url) => builder.endpoint_url(url.clone()),
            None => builder,
        };
        $(let $builder = builder; let builder = $more;)?
        $sdk::Client::from_conf(builder.build())
    }};
}

impl Cloud {
    /// Reads the settings from the environment, as Lambda hands them over. No call is made.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable that is missing.
    pub fn from_env() -> Result<Self, ConfigError> {
        Settings::from_lookup(|name| std::env::var(name).ok()).map(Self::new)
    }

    /// Takes settings made elsewhere: tests and tools.
    pub fn new(settings: Settings) -> Self {
        Self {
            pace: Pace::new(settings.purge_rate),
            mail_pace: MailPace::new(settings.send_share),
            settings,
            http: SlimClient::default(),
            ring: KeyRing::default(),
            heads: Heads::default(),
            issuers: Issuers::default(),
            evidence_public: OnceLock::new(),
            file_rules: None,
            dynamodb: OnceLock::new(),
            dynamodb_once: OnceLock::new(),
            s3: OnceLock::new(),
            sqs: OnceLock::new(),
            kms: OnceLock::new(),
            ses: OnceLock::new(),
        }
    }

    /// Reaches AWS by this client: tests that bring an endpoint of their own.
    #[must_use]
    pub fn with_client(self, http: SlimClient) -> Self {
        Self { http, ..self }
    }

    /// Says where to look up what a policy says about files, once some are deleted or held. Whoever does that must be
    /// told, even that there is nothing: a copy that nobody thought of would stay, and a hold that nobody told S3 of
    /// would not keep.
    #[must_use]
    pub fn with_file_rules(
        self,
        rules: impl Fn(&ControllerId) -> Result<FileRules, PortError> + Send + Sync + 'static,
    ) -> Self {
        Self { file_rules: Some(Box::new(rules)), ..self }
    }

    /// Opens connections in init, so that the first request finds them. Best effort: it never fails
    /// and costs no unit.
    pub async fn prime(&self, services: &[Service]) {
        for service in services {
            for url in self.endpoints(*service) {
                self.http.open(&url).await;
            }
        }
    }

    fn endpoints(&self, service: Service) -> Vec<String> {
        if let Some(url) = &self.settings.endpoint_url {
            return vec![url.clone()];
        }
        let region = &self.settings.region;
        if service != Service::Buckets {
            return vec![format!("https://{}.{region}.amazonaws.com", service.host())];
        }
        // Each bucket has a host of its own.
        let settings = &self.settings;
        let buckets = [
            &settings.evidence_bucket,
            &settings.work_bucket,
            &settings.exports_bucket,
            &settings.records_bucket,
            &settings.system_data_bucket,
        ];
        buckets.into_iter().flatten().map(|bucket| format!("https://{bucket}.s3.{region}.amazonaws.com")).collect()
    }

    pub(crate) const fn http(&self) -> &SlimClient {
        &self.http
    }

    pub(crate) fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.dynamodb.get_or_init(|| client!(aws_sdk_dynamodb, self,))
    }

    /// One whose calls are not tried again. A configuration of a call's own would be put together anew with each call.
    pub(crate) fn dynamodb_once(&self) -> &aws_sdk_dynamodb::Client {
        self.dynamodb_once
            .get_or_init(|| client!(aws_sdk_dynamodb, self, |builder| builder.retry_config(RetryConfig::disabled())))
    }

    pub(crate) fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| {
            // An endpoint of one's own has no host for each bucket.
            let path_style = self.settings.endpoint_url.is_some();
            client!(aws_sdk_s3, self, |builder| builder.force_path_style(path_style))
        })
    }

    pub(crate) fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.sqs.get_or_init(|| client!(aws_sdk_sqs, self,))
    }

    pub(crate) fn kms(&self) -> &aws_sdk_kms::Client {
        self.kms.get_or_init(|| client!(aws_sdk_kms, self,))
    }

    pub(crate) fn ses(&self) -> &aws_sdk_sesv2::Client {
        self.ses.get_or_init(|| {
            // A mail whose answer was lost may be out: whether it goes out again, its claim says, and nobody below it.
            client!(aws_sdk_sesv2, self, |builder| builder.retry_config(RetryConfig::disabled()))
        })
    }

    pub(crate) fn table(&self) -> Result<&str, PortError> {
        needed("TABLE", self.settings.table.as_deref())
    }

    pub(crate) fn key_table(&self) -> Result<&str, PortError> {
        needed("KEY_TABLE", self.settings.key_table.as_deref())
    }

    pub(crate) fn key_id(&self) -> Result<&str, PortError> {
        needed("KEY_ID", self.settings.key_id.as_deref())
    }

    pub(crate) fn tombstone_table(&self) -> Result<&str, PortError> {
        needed("TOMBSTONE_TABLE", self.settings.tombstone_table.as_deref())
    }

    pub(crate) fn evidence_key_id(&self) -> Result<&str, PortError> {
        needed("EVIDENCE_KEY_ID", self.settings.evidence_key_id.as_deref())
    }

    pub(crate) fn former_evidence_keys(&self) -> &[String] {
        &self.settings.former_evidence_keys
    }

    pub(crate) fn work_bucket(&self) -> Result<&str, PortError> {
        needed("WORK_BUCKET", self.settings.work_bucket.as_deref())
    }

    pub(crate) fn evidence_bucket(&self) -> Result<&str, PortError> {
        needed("EVIDENCE_BUCKET", self.settings.evidence_bucket.as_deref())
    }

    pub(crate) fn queue_url(&self, queue: Queue) -> Result<&str, PortError> {
        let settings = &self.settings;
        let (name, url) = match queue {
            Queue::Fulfil => ("FULFIL_QUEUE_URL", &settings.fulfil_queue_url),
            Queue::Breach => ("BREACH_QUEUE_URL", &settings.breach_queue_url),
            Queue::Records => ("RECORDS_QUEUE_URL", &settings.records_queue_url),
            Queue::Purge => ("PURGE_QUEUE_URL", &settings.purge_queue_url),
            Queue::Notice => ("NOTICE_QUEUE_URL", &settings.notice_queue_url),
            Queue::Tasks => ("TASK_QUEUE_URL", &settings.task_queue_url),
        };
        needed(name, url.as_deref())
    }

    pub(crate) fn outcome_dead_letter_queue_url(&self) -> Result<&str, PortError> {
        needed("OUTCOME_DEAD_LETTER_QUEUE_URL", self.settings.outcome_dead_letter_queue_url.as_deref())
    }

    pub(crate) const fn is_local(&self) -> bool {
        self.settings.is_local
    }

    pub(crate) fn dead_letter_queue_url(&self) -> Result<&str, PortError> {
        needed("DEAD_LETTER_QUEUE_URL", self.settings.dead_letter_queue_url.as_deref())
    }

    pub(crate) fn exports_bucket(&self) -> Result<&str, PortError> {
        needed("EXPORTS_BUCKET", self.settings.exports_bucket.as_deref())
    }

    pub(crate) fn system_data_bucket(&self) -> Result<&str, PortError> {
        needed("SYSTEM_DATA_BUCKET", self.settings.system_data_bucket.as_deref())
    }

    pub(crate) fn records_bucket(&self) -> Result<&str, PortError> {
        needed("RECORDS_BUCKET", self.settings.records_bucket.as_deref())
    }

    pub(crate) fn region(&self) -> &str {
        &self.settings.region
    }

    pub(crate) fn file_rules(&self, controller: &ControllerId) -> Result<FileRules, PortError> {
        needed("the policies' rules for files", self.file_rules.as_ref())?(controller)
    }

    pub(crate) fn sender(&self) -> Result<&str, PortError> {
        needed("SENDER", self.settings.sender.as_deref())
    }

    pub(crate) fn configuration_set(&self) -> Result<&str, PortError> {
        needed("CONFIGURATION_SET", self.settings.configuration_set.as_deref())
    }
}

fn needed<'a, T: ?Sized>(variable: &'static str, value: Option<&'a T>) -> Result<&'a T, PortError> {
    // Passing, not final: once the deployment is mended, what waits in a queue goes through.
    value.ok_or_else(|| {
        PortError::unavailable("the configuration", ConfigError { variable }).with_code(Some(variable.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        let value = match name {
            "AWS_REGION" => "eu-west-1",
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "test",
            "TABLE" => "",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn a_missing_variable_is_named() {
        let cloud = Cloud::new(Settings::from_lookup(lookup).unwrap());
        let PortError::Unavailable { what, code, .. } = cloud.table().unwrap_err() else { panic!("it may pass") };
        assert_eq!((what, code.as_deref()), ("the configuration", Some("TABLE")));
        let error = Settings::from_lookup(|_| None).unwrap_err();
        assert_eq!(error.to_string(), "AWS_REGION is not set, or does not read");
    }

    #[test]
    fn settings_never_print_credentials() {
        let mut settings = Settings::from_lookup(lookup).unwrap();
        settings.secret_access_key = "verysecret".into();
        assert!(!format!("{settings:?} {:?}", Cloud::new(settings.clone())).contains("verysecret"));
    }
}
