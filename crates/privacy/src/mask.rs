//! An event without what is kept out at ingest, and an event as somebody without access to PII may see it.

use serde_json::{Map, Value};

use crate::fields::{Fields, Place, TOP};
use crate::walk::OURS;
use crate::{Colour, Door};

/// What stands in the place of a value that is hidden.
pub const MASK: &str = "[masked]";

/// Takes out of an event the fields that are kept out. Returns how many there were.
pub fn drop_fields(event: &mut Value, fields: &Fields) -> usize {
    dropped(event, Some(TOP), fields)
}

fn dropped(value: &mut Value, at: Option<Place>, fields: &Fields) -> usize {
    let Some(at) = at else { return 0 };
    match value {
        Value::Object(members) => {
            let mut count = 0;
            members.retain(|name, inner| {
                let place = fields.child(at, name);
                let state = place.and_then(|place| fields.state(place));
                let is_out = state.is_some_and(|state| state.door != Door::Keep);
                count += if is_out { 1 } else { dropped(inner, place, fields) };
                !is_out
            });
            count
        }
        Value::Array(items) => items.iter_mut().map(|item| dropped(item, Some(at), fields)).sum(),
        _ => 0,
    }
}

/// Hides what is yellow or red. With `hides_unknown` whatever nobody has spoken about is left out as well, with its name:
/// a name can be a patient's.
///
/// A field has the strictest of its own colour and those of what it stands in.
pub fn mask(event: &mut Value, fields: &Fields, hides_unknown: bool) {
    let Value::Object(members) = event else {
        *event = Value::Null;
        return;
    };
    hide_members(members, Some(TOP), fields, hides_unknown, None, true);
}

fn hide_members(
    members: &mut Map<String, Value>,
    at: Option<Place>,
    fields: &Fields,
    hides_unknown: bool,
    above: Option<Colour>,
    is_top: bool,
) {
    members.retain(|name, inner| {
        if is_top && OURS.contains(&name.as_str()) {
            return true;
        }
        let place = at.and_then(|at| fields.child(at, name));
        hide(inner, place, fields, hides_unknown, above)
    });
}

/// Whether anything of it stays.
fn hide(
    value: &mut Value,
    at: Option<Place>,
    fields: &Fields,
    hides_unknown: bool,
    above: Option<Colour>,
) -> bool {
    let own = at.and_then(|at| fields.state(at)).and_then(|state| state.colour);
    let colour = above.max(own);
    match value {
        Value::Object(members) if !members.is_empty() => {
            if colour.is_some_and(Colour::is_hidden) {
                *value = Value::from(MASK);
                return true;
            }
            hide_members(members, at, fields, hides_unknown, colour, false);
            !members.is_empty()
        }
        Value::Array(items) if !items.is_empty() => {
            if colour.is_some_and(Colour::is_hidden) {
                *value = Value::from(MASK);
                return true;
            }
            items.retain_mut(|item| hide(item, at, fields, hides_unknown, colour));
            !items.is_empty()
        }
        _ => match colour {
            Some(colour) if colour.is_hidden() => {
                *value = Value::from(MASK);
                true
            }
            Some(_) => true,
            None => !hides_unknown,
        },
    }
}
