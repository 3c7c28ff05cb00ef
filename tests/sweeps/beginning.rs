//! Fixtures, each in a world of its own, all of which begin as one that was made once.

use tokio::sync::OnceCell;
use world::{Prepared, World};

use super::samples::Fixture;

/// The fixture as it begins, made once for all tests of the process.
static BEGINNING: OnceCell<(Prepared, Fixture)> = OnceCell::const_new();
/// Settings of a world whose limiter is off.
const UNLIMITED: [(&str, &str); 1] = [("RATE_LIMIT_ENABLED", "false")];

impl Fixture {
    /// In a world whose limiter is off.
    pub async fn new() -> Self {
        let (prepared, first) = Self::beginning().await;
        let world = World::again(prepared, 1).await;
        first.again(world)
    }

    /// In a world whose limiter counts every call.
    pub async fn limited() -> Self {
        let (prepared, first) = Self::beginning().await;
        let world = World::again(&prepared.under(&[]), 1).await;
        first.again(world)
    }

    async fn beginning() -> &'static (Prepared, Self) {
        let made = BEGINNING.get_or_init(|| async {
            let world = World::with(1, &UNLIMITED).await;
            let made = Self::within(world).await;
            (made.world.prepared(&UNLIMITED).await, made)
        });
        made.await
    }

    /// The same people in a world that begins as theirs was.
    fn again(&self, world: World) -> Self {
        Self {
            ann: self.ann.within(&world),
            ben: self.ben.within(&world),
            cleo: self.cleo.within(&world),
            sent: self.sent.clone(),
            session: self.session.clone(),
            upload: self.upload.clone(),
            device: self.device.clone(),
            bens: self.bens.clone(),
            phone: self.phone.clone(),
            dora: self.dora.clone(),
            item: self.item.clone(),
            flag: self.flag.clone(),
            emil: self.emil.clone(),
            call: self.call.clone(),
            settled: self.settled.clone(),
            world,
        }
    }
}
