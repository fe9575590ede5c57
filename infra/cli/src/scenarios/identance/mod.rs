//! Identance: newsletters and cookies by consent, applications and customer data, breaches, and who
//! gets what of whom.

mod breaches;
mod consents;
mod cookies;
mod data;
mod notices;
mod office;
mod people;
mod providers;
mod recipients;
mod rights;
mod steps;

use super::Part;

const NAME: &str = "identance";

/// Where its answers send people: the text leaves its mailbox out.
const MAILBOX: &str = "privacy@identance.example";

/// What Identance’s scenario shows, theme by theme. The breaches come last: whoever is told of one must not
/// be somebody of another part.
pub(super) const PARTS: &[&[Part]] = &[
    consents::PARTS,
    cookies::PARTS,
    data::PARTS,
    providers::PARTS,
    recipients::PARTS,
    rights::PARTS,
    office::PARTS,
    people::PARTS,
    notices::PARTS,
    breaches::PARTS,
];
