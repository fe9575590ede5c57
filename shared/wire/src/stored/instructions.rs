//! Instructions for after death, as they are sealed: JSON under the subject's key.

use std::fmt;

use domain::{dsar, sensitive::Sensitive};
use serde::{Deserialize, Serialize};

use super::{Unreadable, VERSION, version};

/// What shall become of somebody's data after death.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instructions {
    v: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retention: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deletion: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    communication: Option<String>,
}

impl fmt::Debug for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Instructions(…)")
    }
}

impl From<&dsar::Instructions> for Instructions {
    fn from(instructions: &dsar::Instructions) -> Self {
        // Disclosed to the form that is sealed next, and to nothing else.
        let text = |text: &Option<Sensitive<String>>| text.as_ref().map(|text| text.disclose().clone());
        Self {
            v: VERSION,
            retention: text(&instructions.retention),
            deletion: text(&instructions.deletion),
            communication: text(&instructions.communication),
        }
    }
}

impl TryFrom<Instructions> for dsar::Instructions {
    type Error = Unreadable;

    fn try_from(form: Instructions) -> Result<Self, Unreadable> {
        version(form.v)?;
        Ok(Self {
            retention: form.retention.map(Sensitive::new),
            deletion: form.deletion.map(Sensitive::new),
            communication: form.communication.map(Sensitive::new),
        })
    }
}
