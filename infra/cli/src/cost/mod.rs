//! `habeas cost`: what a month costs, from counted calls and a price list. It asks nobody and reads no clock.

mod bill;
pub mod counts;
mod prices;
mod quota;

use std::{collections::BTreeMap, fmt};

use clap::Args;
use serde::Serialize;

use self::{
    bill::{Amounts, Month},
    counts::{COUNTED, Counts},
    prices::{Price, Prices},
    quota::Load,
};
use crate::{
    table,
    trouble::{Played, Trouble},
};

/// How much of a month.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Numbers may be written as 1e6. Free tiers, taxes and data transfer are left out.")]
pub struct CostArgs {
    /// Consents captured by form.
    #[arg(long, value_name = "N")]
    captures: Option<f64>,
    /// Withdrawals, each with one record that hangs on the consent.
    #[arg(long, value_name = "N")]
    withdrawals: Option<f64>,
    /// Records registered, 99 to a message.
    #[arg(long, value_name = "N")]
    registrations: Option<f64>,
    /// Requests for a copy, answered.
    #[arg(long, value_name = "N")]
    requests: Option<f64>,
    /// Requests for erasure, answered; ten records each.
    #[arg(long, value_name = "N")]
    erasures: Option<f64>,
    /// People told of a breach by mail.
    #[arg(long, value_name = "N")]
    notices: Option<f64>,
    /// Records that the hourly sweep deletes.
    #[arg(long, value_name = "N")]
    purged: Option<f64>,
    /// Any event that was counted, by its name: `capture-confirmed=1e5`.
    #[arg(long = "event", value_name = "NAME=N")]
    events: Vec<String>,
    /// Controllers of the deployment, each with as many of these.
    #[arg(long, default_value_t = 1)]
    controllers: u32,
    /// Whose prices.
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// Say as well which of AWS's quotas binds first at so many consents a second.
    #[arg(long, value_name = "A_SECOND")]
    rate: Option<f64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A month's bill in dollars.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bill {
    v: u8,
    region: String,
    /// When the prices were checked that are.
    prices_read: String,
    /// What happens, by event.
    events: Vec<Line>,
    /// What is paid when nothing happens.
    floor: Line,
    /// Everything, by service.
    services: BTreeMap<String, f64>,
    total: f64,
    /// What a unit costs, by the names that `units` uses.
    prices: BTreeMap<String, UnitPrice>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quotas: Vec<Load>,
}

/// A price, and where it is from.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct UnitPrice {
    dollars: f64,
    /// Of what.
    unit: String,
    /// The title of AWS's page.
    page: String,
    /// Whether it was checked on that day.
    checked: bool,
}

/// What something costs in a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Line {
    event: String,
    what: String,
    events: f64,
    dollars: f64,
    /// By service.
    services: BTreeMap<String, f64>,
    /// How much of each unit.
    units: BTreeMap<&'static str, f64>,
}

/// Computes the bill; the flag says whether JSON is asked for.
///
/// # Errors
/// For an event or a region that is not known, and for a number that is none.
pub fn run(args: &CostArgs) -> Played<(Bill, bool)> {
    let (counts, prices) = (Counts::read(COUNTED)?, Prices::built_in()?);
    Ok((bill(&asked(args)?, args, &counts, &prices)?, args.json))
}

/// The events that are asked for, by name.
fn asked(args: &CostArgs) -> Played<BTreeMap<String, f64>> {
    let mut events = BTreeMap::new();
    for (name, number) in [
        ("capture", args.captures),
        ("withdrawal", args.withdrawals),
        ("registration-packed", args.registrations),
        ("access", args.requests),
        ("erasure", args.erasures),
        ("breach-notice", args.notices),
        ("purge-due", args.purged),
    ] {
        if let Some(number) = number {
            events.insert(name.to_owned(), number);
        }
    }
    for event in &args.events {
        let parts = event.split_once('=').and_then(|(name, number)| Some((name, number.parse::<f64>().ok()?)));
        let Some((name, number)) = parts else {
            return Err(Trouble::new(format!("{event} is not NAME=N")));
        };
        *events.entry(name.to_owned()).or_default() += number;
    }
    let numbers = events.iter().map(|(name, number)| (name.as_str(), *number));
    match numbers.chain(args.rate.map(|rate| ("rate", rate))).find(|(_, number)| !number.is_finite() || *number < 0.0) {
        Some((name, number)) => Err(Trouble::new(format!("{number} is no number of {name}"))),
        None => Ok(events),
    }
}

fn bill(events: &BTreeMap<String, f64>, args: &CostArgs, counts: &Counts, prices: &Prices) -> Played<Bill> {
    let region = prices.region(&args.region)?;
    if let Some(unknown) = events.keys().find(|name| !counts.events.contains_key(*name)) {
        let known: Vec<_> = counts.events.keys().map(String::as_str).collect();
        return Err(Trouble::new(format!("nobody has counted {unknown}, but {}", known.join(", "))));
    }
    let controllers = f64::from(args.controllers.max(1));
    let month = Month { events: events.clone(), controllers };
    let milliseconds = &prices.assumed_milliseconds;
    let line = |event: &str, what: &str, number: f64, used: Amounts| {
        let mut services = BTreeMap::new();
        for (unit, amount) in &used {
            let price = &prices.prices[*unit];
            *services.entry(price.service.clone()).or_default() += amount * price.of_one(region);
        }
        let dollars = services.values().sum();
        Line { event: event.to_owned(), what: what.to_owned(), events: number, dollars, services, units: used }
    };
    let events: Vec<Line> = events
        .iter()
        .map(|(name, number)| {
            let counted = &counts.events[name];
            line(name, &counted.what, *number, bill::used(name, counted, &month, counts, milliseconds))
        })
        .collect();
    let floor = line("floor", "paid when nothing happens", 0.0, bill::floor(counts, controllers, milliseconds));
    let mut services = BTreeMap::new();
    for (service, dollars) in events.iter().chain([&floor]).flat_map(|line| &line.services) {
        *services.entry(service.clone()).or_default() += dollars;
    }
    let unit_price = |price: &Price| UnitPrice {
        dollars: price.of_one(region),
        unit: price.unit.clone(),
        page: price.page.clone(),
        checked: price.checked.iter().any(|checked| checked == region),
    };
    let a_call = |what: &str| milliseconds.get(what).copied().unwrap_or_default() / 1000.0;
    let quotas = args.rate.map(|rate| quota::loads(rate, 0.0, 1.0, 1.0, a_call("invocation") + a_call("dynamodb")));
    Ok(Bill {
        v: 1,
        region: region.to_owned(),
        prices_read: prices.read.clone(),
        total: services.values().sum(),
        services,
        events,
        floor,
        prices: prices.prices.iter().map(|(name, price)| (name.clone(), unit_price(price))).collect(),
        quotas: quotas.unwrap_or_default(),
    })
}

fn dollars(amount: f64) -> String {
    if amount == 0.0 { "-".to_owned() } else { format!("{amount:.2}") }
}

impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut services: Vec<&String> = self.services.keys().collect();
        services.sort_by(|one, other| self.services[*other].total_cmp(&self.services[*one]));
        let mut lines =
            vec![[String::from("dollars a month"), "events".into(), "a million".into(), "sum".into()].to_vec()];
        lines[0].extend(services.iter().map(|service| (*service).clone()));
        for line in self.events.iter().chain([&self.floor]) {
            let (number, a_million) = if line.events > 0.0 {
                (format!("{}", line.events), dollars(line.dollars / line.events * 1e6))
            } else {
                ("-".to_owned(), "-".to_owned())
            };
            let mut cells = vec![line.event.clone(), number, a_million, dollars(line.dollars)];
            cells.extend(
                services.iter().map(|service| dollars(line.services.get(*service).copied().unwrap_or_default())),
            );
            lines.push(cells);
        }
        let mut total = vec!["total".to_owned(), "-".to_owned(), "-".to_owned(), dollars(self.total)];
        total.extend(services.iter().map(|service| dollars(self.services[*service])));
        lines.push(total);
        f.write_str(&table::aligned(&lines))?;
        let unchecked = self.prices.iter().filter(|(_, price)| !price.checked).map(|(name, _)| name.as_str());
        let unchecked: Vec<_> = unchecked.collect();
        let (region, read) = (&self.region, &self.prices_read);
        writeln!(f, "\nPrices of {region}, checked on {read} but for: {}.", unchecked.join(", "))?;
        for load in &self.quotas {
            let Load { what, needs, has, page } = load;
            let (binds, percent) = (if load.share() > 1.0 { "BINDS" } else { "fits" }, load.share() * 100.0);
            writeln!(f, "{binds:5} {percent:>6.1} % of {what}: {needs:.0} of {has:.0} ({page})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Tool {
        #[command(flatten)]
        cost: CostArgs,
    }

    fn of(words: &[&str]) -> Played<Bill> {
        let tool = Tool::try_parse_from(["cost"].iter().chain(words)).map_err(Trouble::because("arguments"))?;
        run(&tool.cost).map(|(bill, _)| bill)
    }

    #[test]
    fn an_unknown_event_or_region_says_what_there_is() {
        let event = of(&["--event", "captures=1"]).unwrap_err().to_string();
        assert!(event.contains("nobody has counted captures") && event.contains("capture-confirmed"), "{event}");
        let region = of(&["--region", "mars-1"]).unwrap_err().to_string();
        assert!(region.contains("mars-1") && region.contains("eu-central-1, us-east-1"), "{region}");
        assert!(
            of(&["--event", "capture"]).is_err()
                && of(&["--captures", "-1"]).is_err()
                && of(&["--captures", "nan"]).is_err()
        );
    }

    #[test]
    fn a_bill_is_the_sum_of_its_lines_by_event_and_by_service() {
        let bill = of(&["--captures", "1e6", "--requests", "1e3", "--purged", "1e6"]).unwrap();
        let by_event: f64 = bill.events.iter().map(|line| line.dollars).sum::<f64>() + bill.floor.dollars;
        let by_service: f64 = bill.services.values().sum();
        assert!((by_event - bill.total).abs() < 1e-9 && (by_service - bill.total).abs() < 1e-9, "{bill}");
        assert!(bill.to_string().lines().filter(|line| line.starts_with("total")).count() == 1, "{bill}");
    }

    #[test]
    fn every_unit_that_is_used_has_a_price() {
        let prices = Prices::built_in().unwrap();
        let counts = Counts::read(COUNTED).unwrap();
        let events: BTreeMap<_, _> = counts.events.keys().map(|name| (name.clone(), 1e6)).collect();
        let month = Month { events, controllers: 1.0 };
        for (name, event) in &counts.events {
            for unit in bill::used(name, event, &month, &counts, &prices.assumed_milliseconds).keys() {
                assert!(prices.prices.contains_key(*unit), "{name} uses {unit}");
            }
        }
    }

    #[test]
    fn a_capture_is_one_write_and_the_path_to_it_costs_at_most_1_90_a_million() {
        let counts = Counts::read(COUNTED).unwrap();
        let alone = &counts.events["capture"].alone;
        let own = &alone.by["consent-capture"];
        assert_eq!((own.calls_of(""), own.write_units, own.read_units), (1, 1.0, 0.0), "G7");
        assert_eq!(alone.log_bytes, 0, "G7: nothing is wrong");
        let prices = Prices::built_in().unwrap();
        let of_one = |unit: &str| prices.prices[unit].of_one("us-east-1");
        let seconds = (prices.assumed_milliseconds["invocation"] + prices.assumed_milliseconds["dynamodb"]) / 1000.0;
        let a_million = 1e6
            * (of_one("http_request")
                + of_one("lambda_request")
                + of_one("write_unit")
                + seconds * 0.125 * of_one("lambda_gb_second"));
        assert!(a_million <= 1.90, "G11: {a_million}");
    }

    #[test]
    fn what_ttl_removes_takes_no_write_unit_of_the_purge() {
        let counts = Counts::read(COUNTED).unwrap();
        let ttl = &counts.events["purge-ttl"].together;
        assert!(!ttl.by.contains_key("purge"), "{ttl:?}");
        let units = ttl.sum(|work| work.write_units);
        assert!(units <= 2.0, "the count of what is stored, once a batch: {units}");
    }
}
