//! What answers mean: entities, pages, and the many ways in which Konnect says no.

use std::fmt;

use serde_json::{Value, json};

use super::{Call, Cursor, Failure, FieldProblem, Items, Reply, Response};
use crate::collection::{Collection, Shape, Update};

/// In these words Konnect refuses another change of something that it has not come to yet.
const UNFINISHED: &str = "have not finished provisioning";
/// And in these a change that changes nothing. Other conflicts say that nothing was done.
const IDENTICAL: &str = "current configuration are identical";

impl Call {
    /// Whether this says what all of something is to be.
    fn is_of_the_whole(&self) -> bool {
        match self {
            Self::Put { site, .. } | Self::Post { site, .. } => {
                matches!(site.at.update(), Update::Whole { .. })
            }
            Self::WhoAmI
            | Self::List { .. }
            | Self::Get { .. }
            | Self::Patch { .. }
            | Self::Remove { .. } => false,
        }
    }

    /// Whether this makes a membership, which is all the same however often it is made.
    fn joins(&self) -> bool {
        matches!(self, Self::Post { site, .. } if site.at.members().is_some())
    }

    /// What an answer to this means. A deletion of what is not there has succeeded.
    pub fn interpret(&self, response: Response) -> Result<Reply, Failure> {
        if response.status == 404 && matches!(self, Self::Remove { .. }) {
            return Ok(Reply::Done);
        }
        if !(200..300).contains(&response.status) {
            return match failure(&response) {
                // It is a member already.
                Failure::Conflict(_) if self.joins() => Ok(Reply::Done),
                // Nothing would change.
                Failure::Conflict(text) if self.is_of_the_whole() && text.contains(IDENTICAL) => {
                    Ok(Reply::Done)
                }
                // It has to come to what was asked for before.
                Failure::Invalid(text) if self.is_of_the_whole() && text.contains(UNFINISHED) => {
                    Err(Failure::Reference(text))
                }
                failure => Err(failure),
            };
        }
        match self {
            Self::WhoAmI => Ok(Reply::Entity(response.body)),
            Self::Get { site, .. } => match unwrapped(site.at, response.body) {
                body @ Value::Object(_) => Ok(Reply::Entity(body)),
                _ => Err(unreadable("no entity")),
            },
            Self::List { site, cursor, .. } => page(site.at, cursor.as_ref(), response),
            Self::Put { site, .. } | Self::Post { site, .. } | Self::Patch { site, .. } => {
                Ok(match unwrapped(site.at, response.body) {
                    Value::Null => Reply::Done,
                    body => Reply::Entity(body),
                })
            }
            Self::Remove { .. } => Ok(Reply::Done),
        }
    }
}

impl Response {
    /// The fields that an error answer names.
    pub fn problems(&self) -> Vec<FieldProblem> {
        problems(&self.body)
    }
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.field.as_str(), self.reason.as_str()) {
            ("", text) | (text, "") => f.write_str(text),
            (field, reason) => write!(f, "{field}: {reason}"),
        }
    }
}

/// What was asked may have been done; what came of it was not said.
pub(super) fn unreadable(lacks: &str) -> Failure {
    Failure::Transport(format!("there is {lacks} in what it answered"))
}

/// The entity in an answer about one.
fn unwrapped(at: Collection, mut body: Value) -> Value {
    match (at.shape(), body.get_mut("item")) {
        (Shape::Wrapped, Some(item)) => item.take(),
        _ => body,
    }
}

fn page(at: Collection, cursor: Option<&Cursor>, response: Response) -> Result<Reply, Failure> {
    let Response {
        mut body, items, ..
    } = response;
    if at.shape() == Shape::Identity {
        return Ok(Reply::Entity(body));
    }
    // An answer without a list is no empty list: from that would follow that everything is gone.
    let list = if at.shape() == Shape::Wrapped {
        "items"
    } else {
        "data"
    };
    let items = match (items, body.get_mut(list).map(Value::take)) {
        (Some(items), _) => items,
        (None, Some(Value::Array(items))) => Items::from(items),
        (None, _) => return Err(unreadable("no list")),
    };
    Ok(match at.shape() {
        Shape::Identity => Reply::Entity(body),
        Shape::Core => {
            let next = body["offset"]
                .as_str()
                .map(|text| Cursor::Offset(text.to_owned()));
            Reply::Page { items, next }
        }
        Shape::Numbered => {
            let page = &body["meta"]["page"];
            let number = match cursor {
                Some(Cursor::Number(number)) => *number,
                Some(Cursor::Offset(_)) | None => 1,
            };
            let (size, total) = (page["size"].as_f64(), page["total"].as_f64());
            #[expect(clippy::cast_precision_loss, reason = "page numbers are small")]
            let more = match (size, total) {
                (Some(size), Some(total)) => number as f64 * size < total,
                _ => false,
            };
            Reply::Page {
                items,
                next: more.then_some(Cursor::Number(number + 1)),
            }
        }
        Shape::Wrapped => Reply::Page { items, next: None },
        Shape::Linked => {
            let next = body["meta"]["page"]["next"].as_str().and_then(after);
            Reply::Page {
                items,
                next: next.map(Cursor::Offset),
            }
        }
        Shape::Membership => {
            // The members of a group are one entity of ours: a page is a part of its body.
            let next = body["meta"]["page"]["next"].as_str().and_then(after);
            Reply::Page {
                items: Items::from(vec![json!({ "members": items.into_values()? })]),
                next: next.map(Cursor::Offset),
            }
        }
    })
}

/// The cursor in a link to the next page.
fn after(link: &str) -> Option<String> {
    let query = link.split_once('?')?.1;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, value) = pairs.find(|(key, _)| key == "page[after]")?;
    Some(value.into_owned())
}

/// What an error answer means. Texts are reduced to what stays the same when the call is repeated:
/// trace ids would make every attempt look new.
fn failure(response: &Response) -> Failure {
    let body = &response.body;
    match response.status {
        300..400 => Failure::Untrusted("the server redirects, which is not followed".to_owned()),
        401 => Failure::Unauthorized,
        403 => Failure::Forbidden(explanation(body)),
        404 => Failure::NotFound,
        409 => Failure::Conflict(explanation(body)),
        429 => Failure::RateLimited {
            after: response.retry_after,
        },
        400..500 => {
            let text = explanation(body);
            let details = body["details"].as_array().map_or(&[][..], Vec::as_slice);
            let reference = !details.is_empty()
                && details
                    .iter()
                    .all(|detail| detail["type"] == "ERROR_TYPE_REFERENCE");
            if text.contains("(type: unique)") || body["code"] == 6 {
                Failure::Conflict(text)
            } else if reference || text.contains("(type: foreign)") {
                Failure::Reference(text)
            } else {
                Failure::Invalid(text)
            }
        }
        status => Failure::Server(status),
    }
}

/// The words of an error body: field by field if it has fields, else its detail or message.
fn explanation(body: &Value) -> String {
    let problems: Vec<String> = problems(body).iter().map(ToString::to_string).collect();
    if problems.is_empty() {
        let words = ["detail", "message", "title"]
            .iter()
            .find_map(|member| body[*member].as_str().filter(|text| !text.is_empty()));
        return words.unwrap_or("it gave no reason").to_owned();
    }
    problems.join("; ")
}

/// The fields that an error body names, in the styles of core entities and of problem documents.
fn problems(body: &Value) -> Vec<FieldProblem> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let problem = |field: &Value, reason: &Value| {
        let (field, reason) = (text(field), text(reason));
        (!field.is_empty() || !reason.is_empty()).then_some(FieldProblem { field, reason })
    };
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let details = items(&body["details"]).into_iter().flat_map(|detail| {
        let messages = items(&detail["messages"]).into_iter();
        messages.filter_map(move |message| problem(&detail["field"], &message))
    });
    let parameters = items(&body["invalid_parameters"])
        .into_iter()
        .filter_map(|parameter| problem(&parameter["field"], &parameter["reason"]));
    details.chain(parameters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Filter, Site};

    fn site(at: Collection) -> Site {
        Site {
            at,
            control_plane: Some("cp".into()),
            parent: Some("up".into()),
        }
    }

    #[test]
    fn deleting_what_is_not_there_succeeds() {
        let call = Call::Remove {
            site: site(Collection::Services),
            id: "s".into(),
        };
        assert_eq!(
            call.interpret(Response::new(404, Value::Null)),
            Ok(Reply::Done)
        );
        assert_eq!(
            call.interpret(Response::new(500, Value::Null)),
            Err(Failure::Server(500))
        );
    }

    #[test]
    fn asking_for_a_whole_that_is_there_succeeds_and_other_conflicts_do_not() {
        let at = Collection::DataPlaneGroupConfigurations;
        let body = crate::Body::from_wire(at, &json!({}));
        let call = Call::Post {
            site: site(at),
            body: body.into(),
        };
        let answer = |text: &str| call.interpret(Response::new(409, json!({"message": text})));
        let same = answer("Proposed configuration and current configuration are identical");
        assert_eq!(same, Ok(Reply::Done));
        assert!(matches!(answer("try again"), Err(Failure::Conflict(_))));
    }

    #[test]
    fn becoming_a_member_again_succeeds() {
        let at = Collection::ConsumerGroupMembers;
        let body = crate::Body::from_wire(at, &json!({"consumer": "c"}));
        let call = Call::Post {
            site: site(at),
            body: body.into(),
        };
        let answer = |status| call.interpret(Response::new(status, Value::Null));
        assert_eq!(answer(409), Ok(Reply::Done));
        assert_eq!(answer(404), Err(Failure::NotFound));
    }

    #[test]
    fn numbered_pages_end_with_the_total() {
        let site = Site {
            at: Collection::ControlPlanes,
            control_plane: None,
            parent: None,
        };
        let page = |number: u64, total: u64| {
            let cursor = Some(Cursor::Number(number));
            let call = Call::List {
                site: site.clone(),
                filter: Filter::All,
                cursor,
            };
            let body = json!({"data": [], "meta": {"page": {"number": number, "size": 100, "total": total}}});
            match call.interpret(Response::new(200, body)) {
                Ok(Reply::Page { next, .. }) => next,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(page(1, 101), Some(Cursor::Number(2)));
        assert_eq!(page(2, 101), None);
        assert_eq!(page(1, 100), None);
    }

    #[test]
    fn errors_are_told_apart_and_hold_no_trace() {
        let call = Call::Remove {
            site: site(Collection::Services),
            id: "s".into(),
        };
        let fails = |status, body| call.interpret(Response::new(status, body)).unwrap_err();
        let detail = |kind: &str, message: &str| {
            json!({"code": 3, "message": "data constraint error",
                "details": [{"type": kind, "field": "name", "messages": [message]}]})
        };
        let unique = fails(
            400,
            detail(
                "ERROR_TYPE_REFERENCE",
                "name (type: unique) constraint failed",
            ),
        );
        assert_eq!(
            unique,
            Failure::Conflict("name: name (type: unique) constraint failed".into())
        );
        let foreign = fails(
            400,
            detail(
                "ERROR_TYPE_REFERENCE",
                "service (type: foreign) constraint failed",
            ),
        );
        assert!(matches!(foreign, Failure::Reference(_)));
        let field = fails(400, detail("ERROR_TYPE_FIELD", "must not be empty"));
        assert_eq!(field, Failure::Invalid("name: must not be empty".into()));
        let problem = json!({"status": 403, "title": "Forbidden", "instance": "trace:1", "detail": "no permission"});
        assert_eq!(
            fails(403, problem),
            Failure::Forbidden("no permission".into())
        );
        assert_eq!(fails(401, Value::Null), Failure::Unauthorized);
        let limited = Response {
            retry_after: Some(3),
            ..Response::new(429, Value::Null)
        };
        assert_eq!(
            call.interpret(limited),
            Err(Failure::RateLimited { after: Some(3) })
        );
    }

    #[test]
    fn an_answer_without_a_list_is_not_an_empty_list() {
        for at in [Collection::Services, Collection::ControlPlanes] {
            let list = Call::List {
                site: site(at),
                filter: Filter::All,
                cursor: None,
            };
            for body in [Value::Null, json!({}), json!({"data": null}), json!([])] {
                let answer = list.interpret(Response::new(200, body));
                assert!(matches!(answer, Err(Failure::Transport(_))), "{answer:?}");
            }
        }
        let get = Call::Get {
            site: site(Collection::Services),
            id: "s".into(),
        };
        let answer = get.interpret(Response::new(200, Value::Null));
        assert!(matches!(answer, Err(Failure::Transport(_))), "{answer:?}");
    }

    #[test]
    fn the_cursor_in_a_link_is_read_as_it_was_meant() {
        let list = Call::List {
            site: site(Collection::GroupMemberships),
            filter: Filter::All,
            cursor: None,
        };
        for link in [
            "/x?page[size]=1&page[after]=a%2B%3D",
            "/x?page%5Bafter%5D=a%2B%3D",
        ] {
            let body = json!({"data": [], "meta": {"page": {"next": link}}});
            let Ok(Reply::Page { next, .. }) = list.interpret(Response::new(200, body)) else {
                panic!("no page");
            };
            assert_eq!(next, Some(Cursor::Offset("a+=".to_owned())), "{link}");
        }
    }

    #[test]
    fn the_fields_of_an_error_are_told_one_by_one() {
        let problem = |field: &str, reason: &str| FieldProblem {
            field: field.to_owned(),
            reason: reason.to_owned(),
        };
        let core = json!({"code": 3, "details": [
            {"field": "port", "messages": ["too big", "odd"]}, {"messages": ["no entity"]},
        ]});
        assert_eq!(
            Response::new(400, core).problems(),
            [
                problem("port", "too big"),
                problem("port", "odd"),
                problem("", "no entity")
            ]
        );
        let document = json!({"invalid_parameters": [{"field": "name", "reason": "is required"}, {"field": "x"}]});
        let document = Response::new(400, document);
        assert_eq!(
            document.problems(),
            [problem("name", "is required"), problem("x", "")]
        );
        let text: Vec<String> = document
            .problems()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(text, ["name: is required", "x"]);
    }
}
