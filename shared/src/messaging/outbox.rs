//! Sending, carried out: reads, the transaction, and what to do when somebody else was first.

use super::address::{conversation_id, message_key, message_row};
use super::admission::Admission;
use super::attachments::{Gallery, media_of};
use super::head::Head;
use super::message::Message;
use super::screening::Scene;
use super::send::{CLIENT_ID_MS, Draft, Ground, NewMessage};
use super::views::Sent;
use crate::accounts::account::Account;
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::secret::{Lookup, Named, Secret};
use crate::credits::{Policies, Wallet};
use crate::env::Env;
use crate::error::{
    Error, IDEMPOTENCY_KEY_REQUIRED, IDEMPOTENCY_KEY_REUSED, INTERNAL_ERROR, RATE_LIMITED, Result,
    UNAVAILABLE,
};
use crate::function::{Grant, Operation, Take};
use crate::http::limit::touch;
use crate::http::{Call, Me, Rate, once};
use crate::matching::Standing;
use crate::matching::uploads::Upload;
use crate::table::{Item, Refused};
use crate::time::Time;

/// Tries when others write to the same wallet or conversation.
pub const TRIES_MAX: u32 = 6;

/// The capability to send: the request's own key, the limiter, the secret and the price.
#[derive(Debug)]
pub struct Outbox {
    key: Option<String>,
    rate: Rate,
    secret: Secret<Lookup>,
    policies: Policies,
    gallery: Gallery,
    now: Time,
}

impl Take<Call> for Outbox {
    const GRANTS: &'static [&'static [Grant]] = &[
        <Lookup as Named>::GRANTS,
        <Policies as Take<Call>>::GRANTS[0],
        <Gallery as Take<Call>>::GRANTS[0],
    ];

    fn describe(operation: &mut Operation) {
        operation.key = true;
    }

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        let header = call.header("idempotency-key");
        let key = header.map(once::key_of).transpose()?.map(str::to_owned);
        let policies = Policies::take(env, call).await?;
        let rate = Rate::take(env, call).await?;
        let secret = Secret::take(env, call).await?;
        let gallery = Gallery::take(env, call).await?;
        Ok(Self {
            key,
            rate,
            secret,
            policies,
            gallery,
            now: call.now,
        })
    }
}

impl Outbox {
    /// Sends a message once, whatever happens: a repeated request gets the first answer.
    ///
    /// # Errors
    /// What [`NewMessage::check`] and [`Draft::decide`] refuse; 400 `IDEMPOTENCY_KEY_REQUIRED`
    /// without any id; 422 `IDEMPOTENCY_KEY_REUSED`; 503 when others were first too often.
    pub async fn send(&self, tables: &Tables, me: &Me, new: &NewMessage) -> Result<Sent> {
        let client_id = new.client_message_id.as_ref().or(self.key.as_ref());
        let client_id = client_id.ok_or(IDEMPOTENCY_KEY_REQUIRED)?;
        new.check(&me.user_id)?;
        let (rate, secret) = (&self.rate, self.secret.key()?);
        let sender = Sender {
            me,
            rate,
            secret,
            price: self.policies.number("price.message"),
            policies: &self.policies,
            gallery: &self.gallery,
            now: self.now,
        };
        sender.send(tables, client_id, new).await
    }
}

/// Somebody about to send a message.
struct Sender<'a> {
    me: &'a Me,
    rate: &'a Rate,
    secret: [u8; 32],
    price: i64,
    policies: &'a Policies,
    gallery: &'a Gallery,
    now: Time,
}

impl Sender<'_> {
    async fn send(&self, tables: &Tables, client_id: &str, new: &NewMessage) -> Result<Sent> {
        let (mut after, mut is_fresh) = (None, false);
        let mut ground = self.read(tables, new, false).await?;
        for round in 1..=TRIES_MAX {
            let (me, rate) = (self.me, self.rate);
            if ground.asks_standing(&me.user_id, self.now) {
                let who = (&*me.user_id, &ground.wallet);
                let standing = Standing::load(tables, self.policies, who, self.now).await?;
                ground.admission.standing = Some(standing);
            }
            let key = self.key(client_id, &ground, after);
            let draft = Draft {
                me,
                new,
                key,
                price: self.price,
                rate,
                now: self.now,
            };
            let decided = match draft.decide(&ground) {
                Err(refusal) if is_fresh || refusal.is(&RATE_LIMITED) => return Err(refusal),
                Err(_) => {
                    // What was read may lag behind, and a request that was answered before is
                    // answered again whatever the balance is by now.
                    if let Some(first) = self.first(tables, new, key).await? {
                        after = Some(self.replay(new, &first)?);
                    }
                    ground = self.read(tables, new, true).await?;
                    is_fresh = true;
                    continue;
                }
                Ok(decided) => decided,
            };
            match tables.commit(decided.commit).await {
                Ok(()) => {
                    if decided.is_first_of_minute {
                        // The message is sent; activity that is not stored now is stored next.
                        touch(tables, &me.user_id, me.slot(), self.now).await.ok();
                    }
                    return Ok(self.gallery.sent(Sent::of(&decided.message)?));
                }
                Err(Missed::Failed(error)) => return Err(error),
                Err(Missed::Refused(refused)) => match self.lost(&refused, &mut ground)? {
                    Some(first) => after = Some(self.replay(new, &first)?),
                    None => tables.pause(round).await,
                },
            }
        }
        Err(UNAVAILABLE.because("others were first too often"))
    }

    /// What decides: sender's wallet, conversation and receiver, half a read unit each.
    async fn read(&self, tables: &Tables, new: &NewMessage, consistent: bool) -> Result<Ground> {
        let (me, to) = (&self.me.user_id, &new.receiver_id);
        let wallet = Wallet::key_of(&self.me.wallet_id);
        let head = Head::key_of(&conversation_id(me, to));
        let account = Account::key_of(to);
        let (wallet, head, account) = match consistent {
            false => tokio::try_join!(
                tables.get::<Wallet>(&wallet),
                tables.get::<Head>(&head),
                tables.get::<Account>(&account),
            )?,
            true => tokio::try_join!(
                tables.get_consistent::<Wallet>(&wallet),
                tables.get_consistent::<Head>(&head),
                tables.get_consistent::<Account>(&account),
            )?,
        };
        let wallet = match wallet {
            Some(wallet) => wallet,
            None => tables
                .get_consistent(&Wallet::key_of(&self.me.wallet_id))
                .await?
                .ok_or_else(|| INTERNAL_ERROR.because("no wallet"))?,
        };
        let receiver_is_active = account.is_some_and(|who| who.is_open(self.now));
        Ok(Ground {
            wallet,
            head: head.or_else(|| Head::new(me, to, self.now)),
            receiver_is_active,
            admission: Admission::of(self.policies),
            media: media_of(tables, me, &new.attachments).await?,
            scene: Scene::of(new),
        })
    }

    async fn first(
        &self,
        tables: &Tables,
        new: &NewMessage,
        key: [u8; 16],
    ) -> Result<Option<Message>> {
        let conversation = conversation_id(&self.me.user_id, &new.receiver_id);
        tables
            .get_consistent(&message_row(&conversation, key))
            .await
    }

    /// Takes over what a refusal tells; the message itself, if that was there already.
    fn lost(&self, refused: &Refused, ground: &mut Ground) -> Result<Option<Message>> {
        match refused.key.sk.as_str() {
            "wallet" => {
                if let Some(wallet) = refused.current()? {
                    ground.wallet = wallet;
                }
            }
            "head" => {
                if let Some(head) = refused.current()? {
                    ground.head = Some(head);
                }
            }
            sk if Upload::is_place(sk) => {
                ground.media.retain(|media| media.key() != refused.key);
                ground.media.extend(refused.current()?);
            }
            _ => return refused.current(),
        }
        Ok(None)
    }

    /// The key of the message. In a conversation that was archived it is another one than before,
    /// because an archived message may have been sent under the same client id.
    fn key(&self, client_id: &str, ground: &Ground, after: Option<Time>) -> [u8; 16] {
        let archived = ground.head.as_ref().map_or(0, |head| head.archived_seq);
        let after = after.or_else(|| (archived > 0).then_some(Time(-archived)));
        message_key(&self.secret, &self.me.user_id, client_id, after)
    }

    /// Answers with the first message under the client id, or says after when a new one has to be,
    /// if the first one's time is over.
    fn replay(&self, new: &NewMessage, first: &Message) -> Result<Time> {
        if self.now.since(first.created_at) >= CLIENT_ID_MS {
            return Ok(first.created_at);
        }
        if first.fingerprint != new.fingerprint() {
            return Err(IDEMPOTENCY_KEY_REUSED.into());
        }
        let body = serde_json::to_value(self.gallery.sent(Sent::of(first)?));
        Err(Error::replay(
            200,
            body.map_err(|cause| INTERNAL_ERROR.because(cause))?,
        ))
    }
}
