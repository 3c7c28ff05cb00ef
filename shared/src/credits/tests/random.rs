//! Random use: whatever is booked, the invariants hold, and every changed byte shows.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bookings_keep_the_invariants(
        acts in proptest::collection::vec((any::<u8>(), 1..60_i64), 1..120),
    ) {
        let mut books = Books::default();
        for (what, amount) in acts {
            books.act(what, amount);
            let wallet = books.wallet();
            prop_assert!(wallet.available >= 0 && wallet.held >= 0 && wallet.debt >= 0);
            let open = wallet.holds.open().map(|hold| hold.amount);
            prop_assert_eq!(wallet.held, open.sum::<i64>());
        }
        prop_assert_eq!(books.verify(), Ok(books.wallet().seq));
        for page in &books.pages {
            prop_assert!(item_bytes(&row_of(page).unwrap()) < 960);
        }
    }

    #[test]
    fn every_changed_byte_of_a_page_is_found(at in any::<usize>(), flip in 1..=255_u8) {
        let mut books = granted(1_000);
        for _ in 0..60 {
            books.act(0, 1);
        }
        let page = at % books.pages.len();
        let first = books.pages[page].first_seq;
        let last = books.pages.get(page + 1).map_or(i64::MAX, |next| next.first_seq);
        let rows = &mut books.pages[page].rows.0;
        let at = at % rows.len();
        rows[at] ^= flip;
        let bad = books.verify().unwrap_err();
        prop_assert!((first..=last).contains(&bad.position), "{:?}", bad);
    }

    #[test]
    fn every_changed_byte_of_the_newest_rows_is_found(at in any::<usize>(), flip in 1..=255_u8) {
        let mut books = granted(1_000);
        for _ in 0..20 {
            books.act(0, 1);
        }
        let mut wallet = books.wallet();
        let at = at % wallet.tail.0.len();
        wallet.tail.0[at] ^= flip;
        books.wallet = Some(wallet);
        prop_assert!(books.verify().is_err());
    }

    #[test]
    fn rows_come_back_as_they_were_packed(
        (nth, kind, from, to) in (0..20_u8, 0..16_usize, 0..6_usize, 0..6_usize),
        (amount, available) in (1..AMOUNT_MAX, 0..i64::MAX),
        (held, seq) in (0..i64::MAX, 1..1_000_000_i64),
        (text, posting) in ("[a-z0-9_]{1,64}", 0..1_000_i64),
        form in 0..3_u8,
        (hold, reverses) in (any::<Option<[u8; 16]>>(), proptest::option::of(1..1_000_000_i64)),
    ) {
        let (kind, reference_kind) = (KINDS[kind], RefType::Message);
        let id = match form {
            0 => text,
            1 => id_of("msg", [9; 16]),
            _ => long_id_of("msg", [9; 16], [255; 16]),
        };
        let entry = Entry {
            seq,
            nth,
            kind,
            debit: ACCOUNTS[from],
            credit: ACCOUNTS[to],
            amount,
            available_after: available,
            held_after: held,
            reference: Reference::new(reference_kind, id).posting(posting),
            hold_id: hold.map(|bytes| id_of("hld", bytes)),
            reverses,
            at: NOW,
        };
        let bytes = entry.pack();
        let mut from = Unpacker::new(&bytes);
        prop_assert_eq!(Entry::unpack(&mut from, seq), Some(entry));
        prop_assert!(from.is_empty());
    }
}

/// Grants a credit under a name of so many letters.
fn grants(books: &mut Books, letters: usize) {
    let mut booking = books.wallet().book(NOW);
    let reference = Reference::new(RefType::Payment, "x".repeat(letters));
    booking.grant(Kind::Purchase, 1, &reference).unwrap();
    books.commit(booking.commit());
}

#[test]
fn rows_fill_a_wallet_to_its_last_byte_before_they_go_to_a_page() {
    let mut books = granted(1_000);
    let size = |books: &Books| books.wallet().tail.0.len();
    let before = size(&books);
    grants(&mut books, 1);
    let row = size(&books) - before - 1;
    while TAIL_BYTES_MAX - size(&books) > row + 60 {
        grants(&mut books, 30);
    }
    let left = TAIL_BYTES_MAX - size(&books);
    grants(&mut books, left - row);
    assert_eq!((size(&books), books.pages.len()), (TAIL_BYTES_MAX, 0));
    grants(&mut books, 1);
    assert_eq!((size(&books), books.pages.len()), (row + 1, 1));
    assert_eq!(books.verify(), Ok(books.wallet().seq));
}
