//! The audit log of the API server: who asked for what, and what came of it. This is how tests count requests, which
//! no client and no program under test can embellish.
//!
//! Start with [`AuditLog::mark`] before and [`AuditLog::since`] after what is to be counted; [`writes`] counts.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::PathBuf,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use serde::Deserialize;

use crate::Error;

/// What is logged: everything but what the server does for itself, and every request once, when it is over. Watches
/// are logged when they begin, since they may never end.
pub(crate) const POLICY: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver"]
- level: None
  nonResourceURLs: ["/healthz*", "/livez*", "/readyz*"]
- level: Metadata
  verbs: [watch]
  omitStages: [RequestReceived, ResponseComplete]
- level: Metadata
"#;

/// How long the log has to show a request that was answered.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the log is looked at.
const POLL: Duration = Duration::from_millis(10);
/// A request is logged by the thread that answers it, after the answer. Of two requests that were answered, the
/// first may be logged last, by as much as the threads are apart.
const GRACE: Duration = Duration::from_millis(50);

/// The log of one API server.
#[derive(Clone)]
pub struct AuditLog {
    path: PathBuf,
    admin: Client,
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("AuditLog").field(&self.path).finish()
    }
}

/// A place in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

/// An object, or a collection if it has no name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(default)]
pub struct Target {
    /// The API group; empty for the core.
    #[serde(rename = "apiGroup")]
    pub group: String,
    /// The kind, as a plural.
    pub resource: String,
    /// Which half of the object, such as `status`; empty for the main one.
    pub subresource: String,
    /// The namespace; empty for what has none.
    pub namespace: String,
    /// The name; empty for a collection.
    pub name: String,
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.resource)?;
        if !self.group.is_empty() {
            write!(formatter, ".{}", self.group)?;
        }
        for part in [&self.namespace, &self.name, &self.subresource] {
            if !part.is_empty() {
                write!(formatter, "/{part}")?;
            }
        }
        Ok(())
    }
}

/// One request, and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it came in.
    pub time: Timestamp,
    /// How long the answer took.
    pub took: Duration,
    /// The name of the user whose right it was judged by.
    pub user: String,
    /// What the client calls itself.
    pub user_agent: String,
    /// The verb as RBAC spells it.
    pub verb: String,
    /// What it was about; nothing for what is no object, such as discovery.
    pub target: Option<Target>,
    /// Path and query, as sent.
    pub uri: String,
    /// The HTTP status.
    pub code: u16,
}

impl Record {
    /// Whether it could change something: not a read, not a rehearsal.
    pub fn is_write(&self) -> bool {
        let writes = ["create", "update", "patch", "delete", "deletecollection"];
        writes.contains(&self.verb.as_str()) && !self.is_dry_run()
    }

    /// Whether it was answered with what was asked for.
    pub fn is_granted(&self) -> bool {
        (200..300).contains(&self.code)
    }

    fn is_dry_run(&self) -> bool {
        self.uri
            .split_once('?')
            .is_some_and(|(_, query)| query.split('&').any(|pair| pair == "dryRun=All"))
    }
}

/// What was written to each object, in order. Its halves count as one object, refused writes not at all.
pub fn writes<'a>(
    records: impl IntoIterator<Item = &'a Record>,
) -> BTreeMap<Target, Vec<&'a Record>> {
    let mut objects: BTreeMap<Target, Vec<&Record>> = BTreeMap::new();
    for record in records {
        if let Some(target) = &record.target
            && record.is_write()
            && record.is_granted()
        {
            let object = Target {
                subresource: String::new(),
                ..target.clone()
            };
            objects.entry(object).or_default().push(record);
        }
    }
    objects
}

impl AuditLog {
    pub(crate) const fn new(path: PathBuf, admin: Client) -> Self {
        Self { path, admin }
    }

    /// The present end of the log: everything that was answered before is behind it.
    pub async fn mark(&self) -> Result<Mark, Error> {
        self.settle().await
    }

    /// The requests that were answered since, up to now.
    pub async fn since(&self, mark: Mark) -> Result<Vec<Record>, Error> {
        let end = self.settle().await?;
        let text = self.read(mark.0)?;
        let whole = usize::try_from(end.0.saturating_sub(mark.0)).unwrap_or(usize::MAX);
        let text = text.get(..whole).unwrap_or(&text);
        Ok(parse(text)
            .filter(|record| !record.uri.contains(MARKER))
            .collect())
    }

    /// Everything that has been logged so far, which may lack what was answered a moment ago.
    pub fn so_far(&self) -> Result<Vec<Record>, Error> {
        Ok(parse(&self.read(0)?).collect())
    }

    /// Waits until the log shows what has been answered, and says where it then ends. For that, one more request is
    /// made, and looked for.
    async fn settle(&self) -> Result<Mark, Error> {
        let start = self.length()?;
        let name = format!("{MARKER}{}", Timestamp::now().as_nanosecond());
        let namespaces = Api::<Namespace>::all(self.admin.clone());
        namespaces.get_opt(&name).await?;
        let began = Instant::now();
        while !self.read(start)?.contains(&name) {
            if began.elapsed() > PATIENCE {
                return Err(Error::NotLogged { after: PATIENCE });
            }
            tokio::time::sleep(POLL).await;
        }
        tokio::time::sleep(GRACE).await;
        let text = self.read(start)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        Ok(Mark(start + whole as u64))
    }

    fn length(&self) -> Result<u64, Error> {
        let metadata = self.path.metadata().map_err(Error::file(&self.path))?;
        Ok(metadata.len())
    }

    /// The log from a place on.
    fn read(&self, start: u64) -> Result<String, Error> {
        let mut bytes = Vec::new();
        File::open(&self.path)
            .and_then(|mut file| {
                file.seek(SeekFrom::Start(start))?;
                file.read_to_end(&mut bytes)
            })
            .map_err(Error::file(&self.path))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// What the names of the namespaces begin with that are asked for to find a place in the log.
const MARKER: &str = "envtest-marker-";

/// A line of the log, as the server writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    user: Name,
    impersonated_user: Option<Name>,
    #[serde(default)]
    user_agent: String,
    object_ref: Option<Target>,
    response_status: Option<Answer>,
    request_received_timestamp: Timestamp,
    stage_timestamp: Timestamp,
}

#[derive(Deserialize)]
struct Name {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    code: u16,
}

/// The records of a text. What is no record is none of ours: the server writes whole lines.
fn parse(text: &str) -> impl Iterator<Item = Record> {
    text.lines().filter_map(|line| {
        let line: Line = serde_json::from_str(line).ok()?;
        let took = line
            .stage_timestamp
            .duration_since(line.request_received_timestamp);
        Some(Record {
            time: line.request_received_timestamp,
            took: took.unsigned_abs(),
            user: line.impersonated_user.unwrap_or(line.user).username,
            user_agent: line.user_agent,
            verb: line.verb,
            target: line.object_ref,
            uri: line.uri,
            code: line.response_status.map_or(0, |answer| answer.code),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"x","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/secrets/key?fieldManager=me","verb":"patch","user":{"username":"admin","uid":"admin","groups":["system:masters"]},"sourceIPs":["127.0.0.1"],"userAgent":"test/1","objectRef":{"resource":"secrets","namespace":"shop","name":"key","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":"2026-11-25T05:00:00.100000Z","stageTimestamp":"2026-11-25T05:00:00.103500Z"}"#;

    fn record(edit: impl Fn(&str) -> String) -> Record {
        parse(&edit(LINE)).next().unwrap()
    }

    #[test]
    fn a_line_says_who_did_what_to_which_object() {
        let record = record(str::to_owned);
        assert_eq!(
            record.target.as_ref().unwrap().to_string(),
            "secrets/shop/key"
        );
        assert_eq!(
            (record.user.as_str(), record.verb.as_str()),
            ("admin", "patch")
        );
        assert_eq!(
            (record.code, record.took),
            (200, Duration::from_micros(3500))
        );
        assert!(record.is_write() && record.is_granted());
    }

    #[test]
    fn who_acts_in_the_name_of_another_is_that_other() {
        let record = record(|line| {
            line.replace(
                r#""sourceIPs""#,
                r#""impersonatedUser":{"username":"other"},"sourceIPs""#,
            )
        });
        assert_eq!(record.user, "other");
    }

    #[test]
    fn reads_rehearsals_and_refusals_are_not_counted() {
        let counted = record(str::to_owned);
        let status = record(|line| {
            line.replace(r#""name":"key""#, r#""name":"key","subresource":"status""#)
        });
        let read = record(|line| line.replace("patch", "get"));
        let rehearsal = record(|line| line.replace("?fieldManager=me", "?dryRun=All"));
        let refusal = record(|line| line.replace(r#""code":200"#, r#""code":409"#));
        let records = [counted, status, read, rehearsal, refusal];
        let writes = writes(&records);
        let counts: Vec<(String, usize)> = writes
            .iter()
            .map(|(object, records)| (object.to_string(), records.len()))
            .collect();
        assert_eq!(counts, [("secrets/shop/key".to_owned(), 2)]);
    }

    #[test]
    fn half_a_line_at_the_end_is_left_for_later() {
        let text = format!("{LINE}\n{}", &LINE[..80]);
        assert_eq!(parse(&text).count(), 1);
    }
}
