//! What a Kong route is before its object says anything: the defaults that Kong's controller writes out.

use kong_model::entity::{PathHandling, Route};

use crate::context::Context;

/// The status of the answer to plain HTTP where only TLS is wanted.
const REDIRECT: u16 = 426;

/// A route with a name, tags and nothing else of its own.
pub(crate) fn route(context: &Context<'_, '_>, name: String, tags: Vec<String>) -> Route {
    Route {
        name: Some(name),
        https_redirect_status_code: Some(REDIRECT),
        // A route with an expression has no such member.
        path_handling: (!context.settings.expressions()).then_some(PathHandling::V0),
        tags: Some(tags),
        ..Route::default()
    }
}
