//! Packages: how many credits can be bought for how much.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::table::{Item, Key, Name, Query};

/// Most packages that are read.
const PACKAGES_MAX: usize = 500;
/// Partition of all packages.
const PARTITION: &str = "packages";

/// Credits and cents of the packages on sale until somebody changes them, in each currency of
/// [`CURRENCIES`].
const DEFAULTS: [(i64, i64); 4] = [(100, 499), (250, 999), (600, 1_999), (1_500, 3_999)];
/// Currencies of [`DEFAULTS`], ISO 4217.
const CURRENCIES: [&str; 2] = ["EUR", "USD"];

/// A package. A row replaces the default with the same id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Package {
    /// Such as `credits_100_eur`.
    pub package_id: String,
    /// Whole credits that it brings.
    pub credits: i64,
    /// What it costs, in the currency's minor unit.
    pub price_cents: i64,
    /// ISO 4217.
    pub currency: String,
    /// Whether it is on sale.
    pub active: bool,
}

impl Item for Package {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Package";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(PARTITION, &*self.package_id)
    }
}

/// A package on sale.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Offer {
    /// What a purchase names.
    pub package_id: String,
    /// Whole credits that it brings.
    pub credits: i64,
    /// What it costs, in the currency's minor unit.
    pub price_cents: i64,
    /// ISO 4217.
    pub currency: String,
}

impl Package {
    fn default_of(credits: i64, price_cents: i64, currency: &str) -> Self {
        Self {
            package_id: format!("credits_{credits}_{}", currency.to_lowercase()),
            credits,
            price_cents,
            currency: currency.to_owned(),
            active: true,
        }
    }

    /// A package as it stands: its row, or the default with its id.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn load(tables: &Tables, package_id: &str) -> Result<Option<Self>> {
        let key = Key::new(PARTITION, package_id);
        let stored: Option<Self> = tables.get_consistent(&key).await?;
        let default = || defaults().find(|known| known.package_id == package_id);
        Ok(stored.or_else(default))
    }

    /// What is on sale in a currency, or in all: by currency, smallest first.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn on_sale(tables: &Tables, currency: Option<&str>) -> Result<Vec<Offer>> {
        let query = Query::of(Name::Data, PARTITION).limit(PACKAGES_MAX);
        Ok(offers(tables.query(query).await?, currency))
    }
}

/// What is on sale until somebody changes it.
fn defaults() -> impl Iterator<Item = Package> {
    CURRENCIES.iter().flat_map(|currency| {
        let defaults = DEFAULTS.iter();
        defaults.map(|(credits, cents)| Package::default_of(*credits, *cents, currency))
    })
}

fn offers(rows: Vec<Package>, currency: Option<&str>) -> Vec<Offer> {
    let mut all: Vec<Package> = defaults()
        .filter(|known| rows.iter().all(|row| row.package_id != known.package_id))
        .collect();
    all.extend(rows);
    all.retain(|one| one.active && currency.is_none_or(|wanted| one.currency == wanted));
    all.sort_by(|a, b| {
        let place = |one: &Package| (one.currency.clone(), one.credits, one.package_id.clone());
        place(a).cmp(&place(b))
    });
    let offer = |one: Package| Offer {
        package_id: one.package_id,
        credits: one.credits,
        price_cents: one.price_cents,
        currency: one.currency,
    };
    all.into_iter().map(offer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_replaces_the_default_and_an_inactive_one_hides_it() {
        let mut dearer = Package::default_of(100, 499, "EUR");
        dearer.price_cents = 599;
        let mut gone = Package::default_of(250, 999, "EUR");
        gone.active = false;
        let offers = offers(vec![dearer, gone], Some("EUR"));
        let shown: Vec<_> = offers
            .iter()
            .map(|offer| (offer.credits, offer.price_cents))
            .collect();
        assert_eq!(shown, [(100, 599), (600, 1_999), (1_500, 3_999)]);
    }

    #[test]
    fn all_currencies_come_one_after_the_other() {
        let offers = offers(Vec::new(), None);
        assert_eq!(offers.len(), 8);
        assert_eq!(
            (&*offers[0].currency, &*offers[4].package_id),
            ("EUR", "credits_100_usd")
        );
    }
}
