//! Which of AWS's quotas binds first at a rate of consents, by its published numbers. Nothing here is measured.

use serde::Serialize;

/// DynamoDB's quota of a table and of each index, on demand, unless AWS raises it.
const TABLE_WRITES: f64 = 40_000.0;

/// What a partition takes.
const PARTITION_WRITES: f64 = 1_000.0;

/// What a new table takes on demand, before it has seen more or was warmed.
const NEW_TABLE_WRITES: f64 = 4_000.0;

/// Shards of the due index for what is to be deleted.
const PURGE_SHARDS: f64 = 64.0;

/// Chains of evidence of a controller.
const CHAINS: f64 = 16.0;

/// Records of one link of a chain, and how long writing it takes: four calls to S3 of thirty milliseconds (assumed).
const LINK_RECORDS: f64 = 1_000.0;
const LINK_SECONDS: f64 = 0.12;

/// A rate against a quota.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Load {
    /// What is bounded.
    pub(crate) what: &'static str,
    /// What the rate needs of it.
    pub(crate) needs: f64,
    /// What there is of it.
    pub(crate) has: f64,
    /// Where AWS says so.
    pub(crate) page: &'static str,
}

impl Load {
    /// How much of it is needed: above one, it binds.
    pub(crate) fn share(&self) -> f64 {
        self.needs / self.has
    }
}

/// What so many consents and registrations of records a second need, the fullest first. Each is a write unit of the
/// table; a registration is one of the index besides.
///
/// `hot_person` and `hot_controller`: which share of them is about one person, or one controller. `hot_hour`: which
/// share of the records ends within one hour, and is deleted in it.
pub(crate) fn loads(
    rate: f64,
    hot_person: f64,
    hot_controller: f64,
    hot_hour: f64,
    invocation_seconds: f64,
) -> Vec<Load> {
    let mut loads = vec![
        Load { what: "write units of the table", needs: rate, has: TABLE_WRITES, page: "Quotas in Amazon DynamoDB" },
        Load {
            what: "write units of a table that is new or was idle",
            needs: rate,
            has: NEW_TABLE_WRITES,
            page: "DynamoDB on-demand capacity mode",
        },
        Load {
            what: "write units of a hot person's partition",
            needs: rate * hot_person,
            has: PARTITION_WRITES,
            page: "Best practices for designing and using partition keys effectively in DynamoDB",
        },
        Load {
            what: "write units of a hot hour's 64 shards of the due index",
            needs: rate * hot_hour,
            has: PURGE_SHARDS * PARTITION_WRITES,
            page: "Best practices for designing and using partition keys effectively in DynamoDB",
        },
        Load {
            what: "records of a hot controller's 16 chains of evidence",
            needs: rate * hot_controller,
            has: CHAINS * LINK_RECORDS / LINK_SECONDS,
            page: "Best practices design patterns: optimizing Amazon S3 performance",
        },
        Load {
            what: "requests of the account's APIs",
            needs: rate,
            has: 10_000.0,
            page: "Quotas for configuring and running an HTTP API in API Gateway",
        },
        Load {
            what: "concurrent invocations of the account",
            needs: rate * invocation_seconds,
            has: 1_000.0,
            page: "Lambda quotas",
        },
    ];
    loads.sort_by(|one, other| other.share().total_cmp(&one.share()));
    loads
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'l>(loads: &'l [Load], what: &str) -> &'l Load {
        loads.iter().find(|load| load.what.contains(what)).unwrap_or(&loads[0])
    }

    #[test]
    fn ten_thousand_a_second_fit_a_warm_table_and_not_a_new_one() {
        let loads = loads(1e4, 0.0, 1.0, 0.0, 0.008);
        assert_eq!(loads[0].what, "write units of a table that is new or was idle");
        assert!(loads[0].share() > 1.0);
        assert!(of(&loads, "of the table").share() < 1.0 && of(&loads, "concurrent").share() < 0.1);
    }

    #[test]
    fn one_person_s_partition_takes_a_thousand_a_second() {
        let hot = loads(1e4, 0.2, 1.0, 0.0, 0.008);
        assert!((of(&hot, "hot person").share() - 2.0).abs() < 1e-9);
        assert_eq!(hot.iter().filter(|load| load.share() > 1.0).count(), 2);
    }
}
