//! Links: addresses of the web, also without scheme and with their dots written out.

use super::normal::{Folded, canonical_word};

/// Most links of one text that are looked at.
const LINKS_MAX: usize = 32;
/// Ends of addresses that are recognised without a scheme.
const ENDS: [&str; 101] = [
    "gy", "fans", "dog", "group", "ink", "com", "net", "org", "info", "biz", "io", "co", "me",
    "ly", "gg", "gl", "gd", "tv", "cc", "to", "de", "at", "ch", "es", "mx", "ar", "cl", "uk", "us",
    "ca", "fr", "it", "nl", "be", "pl", "ru", "eu", "in", "cn", "jp", "br", "pt", "se", "no", "dk",
    "fi", "ie", "au", "nz", "za", "app", "dev", "ai", "ws", "id", "su", "fm", "page", "link",
    "site", "online", "shop", "store", "club", "blog", "live", "fun", "world", "today", "life",
    "space", "website", "xyz", "top", "click", "icu", "buzz", "cam", "bid", "win", "loan", "gq",
    "cf", "tk", "ml", "ga", "vip", "rest", "monster", "sbs", "cfd", "quest", "bond", "lol", "sexy",
    "xxx", "porn", "casino", "bet", "trade", "date",
];
/// Ends that are nearly always bought for spam.
const CHEAP_ENDS: [&str; 31] = [
    "xyz", "top", "click", "icu", "buzz", "cam", "bid", "win", "loan", "gq", "cf", "tk", "ml",
    "ga", "vip", "rest", "monster", "sbs", "cfd", "quest", "bond", "lol", "sexy", "xxx", "porn",
    "casino", "bet", "trade", "date", "su", "biz",
];
/// Addresses that hide another, and doors to other messengers and paid pictures.
const DOORS: [&str; 44] = [
    "bit.ly",
    "tinyurl.com",
    "t.ly",
    "is.gd",
    "v.gd",
    "cutt.ly",
    "rb.gy",
    "shorturl.at",
    "goo.su",
    "goo.gl",
    "rebrand.ly",
    "ow.ly",
    "s.id",
    "tiny.cc",
    "adf.ly",
    "shorte.st",
    "bl.ink",
    "lnkd.in",
    "buff.ly",
    "clck.ru",
    "u.to",
    "n9.cl",
    "acortar.link",
    "kurzelinks.de",
    "t1p.de",
    "linktr.ee",
    "allmylinks.com",
    "beacons.ai",
    "t.me",
    "telegram.me",
    "telegram.dog",
    "wa.me",
    "wa.link",
    "api.whatsapp.com",
    "chat.whatsapp.com",
    "discord.gg",
    "line.me",
    "signal.group",
    "onlyfans.com",
    "fansly.com",
    "fanvue.com",
    "mym.fans",
    "kik.me",
    "snapchat.com",
];
/// Parts of names that promise something.
const LURES: [&str; 62] = [
    "crypto",
    "krypto",
    "cripto",
    "bitcoin",
    "btc",
    "forex",
    "invest",
    "profit",
    "casino",
    "slots",
    "bonus",
    "prize",
    "gewinn",
    "premio",
    "sexy",
    "sexcam",
    "xxx",
    "porn",
    "hookup",
    "nude",
    "hotgirl",
    "hotsingle",
    "naughty",
    "milf",
    "viagra",
    "pills",
    "loan",
    "kredit",
    "prestamo",
    "verify",
    "verifi",
    "login",
    "secure",
    "free",
    "gratis",
    "kostenlos",
    "airdrop",
    "giftcard",
    "gutschein",
    "trading",
    "earn",
    "rich",
    "reich",
    "dinero",
    "geld",
    "money",
    "cash",
    "wallet",
    "jackpot",
    "lotto",
    "payout",
    "ganar",
    "verdien",
    "camgirl",
    "livecam",
    "webcam",
    "escort",
    "affair",
    "seitensprung",
    "citas",
    "dating",
    "giveaway",
];
/// Words of the text that push people to a link.
pub const PUSHES: &str = "\
    click klick* clic pincha haz free gratis kostenlos earn verdien* gana ganar win won \
    gewinn* gewonnen premio prize bonus verify verifizier* verifica register registrier* \
    registrate anmeld* signup profit invest* invier* crypto krypto* cripto* bitcoin trading \
    nudes nacktbilder desnuda* naked sexy hot cam pics fotos private privado";
/// Dots and slashes that are written out or kept apart.
const SPELT: [(&str, char); 24] = [
    (" dot ", '.'),
    ("(dot)", '.'),
    ("[dot]", '.'),
    ("{dot}", '.'),
    ("(.)", '.'),
    ("[.]", '.'),
    ("{.}", '.'),
    (" . ", '.'),
    ("(punkt)", '.'),
    ("[punkt]", '.'),
    (" punkt ", '.'),
    ("(punto)", '.'),
    ("[punto]", '.'),
    (" punto ", '.'),
    ("_dot_", '.'),
    ("-dot-", '.'),
    ("*dot*", '.'),
    (" slash ", '/'),
    (" schragstrich ", '/'),
    (" barra ", '/'),
    (" / ", '/'),
    ("[:]", ':'),
    (" (.) ", '.'),
    (" [.] ", '.'),
];
/// Addresses that people share among friends.
const FRIENDLY: [&str; 34] = [
    "youtube.com",
    "youtu.be",
    "spotify.com",
    "wikipedia.org",
    "google.com",
    "google.de",
    "google.es",
    "goo.gl/maps",
    "instagram.com",
    "imdb.com",
    "netflix.com",
    "amazon.com",
    "amazon.de",
    "amazon.es",
    "apple.com",
    "bbc.co.uk",
    "bbc.com",
    "nytimes.com",
    "theguardian.com",
    "spiegel.de",
    "zeit.de",
    "elpais.com",
    "eventbrite.com",
    "eventbrite.de",
    "meetup.com",
    "airbnb.com",
    "komoot.com",
    "komoot.de",
    "strava.com",
    "soundcloud.com",
    "openstreetmap.org",
    "tripadvisor.com",
    "bahn.de",
    "renfe.com",
];

/// An address in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Lower case, without `www.`.
    pub host: String,
    /// What follows it.
    pub path: String,
    /// Whether letters of another script stand in it.
    pub is_disguised: bool,
}

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It hides where it leads, or leads to another messenger.
    Door,
    /// Its name or the text around it promises something, or it pretends to be another.
    Lure,
}

/// The links of a folded text, in order.
pub fn links(text: &[Folded]) -> Vec<Link> {
    let mut found = Vec::new();
    let undone = undone(text);
    for piece in undone
        .split(|one| one.c.is_whitespace() || matches!(one.c, '<' | '>' | '"' | ',' | ';' | '|'))
    {
        if found.len() == LINKS_MAX {
            break;
        }
        found.extend(link(piece));
    }
    found
}

/// Puts back the dots and slashes that were written out or kept apart.
fn undone(text: &[Folded]) -> Vec<Folded> {
    let mut out: Vec<Folded> = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let begins = |spelt: &str| {
            let mut rest = rest.iter();
            spelt
                .chars()
                .all(|c| rest.next().is_some_and(|one| one.c == c))
        };
        let may = rest.first().is_some_and(|one| " ([{_-*".contains(one.c));
        let known = SPELT.iter().filter(|(spelt, _)| may && begins(spelt));
        let longest = known.max_by_key(|(spelt, _)| spelt.len());
        match longest {
            Some((spelt, c)) => {
                // A blank before the sign was part of it as well.
                while out.last().is_some_and(|last| last.c == ' ') {
                    out.pop();
                }
                let is_disguised = false;
                out.push(Folded {
                    c: *c,
                    is_disguised,
                });
                at += spelt.chars().count();
                while text.get(at).is_some_and(|next| next.c == ' ')
                    && !spelt.ends_with(' ')
                    && spelt.starts_with(' ')
                {
                    at += 1;
                }
            }
            None => {
                out.extend(rest.first().copied());
                at += 1;
            }
        }
    }
    out
}

fn link(piece: &[Folded]) -> Option<Link> {
    let text: String = piece.iter().map(|one| one.c).collect();
    let open = |c: char| !c.is_alphanumeric();
    let text = text.trim_start_matches(open).trim_end_matches(open);
    let schemes = [
        "https://", "http://", "hxxps://", "hxxp://", "https:/", "http:/", "//",
    ];
    let scheme = schemes.iter().find(|scheme| text.starts_with(*scheme));
    let bare = scheme.map_or(text, |scheme| text.strip_prefix(scheme).unwrap_or(text));
    let bare = bare.rsplit_once('@').map_or(bare, |(_, host)| host);
    let end = bare.find(['/', '?', '#', ':']).unwrap_or(bare.len());
    let (host, path) = bare.split_at(end);
    let host = host
        .strip_prefix("www.")
        .unwrap_or(host)
        .trim_end_matches('.');
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let labels: Vec<&str> = host.split('.').collect();
    let shaped = labels.len() >= 2
        && labels.iter().all(|label| !label.is_empty())
        && host.chars().all(is_host);
    if !shaped {
        return None;
    }
    let last = labels.last().copied().unwrap_or_default();
    let known = ENDS.contains(&last) || last.starts_with("xn--");
    let address = labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok());
    let written = scheme.is_some() || text.starts_with("www.");
    if !(known
        || written && last.chars().all(char::is_alphabetic)
        || address && (written || !path.is_empty()))
    {
        return None;
    }
    let letters = piece.iter().filter(|one| one.c.is_alphabetic());
    Some(Link {
        host: host.to_owned(),
        path: path.to_owned(),
        is_disguised: letters.into_iter().any(|one| one.is_disguised),
    })
}

impl Link {
    /// Whether it is one of those that everybody shares.
    pub fn is_friendly(&self) -> bool {
        let own = |known: &&str| {
            let rest = self.host.strip_suffix(*known);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        !self.is_disguised && FRIENDLY.iter().any(own)
    }

    /// What is wrong with it, if anything. `pushed` tells that the text urges to follow it.
    pub fn wrong(&self, pushed: bool) -> Option<Wrong> {
        let plain = canonical_word(self.host.chars());
        let is = |known: &&str| {
            let known = canonical_word(known.chars());
            plain == known
                || plain
                    .strip_suffix(&known)
                    .is_some_and(|rest| rest.ends_with('.'))
        };
        if self.is_friendly() {
            return None;
        }
        let mut labels = self.host.split('.');
        let last = labels.next_back().unwrap_or_default();
        let name = labels.collect::<Vec<_>>().join(".");
        let address = last.chars().all(|c| c.is_ascii_digit());
        let imitates = self.is_disguised || self.host.contains("xn--") || FRIENDLY.iter().any(&is);
        let lure = |text: &str| {
            let text = canonical_word(text.chars().filter(|c| *c != '-'));
            LURES
                .iter()
                .any(|lure| text.contains(&canonical_word(lure.chars())))
        };
        if imitates || address || lure(&name) || CHEAP_ENDS.contains(&last) {
            return Some(Wrong::Lure);
        }
        if DOORS.iter().any(is) {
            return Some(Wrong::Door);
        }
        (pushed || lure(&self.path)).then_some(Wrong::Lure)
    }
}
