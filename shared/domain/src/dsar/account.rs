//! What a token of the controller's own issuer must say to show who holds an account.

use jiff::{Timestamp, ToSpan};

use crate::{
    ids::{Identifier, IdentifierKind, Pepper, RequestId, SubjectRef},
    policy::AccountRule,
    sensitive::Sensitive,
};

/// How far the issuer's clock and ours may be apart.
pub const LEEWAY_SECONDS: i64 = 60;

/// How long ago the login may have been: data is disclosed, corrected or deleted only after a fresh one
/// (11 CCR 7061(a)).
pub const LOGIN_MINUTES: i64 = 10;

/// Longest token that is looked at.
pub const ACCOUNT_TOKEN_BYTES_MAX: usize = 8_192;

/// What a token says, whose signature is the issuer's (OpenID Connect Core 1.0 § 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountClaims {
    /// Who issued it.
    pub issuer: String,
    /// For whom.
    pub audience: Vec<String>,
    /// To whom it was given, where it has several audiences.
    pub authorized_party: Option<String>,
    /// The account.
    pub subject: Sensitive<String>,
    /// The account's mail address.
    pub mail: Option<Sensitive<String>>,
    /// Whether the issuer has verified that address.
    pub mail_verified: bool,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From when it opens nothing.
    pub expires_at: Timestamp,
    /// Before when it opens nothing.
    pub not_before: Option<Timestamp>,
    /// When the person last logged in.
    pub login_at: Option<Timestamp>,
    /// What the login was made for.
    pub nonce: Option<String>,
}

/// Whom a token shows, as keyed references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountHolder {
    /// By the account's name.
    pub account: SubjectRef,
    /// By the mail address that the issuer has verified.
    pub mail: Option<SubjectRef>,
}

/// Whom a token shows to have logged in for this very request.
///
/// It must be of the policy's issuer, for its audience, fresh, and made for this request: its nonce is
/// the request's number, so that a token from elsewhere opens nothing here.
pub fn account_holder(
    rule: &AccountRule,
    claims: &AccountClaims,
    request: &RequestId,
    pepper: &Pepper,
    now: Timestamp,
) -> Option<AccountHolder> {
    let later = |at: Timestamp| at.saturating_add(LEEWAY_SECONDS.seconds()).unwrap_or(Timestamp::MAX);
    let begun = |at: Timestamp| at <= later(now);
    let fresh = |at: Timestamp| {
        begun(at) && at.saturating_add(LOGIN_MINUTES.minutes()).is_ok_and(|ends_at| now < later(ends_at))
    };
    let for_us = claims.audience.contains(&rule.audience);
    // OpenID Connect Core 1.0 § 3.1.3.7(4), (5).
    let given_to_us = match &claims.authorized_party {
        Some(party) => *party == rule.audience,
        None => claims.audience.len() == 1,
    };
    let is_ours = claims.issuer == rule.issuer
        && for_us
        && given_to_us
        && now < later(claims.expires_at)
        && claims.not_before.is_none_or(begun)
        && fresh(claims.issued_at)
        && claims.login_at.is_some_and(fresh)
        && claims.nonce.as_deref() == Some(request.as_str());
    if !is_ours {
        return None;
    }
    // Disclosed to the keyed hash only.
    let reference = |kind, value: &Sensitive<String>| {
        Identifier::parse(kind, value.disclose()).ok().map(|identifier| pepper.subject(&identifier))
    };
    let mail = claims.mail.as_ref().filter(|_| claims.mail_verified);
    Some(AccountHolder {
        account: reference(IdentifierKind::Account, &claims.subject)?,
        mail: mail.and_then(|mail| reference(IdentifierKind::Mail, mail)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    type Change = fn(&mut AccountClaims);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(NOW + seconds).unwrap()
    }

    fn request() -> RequestId {
        RequestId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap()
    }

    fn claims() -> AccountClaims {
        AccountClaims {
            issuer: "https://login.acme.example".into(),
            audience: vec!["privacy".into()],
            authorized_party: None,
            subject: Sensitive::new("ada-1".into()),
            mail: Some(Sensitive::new("Ada@example.com".into())),
            mail_verified: true,
            issued_at: at(-30),
            expires_at: at(300),
            not_before: None,
            login_at: Some(at(-60)),
            nonce: Some(request().to_string()),
        }
    }

    fn holder(claims: &AccountClaims) -> Option<AccountHolder> {
        let rule = AccountRule { issuer: "https://login.acme.example".into(), audience: "privacy".into() };
        account_holder(&rule, claims, &request(), &Pepper::new(1, &[7; 32]), at(0))
    }

    #[test]
    fn a_fresh_login_for_this_request_shows_the_account_and_its_verified_address() {
        let pepper = Pepper::new(1, &[7; 32]);
        let reference = |kind, value: &str| pepper.subject(&Identifier::parse(kind, value).unwrap());
        let expected = AccountHolder {
            account: reference(IdentifierKind::Account, "ada-1"),
            mail: Some(reference(IdentifierKind::Mail, "ada@example.com")),
        };
        assert_eq!(holder(&claims()), Some(expected.clone()));
        let unverified = AccountClaims { mail_verified: false, ..claims() };
        assert_eq!(holder(&unverified), Some(AccountHolder { mail: None, ..expected.clone() }));
        let several = AccountClaims {
            audience: vec!["shop".into(), "privacy".into()],
            authorized_party: Some("privacy".into()),
            ..claims()
        };
        assert_eq!(holder(&several), Some(expected));
    }

    #[test]
    fn a_token_of_another_time_place_or_purpose_shows_nobody() {
        let changed = |change: Change| {
            let mut claims = claims();
            change(&mut claims);
            holder(&claims)
        };
        let changes: [(&str, Change); 14] = [
            ("another issuer", |claims| claims.issuer.push('/')),
            ("another audience", |claims| claims.audience = vec!["shop".into()]),
            ("no audience", |claims| claims.audience.clear()),
            ("several, and given to nobody", |claims| claims.audience.push("shop".into())),
            ("given to another", |claims| claims.authorized_party = Some("shop".into())),
            ("expired", |claims| claims.expires_at = at(-60)),
            ("not yet", |claims| claims.not_before = Some(at(61))),
            ("issued ahead", |claims| claims.issued_at = at(61)),
            ("issued long ago", |claims| claims.issued_at = at(-660)),
            ("logged in long ago", |claims| claims.login_at = Some(at(-660))),
            ("logged in, who knows when", |claims| claims.login_at = None),
            ("made for nothing", |claims| claims.nonce = None),
            ("made for another request", |claims| claims.nonce = Some("BBBBBBBBBBBBBBBBBBBBBA".into())),
            ("nobody", |claims| claims.subject = Sensitive::new(String::new())),
        ];
        for (what, change) in changes {
            assert_eq!(changed(change), None, "{what}");
        }
        // Clocks may be a minute apart.
        for change in [
            (|claims| claims.expires_at = at(-59)) as Change,
            |claims| claims.issued_at = at(60),
            |claims| claims.login_at = Some(at(-659)),
        ] {
            assert!(changed(change).is_some());
        }
        assert!(!format!("{:?}", claims()).contains("ada"), "it does not print");
    }
}
