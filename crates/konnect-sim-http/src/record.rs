//! What the log says of a request: one line of JSON, without token and bodies.

use konnect_sim::{FaultId, Millis};
use serde_json::{Value, json};

/// One request that came over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the log, from 1.
    pub number: u64,
    /// When it came.
    pub at: Millis,
    /// The region whose host was asked.
    pub region: String,
    /// The method, also one that Konnect does not know.
    pub method: String,
    /// Path and query, as they were sent.
    pub path: String,
    /// The status of the answer; [`konnect_sim::NO_ANSWER`] where the connection was cut instead.
    pub status: u16,
    /// The fault that met it.
    pub fault: Option<FaultId>,
}

impl Record {
    /// The line of the log, with its end.
    pub(crate) fn line(&self) -> String {
        let mut line = json!({
            "number": self.number, "time": self.at.date_time(), "region": self.region,
            "method": self.method, "path": self.path, "status": self.status,
        });
        if let Some(fault) = self.fault {
            line["fault"] = Value::from(fault.0);
        }
        format!("{line}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line() {
        let record = Record {
            number: 7,
            at: Millis(1_667_506_206_927),
            region: "us".to_owned(),
            method: "PUT".to_owned(),
            path: "/v2/control-planes?a=\"b\n".to_owned(),
            status: 201,
            fault: Some(FaultId(3)),
        };
        let line = record.line();
        assert_eq!(line.matches('\n').count(), 1);
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            read,
            json!({
                "number": 7, "time": "2022-11-03T20:10:06.927Z", "region": "us", "method": "PUT",
                "path": "/v2/control-planes?a=\"b\n", "status": 201, "fault": 3,
            })
        );
    }
}
