//! Names as types: `Queue<Frames>`, `Secret<Pepper>` and `Objects<Media>` say by their parameter
//! which one they are about, and so what stands in the role.

/// Declares types that implement the module's `Named`: the kind of resource, the rights that can
/// be taken of one with the actions of each, and then the names below the prefix.
macro_rules! named {
    ($kind:literal $rights:tt $($(#[$doc:meta])* $name:ident = $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        named!(@one $kind $rights $name $text);
    )*
        /// All of them by name.
        pub const NAMES: &[&str] = &[$($text),*];
    };
    (
        @one $kind:literal { $($right:ident: [$($action:literal),+];)+ } $name:ident $text:literal
    ) => {
        impl Named for $name {
            const NAME: &'static str = $text;
            $(const $right: &'static [Grant] = &[Grant {
                actions: &[$($action),+],
                resource: concat!($kind, "/", $text),
            }];)+
        }
    };
}
pub(super) use named;
