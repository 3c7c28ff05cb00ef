//! Sets of capabilities under one name, for stories that need more than a signature can hold.

use crate::function::Grant;

/// The grants of a capability.
pub type Grants = &'static [&'static [Grant]];

/// How many grants several capabilities have together.
pub const fn count(parts: &[Grants]) -> usize {
    let (mut at, mut sum) = (0, 0);
    while at < parts.len() {
        sum += parts[at].len();
        at += 1;
    }
    sum
}

/// The grants of several capabilities.
pub const fn join<const N: usize>(parts: &[Grants]) -> [&'static [Grant]; N] {
    let mut all: [&'static [Grant]; N] = [&[]; N];
    let (mut part, mut to) = (0, 0);
    while part < parts.len() {
        let mut at = 0;
        while at < parts[part].len() {
            all[to] = parts[part][at];
            at += 1;
            to += 1;
        }
        part += 1;
    }
    all
}

/// Several capabilities as one; its grants are theirs.
macro_rules! desk {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            $(#[doc = $text] pub $field: $kind,)*
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        impl<C: Send> $crate::function::Take<C> for $name {
            const GRANTS: $crate::desk::Grants = {
                use $crate::desk::{Grants, count, join};
                use $crate::function::{Grant, Take};
                const PARTS: &[Grants] = &[$(<$kind as Take<()>>::GRANTS),*];
                const ALL: [&[Grant]; count(PARTS)] = join(PARTS);
                &ALL
            };

            async fn take(env: &$crate::Env, _: &mut C) -> $crate::Result<Self> {
                use $crate::function::Take;
                Ok(Self { $($field: <$kind as Take<()>>::take(env, &mut ()).await?,)* })
            }
        }
    };
}
pub(crate) use desk;
