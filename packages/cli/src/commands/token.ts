import { canonicalKey, type KeyRing, keysFromEnvironment, openToken, type Refusal, type Waybill } from '@waybill/core'
import { Command } from 'commander'
import { Failure } from '../failure.ts'
import { failureOf } from '../failure-of.ts'
import { isOverride, readUnverifiedOverride, verifyOverride } from '../read-override.ts'
import { audienceOf, readUnverified } from '../read-token.ts'
import { overrideJson, overridePage } from '../render/override.ts'
import { tokenJson, tokenPage } from '../render/token.ts'
import type { Terminal } from '../terminal.ts'
import { contextOf } from './decide.ts'
import { type Report, reporting, type Session, seconds, show } from './run-command.ts'
import { overrideCommand } from './token-override.ts'

/** `waybill token …`: no store is needed. */
export function tokenCommand(session: Session): Command {
  return new Command('token')
    .description('read the tokens that travel between functions, and mint those of testers')
    .addCommand(inspectCommand(session))
    .addCommand(verifyCommand(session))
    .addCommand(overrideCommand(session, () => keysOf(session.terminal, 'sign')))
}

interface TokenOptions {
  readonly json?: boolean
}

function inspectCommand(session: Session): Command {
  return reporting('inspect', 'show what a token says, without believing it')
    .argument('<token>', 'the token, or - for standard input')
    .action((text: string, options: TokenOptions) => show(session, options, inspect(text, session.terminal)))
}

async function inspect(text: string, terminal: Terminal): Promise<Report> {
  const token = await tokenText(text, terminal)
  if (isOverride(token)) return inspectOverride(token, terminal)
  const contents = readUnverified(token)
  if ('refusal' in contents)
    throw new Failure('bad_input', `That is no token that can be read: ${WORDS[contents.refusal]}`)
  return {
    json: { verified: false, ...tokenJson(contents) },
    text: (style) => `${style.bad(NOT_VERIFIED)}\n${tokenPage(contents, terminal.nowMs(), style)}`,
  }
}

const NOT_VERIFIED = 'NOT VERIFIED: anybody can write such a text. "waybill token verify" checks who did.'

function inspectOverride(token: string, terminal: Terminal): Report {
  const read = readUnverifiedOverride(token)
  if ('refusal' in read) {
    const why = read.refusal === 'expired' ? 'it would live for longer than a day' : WORDS[read.refusal]
    throw new Failure('bad_input', `That is no override that an edge could believe: ${why}`)
  }
  const { override } = read
  return {
    json: { verified: false, ...overrideJson(override) },
    text: (style) => `${style.bad(NOT_VERIFIED)}\n${overridePage(override, terminal.nowMs(), style)}`,
  }
}

interface VerifyOptions extends TokenOptions {
  readonly audience?: string
  readonly maxAgeSeconds?: number
  readonly context?: string
}

function verifyCommand(session: Session): Command {
  return reporting('verify', 'check a token with the keys of WAYBILL_KEYS')
    .argument('<token>', 'the token, or - for standard input')
    .option('--audience <name>', 'refuse it unless it is meant for this receiver')
    .option('--max-age-seconds <seconds>', 'refuse it when it was decided longer ago', seconds)
    .option('--context <context>', 'refuse it unless it is about this subject (needs WAYBILL_SUBJECT_SECRET)')
    .addHelpText('after', '\nWAYBILL_KEYS is id:secret,id:secret as your functions have it. Secrets are never printed.')
    .action((text: string, options: VerifyOptions) => show(session, options, verify(text, options, session.terminal)))
}

async function verify(text: string, options: VerifyOptions, terminal: Terminal): Promise<Report> {
  const keys = keysOf(terminal)
  const token = await tokenText(text, terminal)
  const { audience, maxAgeSeconds } = options
  const subject = options.context === undefined ? undefined : await subjectOf(options.context, keys)
  const nowSeconds = Math.floor(terminal.nowMs() / 1000)
  if (isOverride(token)) {
    const read = verifyOverride(token, keys, { subject, nowSeconds })
    if ('refusal' in read) return refused(read.refusal)
    return {
      json: { verified: true, ...overrideJson(read.override) },
      text: (style) =>
        `${style.good('verified')}: signed with key ${read.override.keyId}\n${overridePage(read.override, terminal.nowMs(), style)}`,
    }
  }
  const opened = openToken(token, keys, {
    nowSeconds,
    ...(audience === undefined ? {} : { audience }),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
    ...(subject === undefined ? {} : { subject }),
  })
  if ('refusal' in opened) return refused(opened.refusal)
  return accepted(token, opened.waybill, terminal)
}

function refused(refusal: Refusal): Report {
  return {
    json: { verified: false, refusal, message: WORDS[refusal] },
    text: (style) => `${style.bad('refused')}: ${WORDS[refusal]} (${refusal})`,
    exitCode: 1,
  }
}

function accepted(token: string, waybill: Waybill, terminal: Terminal): Report {
  const [format = '', keyId = ''] = token.split('.', 2)
  const contents = { format, keyId, audience: audienceOf(token), waybill }
  return {
    json: { verified: true, ...tokenJson(contents) },
    text: (style) =>
      `${style.good('verified')}: signed with key ${keyId}\n${tokenPage(contents, terminal.nowMs(), style)}`,
  }
}

async function tokenText(text: string, terminal: Terminal): Promise<string> {
  const token = (text === '-' ? await terminal.readInput() : text).trim()
  if (token === '') throw new Failure('bad_input', 'No token was given')
  return token
}

function keysOf(terminal: Terminal, what: 'verify' | 'sign' = 'verify'): KeyRing {
  let keys: KeyRing
  try {
    keys = keysFromEnvironment(terminal.env)
  } catch (error) {
    throw failureOf(error, 'the environment')
  }
  if (keys.empty) throw new Failure('bad_input', `There are no keys to ${what} with: set WAYBILL_KEYS to id:secret`)
  return keys
}

async function subjectOf(context: string, keys: KeyRing): Promise<string> {
  const fingerprint = keys.fingerprint(canonicalKey(await contextOf(context)) ?? '')
  if (fingerprint !== undefined) return fingerprint
  throw new Failure('bad_input', 'A subject is compared by its fingerprint: set WAYBILL_SUBJECT_SECRET')
}

const WORDS: Readonly<Record<Refusal, string>> = {
  bad_signature: 'the signature is not of this key: it was forged or changed on the way, or the key has another secret',
  unknown_key: 'it was signed with a key that is not in WAYBILL_KEYS',
  no_keys: 'there are no keys to verify with',
  expired: 'it was decided longer ago than allowed',
  wrong_audience: 'it is meant for another receiver, or for one that --audience did not name',
  wrong_subject: 'it is about another subject',
  oversize: 'it is longer than any token may be, or holds too many flags',
  malformed: 'it is not a token, or was cut short',
  duplicate: 'it is two tokens at once',
  unknown_format: 'it is of a newer format than this command knows',
}
