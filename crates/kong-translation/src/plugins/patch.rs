//! `configPatches`: values put into a configuration by JSON pointer.

use std::sync::Arc;

use kong_model::Node;

/// Adds a value as the operation `add` of JSON Patch does (RFC 6902 4.1): what the path leads to has
/// to exist, its last step need not.
pub(super) fn add(root: &mut Node, path: &str, value: Node) -> Result<(), &'static str> {
    const NOT_A_POINTER: &str = "is not a JSON pointer; let it begin with a slash";
    const NOWHERE: &str = "leads nowhere; put what it passes through into config, or correct it";
    if path.is_empty() {
        *root = value;
        return Ok(());
    }
    let steps = path.strip_prefix('/').ok_or(NOT_A_POINTER)?;
    let mut steps = steps
        .split('/')
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .peekable();
    let mut at = root;
    while let Some(step) = steps.next() {
        let is_last = steps.peek().is_none();
        at = match at {
            Node::Map(members) if is_last => {
                members.insert(Arc::from(step), value);
                return Ok(());
            }
            Node::List(items) if is_last => {
                let index = if step == "-" {
                    items.len()
                } else {
                    step.parse().map_err(|_| NOWHERE)?
                };
                if index > items.len() {
                    return Err(NOWHERE);
                }
                items.insert(index, value);
                return Ok(());
            }
            Node::Map(members) => members.get_mut(&*step).ok_or(NOWHERE)?,
            Node::List(items) => step
                .parse()
                .ok()
                .and_then(|index: usize| items.get_mut(index))
                .ok_or(NOWHERE)?,
            Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Secret(_) => {
                return Err(NOWHERE);
            }
        };
    }
    Ok(())
}
