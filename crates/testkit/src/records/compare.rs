//! Where two moments differ. Depends on nothing but their words; start with [`compare`].

use std::collections::BTreeSet;
use std::fmt;

use kong_model::{Collection, Normal};

use super::context::Context;
use super::moment::{Condition, Moment, ObjectName, Seen, WORDS_OF_KONNECT, Write};
use super::pattern::{begins_like, is_recorded};

/// What stands for something that is not there.
const ABSENT: &str = "absent";

/// One thing that we do otherwise than Kong's operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The scenario.
    pub scenario: String,
    /// The step, from 0.
    pub step: usize,
    /// Kind of the object, or collection of the entity.
    pub kind: String,
    /// Namespace and name of the object, or what the entity is called.
    pub name: String,
    /// What differs: `condition TYPE`, `finalizers`, `status PATH`, `object`, `rejected`, `request`.
    pub field: String,
    /// What Kong's operator does.
    pub theirs: String,
    /// What we do.
    pub ours: String,
    /// What else there is to know, a line each: [`Context`] says in which words.
    pub beside: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scenario,
            step,
            kind,
            name,
            field,
            theirs,
            ours,
            beside: _,
        } = self;
        write!(
            f,
            "{scenario}, step {step}, {kind} {name}, {field}\n  theirs: {theirs}\n  ours:   {ours}"
        )
    }
}

/// Where we differ from Kong's operator after a step.
pub fn compare(scenario: &str, step: usize, context: Context<'_>) -> Vec<Difference> {
    let Context { theirs, ours, .. } = context;
    let mut comparison = Comparison {
        scenario,
        step,
        settled: theirs.settled,
        context,
        about: Vec::new(),
        found: Vec::new(),
    };
    comparison.rejections(theirs, ours);
    let names: BTreeSet<_> = theirs.objects.keys().chain(ours.objects.keys()).collect();
    for name in names {
        let (kind, namespace, plain) = name;
        let name_text = format!("{namespace}/{plain}");
        comparison.about = vec![name.clone()];
        comparison.object(
            kind,
            &name_text,
            theirs.objects.get(name),
            ours.objects.get(name),
        );
    }
    comparison.requests(theirs, ours);
    comparison.found
}

struct Comparison<'a> {
    scenario: &'a str,
    step: usize,
    settled: bool,
    context: Context<'a>,
    /// The objects that are looked at.
    about: Vec<ObjectName>,
    found: Vec<Difference>,
}

impl Comparison<'_> {
    fn differ(&mut self, kind: &str, name: &str, field: &str, theirs: String, ours: String) {
        self.found.push(Difference {
            scenario: self.scenario.to_owned(),
            step: self.step,
            kind: kind.to_owned(),
            name: name.to_owned(),
            field: field.to_owned(),
            theirs,
            ours,
            beside: self.context.lines(&self.about),
        });
    }

    fn rejections(&mut self, theirs: &Moment, ours: &Moment) {
        let objects = theirs.rejected.iter().chain(&ours.rejected);
        let objects: BTreeSet<&str> = objects.map(|rejection| &*rejection.object).collect();
        for object in objects {
            let answer = |moment: &Moment| {
                let mut all = moment.rejected.iter();
                let found = all.find(|rejection| rejection.object == object);
                found.map(|rejection| rejection.answer.clone())
            };
            let (theirs, ours) = (answer(theirs), answer(ours));
            // Konnect and its look-alikes agree in the status alone.
            let of_konnect = object.starts_with('/');
            let alike = match (&theirs, &ours) {
                (Some(theirs), Some(ours)) if of_konnect => {
                    theirs.split(':').next() == ours.split(':').next()
                }
                (Some(theirs), Some(ours)) => begins_like(theirs, ours),
                (theirs, ours) => theirs == ours,
            };
            if !alike {
                let (kind, name) = object.split_once('/').unwrap_or((object, ""));
                let said = |answer: Option<String>| answer.unwrap_or_else(|| "accepted".to_owned());
                self.differ(kind, name, "rejected", said(theirs), said(ours));
            }
        }
    }

    fn object(&mut self, kind: &str, name: &str, theirs: Option<&Seen>, ours: Option<&Seen>) {
        if theirs.is_some_and(|seen| seen.varies) {
            return;
        }
        let (there, here) = (presence(theirs), presence(ours));
        if there != here {
            self.differ(kind, name, "object", there.to_owned(), here.to_owned());
        }
        let (Some(theirs), Some(ours)) = (theirs, ours) else {
            return;
        };
        if theirs.finalizers != ours.finalizers {
            let only = |one: &Seen, other: &Seen| {
                let all = one
                    .finalizers
                    .iter()
                    .filter(|name| !other.finalizers.contains(name));
                let all: Vec<&str> = all.map(String::as_str).collect();
                if all.is_empty() {
                    ABSENT.to_owned()
                } else {
                    all.join(", ")
                }
            };
            self.differ(
                kind,
                name,
                "finalizers",
                only(theirs, ours),
                only(ours, theirs),
            );
        }
        if self.settled {
            self.conditions(kind, name, theirs, ours);
        }
        let paths: BTreeSet<_> = theirs.status.keys().chain(ours.status.keys()).collect();
        for path in paths {
            let (theirs, ours) = (theirs.status.get(path), ours.status.get(path));
            let alike = match (theirs, ours) {
                (Some(theirs), Some(ours)) => {
                    WORDS_OF_KONNECT.contains(&&**path) || is_recorded(theirs, ours)
                }
                (theirs, ours) => theirs == ours,
            };
            if !alike {
                let said =
                    |text: Option<&String>| text.cloned().unwrap_or_else(|| ABSENT.to_owned());
                self.differ(
                    kind,
                    name,
                    &format!("status {path}"),
                    said(theirs),
                    said(ours),
                );
            }
        }
    }

    fn conditions(&mut self, kind: &str, name: &str, theirs: &Seen, ours: &Seen) {
        let types: BTreeSet<_> = theirs
            .conditions
            .keys()
            .chain(ours.conditions.keys())
            .collect();
        for condition in types {
            let (theirs, ours) = (
                theirs.conditions.get(condition),
                ours.conditions.get(condition),
            );
            let alike = match (theirs, ours) {
                (Some(theirs), Some(ours)) => {
                    theirs.status == ours.status
                        && theirs.reason == ours.reason
                        && begins_like(&theirs.message, &ours.message)
                }
                (theirs, ours) => theirs == ours,
            };
            if !alike {
                let field = format!("condition {condition}");
                self.differ(kind, name, &field, said(theirs), said(ours));
            }
        }
    }

    fn requests(&mut self, theirs: &Moment, ours: &Moment) {
        let entities = theirs.writes.iter().chain(&ours.writes);
        let entities: BTreeSet<_> = entities
            .map(|write| (write.collection, &write.entity, write.body.is_none()))
            .collect();
        for (collection, entity, deletion) in entities {
            if theirs.varying.contains(&(collection, entity.clone())) {
                continue;
            }
            let of = |moment: &Moment| -> Vec<Write> {
                let all = moment.writes.iter().filter(|write| {
                    write.collection == collection
                        && write.entity == *entity
                        && write.body.is_none() == deletion
                });
                all.cloned().collect()
            };
            let (recorded, sent) = (of(theirs), of(ours));
            // What it sends first, without what is not ready yet, is corrected by what it sends last.
            let missing: Vec<&Write> = recorded
                .last()
                .into_iter()
                .filter(|write| !sent.contains(write) && !is_there_already(write, ours))
                .collect();
            let extra: Vec<&Write> = sent
                .iter()
                .filter(|write| !recorded.contains(write))
                .collect();
            let (theirs, ours) = match (missing.last(), extra.last()) {
                (None, None) => continue,
                (Some(missing), Some(extra)) => apart(missing, extra),
                (Some(missing), None) => (shown(missing), "not sent".to_owned()),
                (None, Some(extra)) => ("not sent".to_owned(), shown(extra)),
            };
            let owners = recorded.iter().chain(&sent);
            let owners = owners.filter_map(|write| write.owner.as_deref());
            let named = std::iter::once(entity.as_str()).chain(owners);
            self.about = named.flat_map(objects_in).collect();
            self.differ(collection.name(), entity, "request", theirs, ours);
        }
    }
}

/// The objects whose ids stand in a text, in their common form.
fn objects_in(text: &str) -> Vec<ObjectName> {
    let names = text.split('{').skip(1);
    let names = names.filter_map(|rest| rest.split_once('}').map(|(name, _)| name));
    names
        .filter_map(|name| {
            let (kind, rest) = name.split_once(':')?;
            let (namespace, name) = rest.split_once(':')?;
            Some((kind.to_owned(), namespace.to_owned(), name.to_owned()))
        })
        .collect()
}

fn presence(seen: Option<&Seen>) -> &'static str {
    match seen {
        None => "gone",
        Some(seen) if seen.made => "made by the operator",
        Some(seen) if seen.deleting => "being deleted",
        Some(_) => "there",
    }
}

fn said(condition: Option<&Condition>) -> String {
    condition.map_or_else(|| ABSENT.to_owned(), Condition::to_string)
}

/// Kong's operator sends a body again and again; what is there need not be sent.
fn is_there_already(write: &Write, ours: &Moment) -> bool {
    let held = ours.held.get(&(write.collection, write.entity.clone()));
    match (&write.body, held) {
        (Some(wanted), Some(held)) => wanted.differences(held).is_empty(),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn shown(write: &Write) -> String {
    match &write.body {
        Some(body) => format!("sent {body:?}"),
        None => "deleted".to_owned(),
    }
}

/// The members in which two bodies differ.
fn apart(theirs: &Write, ours: &Write) -> (String, String) {
    let (Some(theirs), Some(ours)) = (&theirs.body, &ours.body) else {
        return (shown(theirs), shown(ours));
    };
    let mut fields = BTreeSet::new();
    fields.extend(
        theirs
            .differences(ours)
            .into_iter()
            .map(|difference| difference.field),
    );
    fields.extend(
        ours.differences(theirs)
            .into_iter()
            .map(|difference| difference.field),
    );
    let list = |body: &Normal| {
        let nothing = Normal::from((Collection::Identity, &serde_json::Value::Null));
        let members = body.differences(&nothing);
        let members = members
            .into_iter()
            .filter(|member| fields.contains(&member.field));
        let members = members.map(|member| format!("{}: {:?}", member.field, member.wanted));
        members.collect::<Vec<_>>().join(", ")
    };
    (list(theirs), list(ours))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::entity::Entities;
    use super::super::record::After;
    use super::*;

    const SERVICES: &str = "/v2/control-planes/<id:KonnectGatewayControlPlane/ns/cp>/core-entities";

    /// What a record with one service in it says.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the callers make them for this"
    )]
    fn moment(condition: serde_json::Value, konnect: serde_json::Value) -> Moment {
        let after = json!({
            "objects": [{
                "kind": "KongService", "namespace": "ns", "name": "a", "finalizers": ["f"],
                "conditions": [condition], "status": {"konnect": {"id": "<id:KongService/ns/a>"}},
            }],
            "konnect": konnect,
        });
        let after: After = serde_json::from_value(after).unwrap();
        Moment::recorded(&after, &mut Entities::default())
    }

    fn condition(reason: &str, message: &str) -> serde_json::Value {
        json!({"type": "Programmed", "status": "False", "reason": reason, "message": message})
    }

    fn put(host: &str) -> serde_json::Value {
        let path = format!("{SERVICES}/services/<id:KongService/ns/a>");
        json!([{"method": "PUT", "path": path, "status": 200, "body": {"host": host}}])
    }

    fn fields(theirs: &Moment, ours: &Moment) -> Vec<String> {
        let context = Context {
            acts: &[],
            theirs,
            ours,
            before: None,
        };
        let found = compare("s", 0, context);
        found
            .into_iter()
            .map(|difference| difference.field)
            .collect()
    }

    #[test]
    fn a_message_may_go_on_but_everything_else_has_to_agree() {
        let theirs = moment(condition("Failed", "it failed"), json!([]));
        let more = moment(condition("Failed", "it failed; try again"), json!([]));
        assert_eq!(fields(&theirs, &more), Vec::<String>::new());
        assert_eq!(fields(&more, &theirs), ["condition Programmed"]);
        let other = moment(condition("Lost", "it failed"), json!([]));
        assert_eq!(fields(&theirs, &other), ["condition Programmed"]);
        let mut bare = theirs.clone();
        for seen in bare.objects.values_mut() {
            seen.finalizers.clear();
            seen.status.clear();
        }
        assert_eq!(fields(&theirs, &bare), ["finalizers", "status konnect.id"]);
        bare.objects.clear();
        assert_eq!(fields(&theirs, &bare), ["object"]);
    }

    #[test]
    fn of_an_unsettled_record_the_conditions_are_not_compared() {
        let mut theirs = moment(condition("Failed", ""), json!([]));
        theirs.settled = false;
        let ours = moment(condition("Lost", ""), json!([]));
        assert_eq!(fields(&theirs, &ours), Vec::<String>::new());
    }

    #[test]
    fn a_write_may_be_left_out_only_if_konnect_holds_it() {
        let theirs = moment(condition("", ""), put("a.test"));
        let mut ours = moment(condition("", ""), json!([]));
        assert_eq!(fields(&theirs, &ours), ["request"]);
        let [write] = &theirs.writes[..] else {
            panic!("{:?}", theirs.writes)
        };
        let body = write.body.clone().unwrap();
        ours.held
            .insert((write.collection, write.entity.clone()), body);
        assert_eq!(fields(&theirs, &ours), Vec::<String>::new());
        let sent = moment(condition("", ""), put("b.test"));
        assert_eq!(fields(&theirs, &sent), ["request"]);
        assert_eq!(fields(&ours, &sent), ["request"]);
    }

    #[test]
    fn creation_by_post_and_by_put_are_the_same() {
        let tags = json!(["k8s-uid:<uid:KongService/ns/a>"]);
        let request = |method: &str, path: &str| {
            let path = format!("{SERVICES}/{path}");
            let body = json!({"host": "h", "tags": tags});
            moment(
                condition("", ""),
                json!([{"method": method, "path": path, "body": body}]),
            )
        };
        let theirs = request("POST", "services");
        let ours = request("PUT", "services/<uid:KongService/ns/a>");
        assert_eq!(theirs.writes.len(), 1);
        assert_eq!(fields(&theirs, &ours), Vec::<String>::new());
    }
}
