//! Fields that a rule does not know.

use serde_json::Value;

use crate::schema::{Id, ROOT, Schema};
use crate::violation::{Kind, Place, Violation};

impl Schema {
    /// The fields at `body` (`properties`, `traits`, `context.traits`) that the schema does not declare, nested ones
    /// included where it declares any at that level. A field inside an unplanned one is not named again.
    pub(crate) fn unplanned(&self, event: &Value, body: &[&str]) -> Vec<Violation> {
        let mut schemas = vec![ROOT];
        let (mut value, mut place) = (event, Place::default());
        for name in body {
            let Some(inner) = value.get(name) else { return Vec::new() };
            value = inner;
            schemas = self.declared(&schemas, name);
            place = place.planned(name);
        }
        let mut found = Vec::new();
        self.look(&schemas, value, &place, true, &mut found);
        found
    }

    /// At the body itself every field must be declared; deeper, only where any is.
    fn look(&self, schemas: &[Id], value: &Value, place: &Place, is_body: bool, found: &mut Vec<Violation>) {
        match value {
            Value::Object(fields) if is_body || self.declares_fields(schemas) => {
                for (name, value) in fields {
                    let declared = self.declared(schemas, name);
                    if declared.is_empty() {
                        found.push(Violation { place: place.unplanned(name), kind: Kind::UnplannedProperty });
                    } else if value.is_object() || value.is_array() {
                        self.look(&declared, value, &place.planned(name), false, found);
                    }
                }
            }
            Value::Array(items) => {
                let elements = self.elements(schemas);
                if !elements.is_empty() {
                    for (index, item) in items.iter().enumerate() {
                        self.look(&elements, item, &place.planned(&index.to_string()), false, found);
                    }
                }
            }
            _ => {}
        }
    }
}
