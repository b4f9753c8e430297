import type { CountCode, NOTES } from './ledger.ts'

/**
 * All that is ever counted, and what it means. `loss`: somebody's decision was not made, not carried or not believed;
 * without an observer it is said once per environment on the console. `note`: worth a number, nothing is wrong.
 */
export const COUNTS: {
  readonly [Code in CountCode]: readonly [Code extends (typeof NOTES)[number] ? 'note' : 'loss', string]
} = {
  // Deciding.
  no_subject: ['loss', 'no evaluation context, no key, or the context function failed: declared defaults'],
  source_unavailable: ['loss', 'the flag source has no data: declared defaults'],
  source_failed: ['loss', 'the flag source threw: declared defaults'],
  source_stale: ['note', 'decided from flag data past its time to live'],
  flag_not_found: ['loss', 'a declared flag is not in the flag data: its declared default'],
  malformed_flag: ['loss', 'the flag data could not be evaluated: the declared default'],
  wrong_type: ['loss', 'the value is of another kind than the declared variations: the declared default'],
  undeclared_variation: ['loss', 'the variation is not among the declared ones: the declared default'],
  overridden: ['note', 'a flag was decided by an override token of a tester'],
  pinned: ['note', 'a repeated request got the decisions of its first attempt'],
  pin_failed: ['loss', 'decisions could not be pinned: a repeated request may get others'],
  // Arriving.
  no_token: ['note', 'an event without a token arrived at a function that honours decisions'],
  claim_mismatch: ['loss', 'the readable decisions of an event say other than its token: it was refused'],
  no_old_image: ['loss', "a changed item's stamp was not believed: the stream brings no old image to compare it with"],
  old_stamp: ['note', "a changed item's stamp was not believed: it is that of an earlier write"],
  inbound_discarded: ['note', 'an edge function discarded a token from outside'],
  bad_signature: ['loss', 'a token was forged or damaged'],
  unknown_key: ['loss', 'a token was signed with a key that is not in the ring'],
  keys_unavailable: ['loss', 'keys could not be loaded: the last good ones are used, if there are any'],
  no_keys: ['loss', 'there are no keys to seal or open tokens with'],
  expired: ['loss', 'a token or a decision was older than allowed'],
  wrong_audience: ['loss', 'a token was meant for another audience'],
  wrong_subject: ['loss', 'a token belongs to another subject'],
  oversize: ['loss', 'a token was longer than 8 KiB or held more than 128 flags'],
  malformed: ['loss', 'a token could not be read'],
  duplicate: ['loss', 'several tokens came in one slot: none was believed'],
  unknown_format: ['note', 'a token of a newer format was forwarded unread'],
  // Honouring.
  undecided: ['note', 'a declared flag was read and nothing had been decided: its declared default'],
  refused: ['note', 'a declared flag was read under a refused token: its declared default'],
  dropped: ['loss', 'a decision had been shed on the way: the declared default'],
  value_unresolved: [
    'loss',
    'a large value travelled as a digest that no declared variation has: the declared default',
  ],
  expired_kept: ['note', 'a decision older than its flag allows was kept, as the flag says'],
  reevaluated: ['note', 'a decision older than its flag allows was made anew, as the flag says'],
  recalled: ['note', 'a decision in flight was replaced by a recall'],
  recalls_unavailable: ['loss', 'recalls could not be read: those known so far are followed, new ones are not'],
  never_read: ['note', 'a decision came for a declared flag, and the function succeeded without reading it'],
  no_scope: ['note', 'a flag was read outside any open scope: its declared default'],
  scope_closed: [
    'loss',
    'a flag was read, or a message sent, after its invocation was over: declared defaults, no token',
  ],
  // Sending.
  shed: ['loss', 'decisions of low priority were left out of a token for want of room'],
  no_room: ['loss', 'a message went without a token: no room'],
  attributes_full: ['loss', 'a message went without a token: ten attributes were taken'],
  uncarried: ['loss', 'a message went without a token: its body is not a JSON object'],
  not_targeted: ['note', 'a message went without a token: its target is not named in `to`'],
  named_execution: ['loss', 'a named execution went without a token: a stamp would change what its name stands for'],
  named_transaction: ['loss', 'a transaction with a ClientRequestToken went without a token: a stamp would change it'],
  unsized_update: ['loss', 'an update of an item went without a token: how large the item is was not known'],
  already_stamped: ['note', 'the caller had put a token there: it stays'],
  unexposed: ['loss', 'a variation was left out of what filters see: no room, or no text that a filter could name'],
  stamp_failed: ['loss', 'stamping failed unexpectedly: the message went as it was'],
  // Around.
  merge_conflict: ['note', 'waybills that were merged disagreed on a flag'],
  record_unmatched: ['loss', 'a record without its id was not found in its batch: use scopeRecords or keep the id'],
  early_return: ['note', 'a middleware answered before the handler ran'],
  observer_failed: ['loss', 'an observer threw, or did not write in time what it had to'],
  affected_users_failed: ['loss', 'an affected user was not counted: the store failed or took too long'],
}
