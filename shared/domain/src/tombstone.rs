//! Tombstones: who was erased, and until when. They outlive every restore, so that none brings back what an
//! erasure has taken away (GDPR Art. 17).

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    dsar::Exception,
    ids::{Category, Purpose, RequestId, SubjectRef},
    record::Record,
};

/// That a person was erased at their own request. It names them by a keyed hash, which carries its pepper's version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// Who.
    pub subject: SubjectRef,
    /// By which request.
    pub request: RequestId,
    /// What was kept for these purposes; empty: all.
    pub purposes: BTreeSet<Purpose>,
    /// What the office kept all the same. What the policy keeps is decided by the policy, whenever it is asked.
    pub except: Vec<Exception>,
    /// When the erasure began.
    pub at: Timestamp,
    /// What was given until then is erased; what the person gives later is theirs to give.
    pub erased_until: Timestamp,
}

impl Tombstone {
    /// Whether the erasure reaches what was made then, of this kind and for this purpose. Holds and the policy's
    /// exemptions are not asked here.
    pub fn reaches(&self, category: &Category, purpose: &Purpose, made_at: Timestamp) -> bool {
        let is_named = self.purposes.is_empty() || self.purposes.contains(purpose);
        let is_excepted = self.except.iter().any(|exception| exception.keeps(category, purpose));
        is_named && !is_excepted && made_at <= self.erased_until
    }

    /// The same of a record.
    pub fn reaches_record(&self, record: &Record) -> bool {
        self.reaches(&record.category, &record.purpose, record.clock.created_at)
    }

    /// Whether it reaches all that was made then: no purpose was named.
    pub fn reaches_all(&self, made_at: Timestamp) -> bool {
        self.purposes.is_empty() && made_at <= self.erased_until
    }
}

impl Exception {
    /// Whether the office keeps what is of this kind and for this purpose.
    pub fn keeps(&self, category: &Category, purpose: &Purpose) -> bool {
        self.category == *category && self.purpose.as_ref().is_none_or(|own| own == purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dsar::RefusalGround,
        ids::{Identifier, IdentifierKind, KeyedId as _, Pepper},
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn category(name: &str) -> Category {
        Category::parse(name).unwrap()
    }

    fn purpose(name: &str) -> Purpose {
        Purpose::parse(name).unwrap()
    }

    fn tombstone() -> Tombstone {
        let ada = Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap();
        Tombstone {
            subject: Pepper::new(1, &[7; 32]).subject(&ada),
            request: RequestId::from_hash("AAAAAAAAAAAAAAAAAAAAAA".into()),
            purposes: BTreeSet::new(),
            except: Vec::new(),
            at: at("2026-03-01T12:00:00Z"),
            erased_until: at("2026-03-01T12:00:00Z"),
        }
    }

    #[test]
    fn what_is_given_after_an_erasure_is_not_reached() {
        let tombstone = tombstone();
        for (made_at, is_reached) in
            [("2020-01-01T00:00:00Z", true), ("2026-03-01T12:00:00Z", true), ("2026-03-01T12:00:00.001Z", false)]
        {
            let reached = tombstone.reaches(&category("account"), &purpose("contract"), at(made_at));
            assert_eq!((reached, tombstone.reaches_all(at(made_at))), (is_reached, is_reached), "{made_at}");
        }
    }

    #[test]
    fn an_erasure_of_one_purpose_leaves_the_others() {
        let tombstone = Tombstone { purposes: BTreeSet::from([purpose("marketing")]), ..tombstone() };
        let made_at = at("2026-01-01T00:00:00Z");
        assert!(tombstone.reaches(&category("address"), &purpose("marketing"), made_at));
        assert!(!tombstone.reaches(&category("account"), &purpose("contract"), made_at));
        assert!(!tombstone.reaches_all(made_at));
    }

    #[test]
    fn what_the_office_kept_is_not_reached() {
        let kept = |purpose| Exception { category: category("account"), purpose, ground: RefusalGround::LegalClaims };
        let made_at = at("2026-01-01T00:00:00Z");
        for (exception, for_contract, for_support) in
            [(kept(None), false, false), (kept(Some(purpose("contract"))), false, true)]
        {
            let tombstone = Tombstone { except: vec![exception], ..tombstone() };
            assert_eq!(tombstone.reaches(&category("account"), &purpose("contract"), made_at), for_contract);
            assert_eq!(tombstone.reaches(&category("account"), &purpose("support"), made_at), for_support);
            assert!(tombstone.reaches(&category("address"), &purpose("contract"), made_at));
        }
    }
}
