//! The contract of the ports against the endpoint: what it says is what AWS says, as far as the adapters ask.

use aws::Cloud;
use domain::lifecycle::FileRules;
use fault_tests::{endpoint::Account, seed::Seed, world::settings};

pub(crate) fn cloud(account: &Account) -> Cloud {
    let cloud = Cloud::new(settings("eu-west-1")).with_client(account.client(1));
    cloud.with_file_rules(|_| Ok(FileRules::default()))
}

testkit::contract_tests!(cloud(&Account::new(Seed::new(1), 0)));
