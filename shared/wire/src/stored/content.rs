//! What is personal about a record, as it is sealed under the subject's key.

use std::{collections::BTreeMap, fmt};

use domain::{
    ids::{Field, Identifier, IdentifierKind},
    sensitive::Sensitive,
};
use serde::{Deserialize, Serialize};

use super::{Unreadable, VERSION, id, version};

/// The plain form; it exists between the table and its reader only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The form's version.
    pub v: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identifier: Option<(String, String)>,
    locator: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, String>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Content(…)")
    }
}

/// The parts of a record's content: identifier, locator, fields.
pub type Parts = (Option<Identifier>, Sensitive<String>, BTreeMap<Field, Sensitive<String>>);

impl Content {
    /// Takes the parts, to be sealed.
    pub fn new(
        identifier: Option<&Identifier>,
        locator: &Sensitive<String>,
        fields: &BTreeMap<Field, Sensitive<String>>,
    ) -> Self {
        // Disclosed to the form that is sealed next, and to nothing else.
        Self {
            v: VERSION,
            identifier: identifier
                .map(|identifier| (identifier.kind().as_str().to_owned(), identifier.value().disclose().clone())),
            locator: locator.disclose().clone(),
            fields: fields.iter().map(|(field, value)| (field.to_string(), value.disclose().clone())).collect(),
        }
    }

    /// Gives the parts back.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_parts(self) -> Result<Parts, Unreadable> {
        version(self.v)?;
        let identifier = match &self.identifier {
            None => None,
            Some((kind, value)) => {
                let kind = id("identifier", kind, IdentifierKind::parse)?;
                Some(id("identifier", value, |value| Identifier::parse(kind, value))?)
            }
        };
        let fields = self
            .fields
            .into_iter()
            .map(|(field, value)| Ok((id("fields", &field, Field::parse)?, Sensitive::new(value))))
            .collect::<Result<_, Unreadable>>()?;
        Ok((identifier, Sensitive::new(self.locator), fields))
    }
}
