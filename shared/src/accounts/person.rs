//! What registration asks of a person: age, language, time zone.

use jiff::civil::Date;
use serde_json::json;

use crate::error::{INVALID_TIMEZONE, Result, UNDERAGE, VALIDATION_FAILED};

/// Youngest age, years.
pub const AGE_YEARS_MIN: i16 = 18;
/// Oldest birthdate that is believed, years before today.
const AGE_YEARS_MAX: i16 = 125;

/// Reads a birthdate and refuses who is too young today (UTC). The day of the 18th birthday
/// passes; who was born on 29 February comes of age on 1 March of a year without that day.
///
/// # Errors
/// 422 `UNDERAGE`; 422 `VALIDATION_FAILED` for what is no believable date.
pub fn check_birthdate(text: &str, today: Date) -> Result<Date> {
    let wrong = |rule: &str| {
        let message = "This is not a birthdate.";
        let row = json!({ "field": "/birthdate", "rule": rule, "message": message });
        VALIDATION_FAILED.with(json!({ "fields": [row] }))
    };
    let born: Date = text.parse().map_err(|_| wrong("pattern"))?;
    if born > today || born.year() < today.year() - AGE_YEARS_MAX {
        return Err(wrong("range"));
    }
    if age(born, today) < AGE_YEARS_MIN {
        return Err(UNDERAGE.into());
    }
    Ok(born)
}

/// Full years.
pub fn age(born: Date, today: Date) -> i16 {
    let years = today.year() - born.year();
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    if had_birthday { years } else { years - 1 }
}

/// The name of a time zone as the IANA database spells it.
///
/// # Errors
/// 422 `INVALID_TIMEZONE`.
pub fn check_timezone(name: &str) -> Result<String> {
    if name == "UTC" {
        return Ok(name.to_owned());
    }
    let zone = jiff::tz::TimeZone::get(name).ok();
    let known = zone.as_ref().and_then(|zone| zone.iana_name());
    known
        .map(str::to_owned)
        .ok_or_else(|| INVALID_TIMEZONE.into())
}

/// Language of a BCP 47 tag, lower case, for the choice of a text.
pub fn language(locale: &str) -> String {
    locale.split('-').next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(born: &str, today: &str) -> Result<(), &'static str> {
        let today = today.parse().expect("date");
        check_birthdate(born, today)
            .map(|_| ())
            .map_err(|error| error.fault().code)
    }

    #[test]
    fn the_day_of_the_eighteenth_birthday_passes() {
        assert_eq!(code("2008-06-15", "2026-06-14"), Err("UNDERAGE"));
        assert_eq!(code("2008-06-15", "2026-06-15"), Ok(()));
        assert_eq!(code("2008-02-29", "2026-02-28"), Err("UNDERAGE"));
        assert_eq!(code("2008-02-29", "2026-03-01"), Ok(()));
        assert_eq!(code("1990-01-01", "2026-01-31"), Ok(()));
        assert_eq!(code("2009-01-31", "2026-01-31"), Err("UNDERAGE"));
    }

    #[test]
    fn nobody_is_born_tomorrow_or_in_the_middle_ages() {
        for born in ["2026-02-01", "1850-01-01", "1990-02-30", "yesterday", ""] {
            assert_eq!(code(born, "2026-01-31"), Err("VALIDATION_FAILED"), "{born}");
        }
    }

    #[test]
    fn time_zones_have_names_of_the_database() {
        assert_eq!(
            check_timezone("Europe/Berlin").expect("zone"),
            "Europe/Berlin"
        );
        assert_eq!(check_timezone("UTC").expect("zone"), "UTC");
        for wrong in ["Mars/Phobos", "", "+01:00", "../etc/passwd"] {
            assert!(
                check_timezone(wrong).is_err_and(|e| e.is(&INVALID_TIMEZONE)),
                "{wrong}"
            );
        }
    }
}
