//! What AWS asks for a unit, by region: `prices.json`, with the page that each price is from.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::trouble::{Played, Trouble};

const PRICES: &str = include_str!("prices.json");

/// The price list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prices {
    #[serde(rename = "v")]
    _version: u8,
    #[serde(rename = "currency")]
    _currency: String,
    /// When the prices were checked that are.
    pub(crate) read: String,
    /// By a name of ours.
    pub(crate) prices: BTreeMap<String, Price>,
    /// How long a call takes, and an invocation beside its calls. It is assumed, and stands for half a percent of a bill.
    pub(crate) assumed_milliseconds: BTreeMap<String, f64>,
}

/// One price.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Price {
    /// The service as AWS bills it.
    pub(crate) service: String,
    /// For how many units.
    per: f64,
    /// Of what.
    pub(crate) unit: String,
    /// The title of AWS's page.
    pub(crate) page: String,
    /// The regions for which it was checked on that day, at AWS's page or at one that quotes it. Elsewhere it is what was
    /// known before.
    pub(crate) checked: Vec<String>,
    regions: BTreeMap<String, f64>,
}

impl Price {
    /// For one unit, in a region that the list has.
    pub(crate) fn of_one(&self, region: &str) -> f64 {
        self.regions.get(region).copied().unwrap_or_default() / self.per
    }
}

impl Prices {
    /// The list that this tool was built with.
    ///
    /// # Errors
    /// If a price lacks a region that another has.
    pub(crate) fn built_in() -> Played<Self> {
        let list: Self = serde_json::from_str(PRICES).map_err(Trouble::because("read the prices"))?;
        let regions = list.regions();
        match list.prices.iter().find(|(_, price)| price.regions.keys().map(String::as_str).ne(regions.iter().copied()))
        {
            Some((name, _)) => Err(Trouble::new(format!("the price {name} is not of every region"))),
            None => Ok(list),
        }
    }

    /// The regions that it has.
    pub(crate) fn regions(&self) -> Vec<&str> {
        self.prices.values().next().map(|price| price.regions.keys().map(String::as_str).collect()).unwrap_or_default()
    }

    /// The region of that name.
    ///
    /// # Errors
    /// If there are no prices of it.
    pub(crate) fn region(&self, name: &str) -> Played<&str> {
        let regions = self.regions();
        regions.iter().find(|region| **region == name).copied().ok_or_else(|| {
            Trouble::new(format!("there are no prices of the region {name}, but of {}", regions.join(", ")))
        })
    }
}
